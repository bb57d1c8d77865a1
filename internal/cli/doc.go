// Package cli is the serin command: one file a command.
//
// Commands that ask a running Serin find it, in this order, by --server and --token, by SERIN_SERVER and
// SERIN_TOKEN, by what `serin login` kept, and by the files a Serin on this machine leaves in its data folder.
// Results go to standard output and are plain lines when it is no terminal; what goes wrong goes to standard error as
// one sentence, with exit status 1 (2 for a command line that cannot be meant).
package cli
