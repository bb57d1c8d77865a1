# shellcheck shell=bash
# What the set-up steps ask of the machine: a word to the user, root, Debian packages.
# Sourced by the steps beside it, never run.

# An ordinary user's PATH on Debian leaves these out, and dockerd and iptables live there.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# say tells the user what is about to be done.
say() { printf '==> %s\n' "$*"; }

# fail ends the step with a sentence that says what to do.
fail() {
	printf 'serin set-up: %s\n' "$*" >&2
	exit 1
}

# as_root runs a command as root: as it is for root, through sudo for others.
as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "this step needs root, to run '$*': run it as root, or install sudo."
	fi
}

# install_packages installs those of the named Debian packages that are missing.
install_packages() {
	local missing=() package
	for package in "$@"; do
		installed "$package" || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	command -v apt-get >/dev/null ||
		fail "set-up installs packages on Debian and Ubuntu only: install the equivalents of these by hand: ${missing[*]}"

	say "Installing Debian packages: ${missing[*]}"
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
		install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# installed tells whether a Debian package is installed and configured.
installed() {
	[[ $(dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null) == 'install ok installed' ]]
}
