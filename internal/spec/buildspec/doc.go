// Package buildspec reads a build.yml: CodeBuild's buildspec 0.2, the phases of a build with their commands, the
// variables they see and the files that are kept.
//
// It only reads; running is another's work. What is legal in a buildspec and not done by Serin is accepted with a
// warning that says what becomes of it; what CodeBuild would not accept either is an error with its line.
package buildspec
