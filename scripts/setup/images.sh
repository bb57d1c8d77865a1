#!/usr/bin/env bash
# Builds the two images that Serin runs: serin-proxy, the entry point of every task, and serin-builder, where
# buildspecs run. A tag is the hash of all that goes in, so an image that is there already is up to date. The
# tags are written to .cache/images/proxy and .cache/images/builder. Needs bin/serin-proxy, Envoy, the base image.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source-path=SCRIPTDIR source=machine.sh
. scripts/setup/machine.sh

main() {
	local envoy=$1 # the folder that holds it
	mkdir -p .cache/images
	build proxy \
		-C "$PWD/images/proxy" Dockerfile \
		-C "$PWD/$envoy" envoy \
		-C "$PWD/bin" serin-proxy
	build builder \
		-C "$PWD/images/builder" Dockerfile aws
}

# build makes the image serin-<name> of the files that the arguments of tar name, unless Docker has it.
build() { # name, tar arguments...
	local name=$1 image
	shift
	image=serin-$name:$(context "$@" | hash_with_base)
	if docker image inspect "$image" >/dev/null 2>&1; then
		say "Docker has $image"
	else
		say "Building $image"
		context "$@" | docker build --force-rm --tag "$image" - >".cache/images/$name.log" 2>&1 || {
			tail -n 20 ".cache/images/$name.log" >&2
			fail "$image could not be built: the end of the log is above, all of it in .cache/images/$name.log."
		}
	fi
	printf '%s\n' "$image" >".cache/images/$name"
}

# context prints the build context: equal bytes for equal files, whoever has them and since when.
context() {
	tar --create --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX "$@"
}

# hash_with_base prints the first 16 digits of the hash of its input and of the base image.
hash_with_base() {
	{
		cat
		docker image inspect --format '{{.Id}}' debian:bookworm-slim
	} | sha256sum | cut -c 1-16
}

main "$@"
