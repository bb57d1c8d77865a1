package proxy

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"serin.dev/serin/internal/delivery"
)

// envoyExit is Envoy having ended unasked.
type envoyExit struct {
	status int // 1 to 255; 128 + n for signal n, as shells have it
	reason string
}

func (e envoyExit) Error() string {
	return "Envoy ended unasked (" + e.reason + "): its log above says why; the engine is to start this proxy again"
}

// Is makes errors.Is(err, delivery.Unavailable) true.
func (e envoyExit) Is(target error) bool { return target == delivery.Unavailable }

// exitOf says how a process that was not to end did end. Status 0 is a failure too.
func exitOf(state *os.ProcessState) envoyExit {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return envoyExit{128 + int(ws.Signal()), fmt.Sprintf("signal %d, %s", ws.Signal(), ws.Signal())}
	}
	return envoyExit{max(1, state.ExitCode()), fmt.Sprintf("status %d", state.ExitCode())}
}

func exitStatus(err error) int {
	if exit, ok := errors.AsType[envoyExit](err); ok {
		return exit.status
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}
