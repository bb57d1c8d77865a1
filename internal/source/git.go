package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"serin.dev/serin/internal/delivery"
)

// maxOutput bounds what is read of one git command, in bytes: a file of a tree, a log.
const maxOutput = 16 << 20

// command is one call of git. Nothing passes through a shell.
type command struct {
	dir   string // where it runs
	args  []string
	env   []string
	stdin io.Reader
}

// failure is a git command that ended with a status other than 0.
type failure struct {
	args   []string
	status int
	words  string // what it said
}

func (f *failure) Error() string {
	return fmt.Sprintf("git %s ended with status %d: %s", f.args[0], f.status, f.words)
}

// run gives what a command wrote, at most maxOutput bytes.
func (s *Source) run(ctx context.Context, c command) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.git, append(s.settings(), c.args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = c.dir, append(s.environment(), c.env...), c.stdin
	// A group of its own, so that what git started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	stdout, stderr := &bounded{limit: maxOutput}, &bounded{limit: 4 << 10}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, &failure{c.args, exit.ExitCode(), strings.TrimSpace(stderr.String())}
	}
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", c.args[0], err)
	}
	if stdout.over {
		return nil, delivery.Errorf(delivery.Invalid, "git %s gave more than %d MiB: the file or log is too large to be read here", c.args[0], maxOutput>>20)
	}
	return stdout.Bytes(), nil
}

// bounded keeps the first bytes written to it and swallows the rest.
type bounded struct {
	bytes.Buffer
	limit int
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.Len(); len(p) > room {
		b.over = true
		b.Buffer.Write(p[:room])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// settings are given with each call: a repository's own file is not relied on.
func (s *Source) settings() []string {
	var args []string
	for _, setting := range []string{
		"core.hooksPath=" + s.hooks(),
		"core.fsync=all",            // a ref that was reported as updated survives a power cut
		"gc.auto=0",                 // see doc.go
		"maintenance.auto=false",    //
		"receive.autogc=false",      //
		"receive.denyDeletes=false", // other branches may go; git itself keeps HEAD's
		"receive.denyNonFastForwards=false",
		fmt.Sprintf("receive.maxInputSize=%d", s.MaxPush),
		"http.receivepack=true", // who may push is decided before git is called
		"http.getanyfile=false", // the smart protocol alone
		"transfer.advertiseSID=false",
		"init.defaultBranch=" + defaultBranch,
		"advice.detachedHead=false",
	} {
		args = append(args, "-c", setting)
	}
	return args
}

// environment is all that git gets of ours.
func (s *Source) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + s.home(),
		"XDG_CONFIG_HOME=" + s.home(),
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_HTTP_EXPORT_ALL=1",
		"LC_ALL=C.UTF-8",
	}
}

// private holds what is not a repository. No environment's name starts with a dot.
func (s *Source) private() string { return filepath.Join(s.Dir, ".serin") }
func (s *Source) hooks() string   { return filepath.Join(s.private(), "hooks") }
func (s *Source) home() string    { return filepath.Join(s.private(), "home") }

// writeHome writes git's home and the hooks.
func (s *Source) writeHome() error {
	for _, dir := range []string{s.Dir, s.private(), s.hooks(), s.home()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	// safe.directory is heeded in the user's file alone.
	if err := os.WriteFile(filepath.Join(s.home(), ".gitconfig"), []byte("[safe]\n\tdirectory = *\n"), 0o600); err != nil {
		return err
	}
	return s.writeHooks()
}
