package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// server is a `serin up` that runs.
type server struct {
	process *os.Process
	ended   chan struct{} // closed when it has
	err     error         // how it ended
}

// up starts Serin and waits until it answers, or, negated, until it has ended by itself.
func up(c call) error {
	if c.server != nil {
		return errors.New("serin runs already")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	said := len(c.log())
	if err := c.start(c.args); err != nil {
		return err
	}
	if !c.neg {
		return c.answers(ctx)
	}
	select {
	case <-c.server.ended:
	case <-ctx.Done():
		return errors.New("serin goes on running")
	}
	err := c.server.err
	c.story.server = nil
	fmt.Fprint(c.Stderr(), c.log()[said:])
	if err == nil {
		return errors.New("serin ended well")
	}
	return nil
}

// kill9 ends Serin as a power cut would.
func kill9(c call) error {
	if c.server == nil {
		return errors.New("serin does not run")
	}
	if err := c.server.process.Kill(); err != nil {
		return err
	}
	<-c.server.ended
	c.story.server = nil
	return nil
}

// down tells Serin to stop.
func down(c call) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.stop(ctx)
}

func (s *story) start(flags []string) error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.serin, append([]string{"up"}, flags...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	started := &server{process: cmd.Process, ended: make(chan struct{})}
	s.server = started
	go func() {
		started.err = cmd.Wait()
		close(started.ended)
	}()
	return nil
}

// answers waits until Serin does.
func (s *story) answers(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if answer, err := http.Get("http://" + s.listen + "/healthz"); err == nil {
			answer.Body.Close()
			return nil
		}
		select {
		case <-s.server.ended:
			return fmt.Errorf("serin ended (%v); its last words:\n%s", s.server.err, s.lastWords(10))
		case <-ctx.Done():
			return fmt.Errorf("serin does not answer; its last words:\n%s", s.lastWords(10))
		case <-tick.C:
		}
	}
}

// stop tells Serin to stop, if it runs, and kills it when it does not in time.
func (s *story) stop(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	stopping := s.server
	s.server = nil
	if err := stopping.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	select {
	case <-stopping.ended:
	case <-ctx.Done():
		_ = stopping.process.Kill()
		<-stopping.ended
		return errors.New("serin did not end when it was told to")
	}
	if exit, ok := errors.AsType[*exec.ExitError](stopping.err); ok && exit.ExitCode() != interrupted {
		return fmt.Errorf("serin ended badly: %w; its last words:\n%s", exit, s.lastWords(10))
	}
	return nil
}

// interrupted is the status with which a command that was told to stop may end.
const interrupted = 130

var instancePattern = regexp.MustCompile(`msg="serin is up".* instance=([0-9a-f]+)`)

// instance is the name by which this Serin labels what it makes.
func (s *story) instance() (string, error) {
	m := instancePattern.FindStringSubmatch(s.log())
	if m == nil {
		return "", errors.New("serin has not said its instance: was it up?")
	}
	return m[1], nil
}

func (s *story) logFile() string { return filepath.Join(s.data, "serin.log") }

// log is all that Serin has said so far.
func (s *story) log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return ""
	}
	return string(text)
}

func (s *story) lastWords(lines int) string {
	all := strings.Split(strings.TrimSpace(s.log()), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
