// Package deployjson reads deploy.json: which service this is, how its new versions are released, and, once a build
// has added them, what to run.
//
// It is strict: a key of the wrong type or out of range is an error that names file, line, key and remedy, and all
// errors are told at once. A key it does not know is a warning.
package deployjson
