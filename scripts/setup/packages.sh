#!/usr/bin/env bash
# Installs the small programs that the build and the tests call. A program that is there already,
# from wherever it came, is used as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR source=machine.sh
. ./machine.sh

main() {
	require_go
	install_programs git make curl jq
}

require_go() {
	command -v go >/dev/null ||
		fail "the Go toolchain is not on the PATH: install the version that go.mod names, or a newer one, from https://go.dev/dl/."
}

# install_programs installs the packages of the same name for the programs not on the PATH.
install_programs() {
	local missing=() program
	for program in "$@"; do
		command -v "$program" >/dev/null || missing+=("$program")
	done
	if ((${#missing[@]})); then
		install_packages ca-certificates "${missing[@]}"
	fi
}

main "$@"
