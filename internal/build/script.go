package build

// Each command is a script of its own, yet variables (exported or not) and the working directory carry over: the
// wrapper takes them from a state folder, runs the command with `set -a`, and leaves them there again when the
// command ends, be it by `exit`. $1 is the command's file. `export -p` quotes for the shell that wrote it, so the
// same interpreter must read it.
const wrapper = `cd "$(cat /codebuild/serin/directory)" || exit 1
set -a
. /codebuild/serin/variables
CODEBUILD_BUILD_SUCCEEDING="$SERIN_SUCCEEDING"
unset SERIN_SUCCEEDING
trap 'serin_status=$?; trap - EXIT; export -p >/codebuild/serin/variables; pwd >/codebuild/serin/directory; exit $serin_status' EXIT
. "$1"
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
