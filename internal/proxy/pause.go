package proxy

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Pause holds the network namespace it was started in, and reaps what is left to it, until ctx ends.
func Pause(ctx context.Context) error {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	for {
		reap()
		select {
		case <-ctx.Done():
			return nil
		case <-children:
		}
	}
}

// reap takes the status of every child that has ended.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 {
			return
		}
	}
}
