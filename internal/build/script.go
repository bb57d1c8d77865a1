package build

// Each command is a script of its own, yet variables (exported or not) and the working directory carry over: the
// wrapper takes them from a state folder, runs the command with `set -a`, and leaves them there again when the
// command ends, be it by `exit`. `export -p` quotes for the shell that wrote it, so the same interpreter must read it.
// bash exports its own SHELLOPTS after a `set` under `set -a`; it is read-only and would only make the next shell
// complain. A command that sets a trap on EXIT of its own, or calls exec, hands nothing on.
const wrapper = `cd "$(cat ` + directoryFile + `)" || exit 1
set -a
. ` + variablesFile + `
CODEBUILD_BUILD_SUCCEEDING="$SERIN_SUCCEEDING"
unset SERIN_SUCCEEDING
trap 'set -- "$?"; trap - EXIT; [ -z "${BASH_VERSION:-}" ] || export -n SHELLOPTS BASHOPTS; export -p >` + variablesFile + `; pwd >` + directoryFile + `; exit "$1"' EXIT
. ` + commandFile + `
`

// Where things are in the builder container.
const (
	sourceDir     = "/codebuild/src"
	stateDir      = "/codebuild/serin"
	wrapperFile   = stateDir + "/wrapper"
	commandFile   = stateDir + "/command"
	variablesFile = stateDir + "/variables"
	directoryFile = stateDir + "/directory"
	socketDir     = "/run/serin"
)
