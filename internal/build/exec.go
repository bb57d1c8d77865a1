package build

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// run executes one command and gives its exit status.
func (x *box) run(ctx context.Context, command string, succeeding bool, log io.Writer) (int, error) {
	err := x.upload(ctx, func(w *tar.Writer) error { return writeFile(w, commandFile, command+"\n") })
	if err != nil {
		return 0, lost(fmt.Errorf("copying a command into the builder: %w", err))
	}
	flag := "1"
	if !succeeding {
		flag = "0"
	}
	created, err := x.docker.ExecCreate(ctx, x.id, client.ExecCreateOptions{
		Cmd:          []string{x.shell, wrapperFile},
		Env:          []string{"SERIN_SUCCEEDING=" + flag},
		AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return 0, lost(fmt.Errorf("running a command in the builder: %w", err))
	}
	attached, err := x.docker.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return 0, lost(fmt.Errorf("running a command in the builder: %w", err))
	}
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close) // a cancelled build does not wait for its command
	defer stop()
	if _, err := stdcopy.StdCopy(log, log, attached.Reader); err != nil && ctx.Err() == nil {
		return 0, fmt.Errorf("reading a command's output: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return x.status(ctx, created.ID)
}

// killed is the status of what SIGKILL ended.
const killed = 128 + 9

// status waits for a command's end, since its output may end before it does, and gives its exit status.
func (x *box) status(ctx context.Context, exec string) (int, error) {
	for {
		seen, err := x.docker.ExecInspect(ctx, exec, client.ExecInspectOptions{})
		if err != nil {
			return 0, lost(fmt.Errorf("asking for a command's status: %w", err))
		}
		if !seen.Running && seen.ExitCode == killed && x.vanishes(ctx) {
			return 0, delivery.Errorf(delivery.Unavailable, "the builder container was stopped from outside")
		}
		if !seen.Running {
			return seen.ExitCode, nil
		}
		select { // Docker has no event for it
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// away marks errors that say that Docker does not answer.
func away(err error) error {
	if client.IsErrConnectionFailed(err) {
		return delivery.Errorf(delivery.Unavailable, "%w", err)
	}
	return err
}

// lost marks errors that say that Docker is away or took the builder with it: nobody is to blame, and another try may
// do better.
func lost(err error) error {
	if client.IsErrConnectionFailed(err) || errdefs.IsNotFound(err) {
		return delivery.Errorf(delivery.Unavailable, "the builder was lost: %w", err)
	}
	return err
}
