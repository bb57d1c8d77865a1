// Package analysis judges: evidence in, verdict out. It does no I/O, keeps nothing, and asks no clock.
//
// A judge must hold to two rules whatever else it weighs. Silence is not health: a verdict passes on attempts that
// succeeded, or, where there is nobody to attempt anything, on checks inside the tasks that passed throughout. And
// every verdict says its numbers in a sentence, since somebody will want to know why.
package analysis
