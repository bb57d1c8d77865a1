package docker

import (
	"bytes"
	"context"
	"io"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// exec runs a command in a container, and gives its status and what it said last.
func (e *Engine) exec(ctx context.Context, b *box, command ...string) (status int, said string, err error) {
	made, err := e.docker.ExecCreate(ctx, b.ID, client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return 0, "", err
	}
	attached, err := e.docker.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return 0, "", err
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, io.LimitReader(attached.Reader, 64<<10)); err != nil && ctx.Err() == nil {
		return 0, "", err
	}
	if ctx.Err() != nil {
		return 0, "", ctx.Err()
	}
	end, err := e.docker.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	return end.ExitCode, out.String(), err
}
