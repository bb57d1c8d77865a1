// Package delivery holds the words every part of Serin shares: which service of which environment, what is to
// run (a [Revision]), the numbered attempt to run it (a [DeploymentID]), who gets which share of the traffic
// ([Weights]), and the one error type with a code and a sentence a user can act on ([Error]).
//
// It is a leaf: it imports nothing of Serin's, and every port of Serin's speaks in its words.
package delivery
