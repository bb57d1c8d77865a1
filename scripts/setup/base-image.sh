#!/usr/bin/env bash
# Makes sure that Docker has debian:bookworm-slim, which all images here start from: pulled, or, on a machine
# that reaches a Debian mirror but no image registry, made from Debian's packages.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=machine.sh
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

readonly suite=bookworm
readonly base_image=debian:$suite-slim
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg

main() {
	if docker image inspect "$base_image" >/dev/null 2>&1; then
		say "Docker has $base_image"
	elif pull_image "$base_image"; then
		say "Pulled $base_image"
	else
		make_image "$base_image"
	fi
}

pull_image() { # image
	say "Pulling $1"
	timeout 300 docker pull --quiet "$1"
}

make_image() { # image
	local work
	say "No registry gives $1: making it from Debian's packages"
	install_packages mmdebstrap debian-archive-keyring
	work=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder as it is now
	trap "rm -rf '$work'" EXIT

	apt_sources >"$work/sources.list"
	make_root_file_system "$work/sources.list" "$work/root.tar"
	as_root cat "$work/root.tar" | docker import \
		--change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
		--change 'CMD ["bash"]' \
		--message "made from Debian's packages" - "$1" >/dev/null
	check_apt_inside "$1"
}

# apt_sources prints where apt finds the suite: the machine's own mirrors if it is of the same suite, else
# Debian's, so that apt works inside wherever it works outside.
apt_sources() {
	local own
	# shellcheck disable=SC2016 # apt-get fills in the names
	own=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' |
		awk -v suite="$suite" '$2 ~ "^" suite "(-updates|-security)?$" && $3 == "main" { print "deb", $1, $2, $3 }' |
		sort -u)
	if [[ $own == *" $suite main"* ]]; then
		printf '%s\n' "$own"
		return
	fi
	cat <<-END
		deb http://deb.debian.org/debian $suite main
		deb http://deb.debian.org/debian $suite-updates main
		deb http://deb.debian.org/debian-security $suite-security main
	END
}

# apt_options prints what the machine's apt is told about proxies and dates, one option a line: a mirror that
# is reached only through a proxy, or is a snapshot of an old day, works for apt inside only by the same words.
apt_options() {
	apt-config dump | grep -E '^Acquire::((http|https)::(Proxy|Proxy::[^ ]*|CaInfo)|Check-Valid-Until|Check-Date) ' || true
}

make_root_file_system() { # sources, tar
	local options=() option
	while IFS= read -r option; do
		options+=("--aptopt=${option%;}")
	done < <(apt_options)
	as_root mmdebstrap --quiet --variant=minbase --keyring="$keyring" --include=ca-certificates \
		"${options[@]}" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		"$suite" "$2" "$1"
}

# check_apt_inside fails, and takes the image away again, if apt cannot reach its mirror from where the
# commands of a docker build run.
check_apt_inside() { # image
	say "Checking that apt works inside $1"
	if ! docker run --rm "$1" apt-get update -qq; then
		docker image rm "$1" >/dev/null
		fail "apt works on this machine but not inside a container: look at the machine's proxy and name server settings, which containers must be able to reach, too."
	fi
}

# Sourced, the file offers its functions and does nothing.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	main "$@"
fi
