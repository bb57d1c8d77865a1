package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"serin.dev/serin/internal/api"
)

// server is the Serin that the demo runs as a process of its own, so that it can be killed, and outlives the demo.
type server struct {
	command []string
	data    string
	listen  string
	out     io.Writer
	process *os.Process
}

// start starts `serin up` and waits until it answers.
func (s *server) start(ctx context.Context) (*api.Client, error) {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(s.command[0], append(s.command[1:], "up", "--data", s.data, "--listen", s.listen)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it goes on when the demo and its terminal end
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting serin: %w", err)
	}
	s.process = cmd.Process
	died := make(chan error, 1)
	go func() { died <- cmd.Wait() }()
	return s.await(ctx, died)
}

// await waits until Serin answers, and gives a client for it.
func (s *server) await(ctx context.Context, died <-chan error) (*api.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if client, err := s.client(); err == nil && client.Do(ctx, http.MethodGet, "/api/v1/version", nil, nil) == nil {
			return client, nil
		}
		select {
		case err := <-died:
			return nil, fmt.Errorf("serin ended at once (%v); its last words:\n%s", err, s.lastWords())
		case <-ctx.Done():
			return nil, fmt.Errorf("serin does not answer; its last words:\n%s", s.lastWords())
		case <-tick.C:
		}
	}
}

func (s *server) client() (*api.Client, error) {
	token, err := os.ReadFile(filepath.Join(s.data, "token"))
	if err != nil {
		return nil, err
	}
	return &api.Client{URL: "http://" + s.listen, Token: strings.TrimSpace(string(token))}, nil
}

func (s *server) lastWords() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// kill ends Serin as a power cut would.
func (s *server) kill() error { return s.process.Kill() }

// stop ends the Serin that this demo or an earlier one started, also one that was cut off, and waits until it has ended.
func (s *server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	told := map[int]bool{}
	for {
		running, err := s.running()
		if err != nil || len(running) == 0 {
			return err
		}
		for _, pid := range running {
			if !told[pid] {
				told[pid] = true
				_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended just now
			}
		}
		select {
		case <-ctx.Done():
			for _, pid := range running {
				err = errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
			}
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// running gives the processes that are a serin of this demo's data folder; a zombie has no command line.
func (s *server) running() ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	var pids []int
	for _, file := range files {
		words, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(words), "\x00up\x00--data\x00"+s.data+"\x00") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, err
}

func (s *server) logFile() string { return filepath.Join(s.data, "serin.log") }
