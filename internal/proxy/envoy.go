package proxy

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"serin.dev/serin/internal/delivery"
)

const (
	// chainDrain is how long connections of a filter chain that was changed or removed may go on.
	chainDrain = 60 * time.Second
	// envoyEnd is how long Envoy may take to end after SIGTERM.
	envoyEnd = 3 * time.Second
)

// envoy is a running Envoy.
type envoy struct {
	command *exec.Cmd
	ended   chan struct{} // closed when it has ended
}

// startEnvoy starts Envoy with the bootstrap at path; its log goes to log. The token is in neither its arguments nor
// its environment, and it dies with this process.
func startEnvoy(binary, path string, concurrency int, log io.Writer) (*envoy, error) {
	command := exec.Command(
		binary,
		"--config-path", path,
		"--concurrency", strconv.Itoa(concurrency),
		"--drain-time-s", strconv.Itoa(int(chainDrain.Seconds())),
		"--drain-strategy", "immediate", // every answer while draining says so, not a growing share of them
		"--disable-hot-restart",
		"--log-level", "warning",
		"--component-log-level", "config:error", // else two lines a second while the control plane is away, which the agent says once
		"--log-format", "time=%Y-%m-%dT%T.%eZ level=%l logger=envoy.%n msg=%j",
	)
	command.Env = []string{}
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "starting Envoy: %w; SERIN_ENVOY names its binary", err)
	}
	e := &envoy{command, make(chan struct{})}
	go func() {
		defer close(e.ended)
		_ = command.Wait() // its outcome is in command.ProcessState
	}()
	return e, nil
}

// outcome says how Envoy ended unasked. It is to be called after ended.
func (e *envoy) outcome() error { return exitOf(e.command.ProcessState) }

// end makes Envoy end and returns when it has. It may be called again.
func (e *envoy) end() {
	_ = e.command.Process.Signal(syscall.SIGTERM) // fails when it has ended
	select {
	case <-e.ended:
	case <-time.After(envoyEnd):
		_ = e.command.Process.Signal(os.Kill)
		<-e.ended
	}
}
