package docker

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// endedSentence says how a container ended.
func endedSentence(what string, b *box) string {
	switch {
	case b.OOM && b.Memory > 0:
		return fmt.Sprintf("%s ran out of memory: it needed more than its limit of %s; raise the limit, or make it need less", what, bytesText(b.Memory))
	case b.OOM:
		return what + " ran out of memory: the host had none left"
	case b.ExitCode > 128 && b.ExitCode < 160:
		return fmt.Sprintf("%s was ended by signal %d (status %d)", what, b.ExitCode-128, b.ExitCode)
	}
	return fmt.Sprintf("%s ended with status %d", what, b.ExitCode)
}

func unhealthySentence(name string, b *box) string {
	if b.HealthSaid == "" {
		return "container " + name + " fails its health check, which says nothing"
	}
	return "container " + name + " fails its health check: " + tail(b.HealthSaid, spokenLines)
}

func newerSentence(made, declared delivery.Generation) string {
	return fmt.Sprintf("the task was made at generation %d, and generation %d is declared: another, newer control plane runs it, so this one leaves it alone", made, declared)
}

// portSentence says what to do when a gateway's port cannot be published.
func portSentence(g workload.Gateway, err error) error {
	said := err.Error()
	switch {
	case strings.Contains(said, "port is already allocated"), strings.Contains(said, "address already in use"):
		return delivery.Errorf(delivery.Conflict, "port %d of %s is taken by another program: end that program, or give the environment's gateway another port", g.Port, g.Bind)
	case strings.Contains(said, "cannot assign requested address"):
		return delivery.Errorf(delivery.Invalid, "the gateway cannot bind %s: this host has no such address", g.Bind)
	}
	return err
}

// startSentence says what to do when a container cannot be started.
func startSentence(c workload.Container, err error) error {
	if err == nil || away(err) || delivery.CodeOf(err) != delivery.Internal {
		return err
	}
	said := err.Error()
	switch {
	case strings.Contains(said, "executable file not found"), strings.Contains(said, "no such file or directory"):
		return delivery.Errorf(delivery.Invalid, "container %s cannot be started: its command is not in the image %s; correct the command or the Dockerfile: %w", c.Name, c.Image, err)
	case strings.Contains(said, "No command specified"), strings.Contains(said, "no command specified"):
		return delivery.Errorf(delivery.Invalid, "container %s cannot be started: neither the image %s nor the template has a command", c.Name, c.Image)
	case strings.Contains(said, "unable to find user"):
		return delivery.Errorf(delivery.Invalid, "container %s cannot be started: the image %s has no user %q", c.Name, c.Image, c.User)
	}
	return delivery.Errorf(delivery.Invalid, "container %s cannot be started: %w", c.Name, err)
}

const spokenLines = 5

// lastWords gives the last lines of a container's output as the end of a sentence, "" when there are none.
func (e *Engine) lastWords(ctx context.Context, b *box) string {
	out, err := e.docker.ContainerLogs(ctx, b.ID, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(spokenLines)})
	if err != nil {
		return ""
	}
	defer out.Close()
	var said strings.Builder
	_, _ = stdcopy.StdCopy(&said, &said, out) // what could be read is what can be told
	if words := tail(said.String(), spokenLines); words != "" {
		return "; its last words:\n" + words
	}
	return ""
}

// tail gives the last lines of a text, each of at most 400 bytes.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	all = all[max(0, len(all)-lines):]
	for i, line := range all {
		if len(line) > 400 {
			all[i] = strings.ToValidUTF8(line[:400], "") + "…"
		}
	}
	return strings.Join(all, "\n")
}

// bytesText writes a size as people do, such as "64 MiB".
func bytesText(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
