#!/usr/bin/env bash
# Makes sure that a Docker daemon answers: the one that does already, else Debian's, installed if need be
# and started by systemd, or in the background where there is no systemd. Serin itself installs nothing.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=machine.sh
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

# A cold start on a busy two-core machine, with an earlier run's containers to restore, took 20 s at most.
readonly start_deadline=90 # seconds

main() {
	if answers; then
		say "Docker answers: using it"
		return
	fi
	refuse_what_is_not_ours_to_start

	install_docker
	if answers; then # the package has started it
		return
	fi
	if [[ -d /run/systemd/system ]]; then
		say "Starting Docker: systemctl start docker"
		as_root systemctl start docker
		wait_for_answer "$start_deadline" systemctl --quiet is-active docker || fail "Docker was started, but does not answer: see 'journalctl -u docker'."
	else
		start_by_hand
	fi
}

# answers tells whether a daemon (not only the client) answers the user.
answers() {
	command -v docker >/dev/null && docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# refuse_what_is_not_ours_to_start ends the step where a daemon is somebody else's business.
refuse_what_is_not_ours_to_start() {
	if [[ -n ${DOCKER_HOST:-} ]]; then
		fail "DOCKER_HOST is $DOCKER_HOST, and no Docker answers there: start that daemon, or unset DOCKER_HOST to use this machine's."
	fi
	if ((EUID != 0)) && as_root docker version >/dev/null 2>&1; then
		fail "Docker runs, but answers root only: run 'sudo usermod -aG docker $USER' and log in again."
	fi
}

install_docker() {
	if ! command -v dockerd >/dev/null; then
		install_packages docker.io iptables
	elif ! command -v iptables >/dev/null; then
		install_packages iptables
	fi
}

start_by_hand() {
	local log=/var/log/dockerd.log pid
	remove_stale_pid_file /var/run/docker.pid dockerd
	remove_stale_pid_file /var/run/docker/containerd/containerd.pid containerd
	if [[ -e /var/run/docker.pid ]]; then
		say "Waiting for the dockerd that is starting"
		pid=$(as_root cat /var/run/docker.pid)
	else
		say "Starting dockerd in the background (log: $log)"
		pid=$(launch "$log" dockerd)
	fi
	wait_for_answer "$start_deadline" alive "$pid" && return
	as_root tail -n 20 "$log" >&2 || true
	fail "dockerd did not start: the end of its log is above, all of it in $log."
}

# remove_stale_pid_file removes a pid file whose process is gone, or is another program that was given the
# number after a reboot: both daemons take it for an instance of themselves, and do not start.
remove_stale_pid_file() { # file, program
	local pid
	[[ -e $1 ]] || return 0
	pid=$(as_root cat "$1")
	if ! runs "$pid" "$2"; then
		say "Removing $1, which an earlier $2 left"
		as_root rm -f "$1"
	fi
}

# runs tells whether a process is there and is the program.
runs() { # process id, program
	[[ $1 =~ ^[0-9]+$ && $(cat "/proc/$1/comm" 2>/dev/null) == "$2" ]] && alive "$1"
}

# alive tells whether a process is there. One that nobody has waited for since it died keeps its number and
# its name, but has no command line.
alive() { # process id
	grep -q . "/proc/$1/cmdline" 2>/dev/null
}

# launch starts a command as root in a session of its own, so that it outlives make and the terminal, and
# prints its process id.
launch() { # log, command...
	local log=$1
	shift
	# shellcheck disable=SC2016 # expanded by the inner shell, which is root's
	as_root sh -c 'log=$1; shift; nohup setsid "$@" </dev/null >>"$log" 2>&1 & echo $!' launch "$log" "$@"
}

# wait_for_answer waits until a daemon answers. It fails at the deadline, or when the command given with it does.
wait_for_answer() { # seconds, command...
	local deadline=$((SECONDS + $1))
	shift
	until answers; do
		((SECONDS < deadline)) && "$@" || return 1
		sleep 0.5
	done
}

# Sourced, the file offers its functions and does nothing.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	main "$@"
fi
