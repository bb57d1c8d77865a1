// Package specfile is what the readers of all spec files share: what they have to say of a file and a line of it
// ([Finding], gathered by a [Collector]), and a YAML reader that no input can exhaust ([YAML]).
//
// A reader goes on after an error, so that one look tells everything that is wrong with a file. Its error then is a
// delivery.Error with the code Invalid whose cause is a [Problems]: the findings, for who wants them one by one.
package specfile
