package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demoStage is a place for a demo: its data folder and its address, and what is known of what it made.
type demoStage struct {
	t                           *testing.T
	serin, data, listen, report string
	env                         []string
	instances                   []string // of its Serins, by which they label what they make
	networks                    []string // ids of those they ever had
}

func newDemoStage(t *testing.T) *demoStage {
	t.Helper()
	data, err := os.MkdirTemp("/tmp", "sd-") // short: sockets in it have names of at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	d := &demoStage{
		t: t, serin: filepath.Join(t.TempDir(), "serin"), data: data, listen: "127.0.0.1:" + strconv.Itoa(ports[0]),
		report: filepath.Join(t.TempDir(), "report.json"),
		env: append(os.Environ(), "SERIN_PROXY_IMAGE="+setUpImage(t, "SERIN_PROXY_IMAGE", "proxy"),
			"SERIN_BUILDER_IMAGE="+setUpImage(t, "SERIN_BUILDER_IMAGE", "builder")),
	}
	run(t, "go", "build", "-o", d.serin, "../cmd/serin")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		out, err := d.command(ctx, "--cleanup").CombinedOutput()
		if err := errors.Join(err, os.RemoveAll(data)); err != nil {
			t.Errorf("cleaning up: %v\n%s", err, out)
		}
	})
	return d
}

func (d *demoStage) command(ctx context.Context, flags ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, d.serin, append([]string{"demo", "--demo-data", d.data, "--listen", d.listen}, flags...)...)
	cmd.Env = d.env
	return cmd
}

// run runs a demo that must go well, and gives what it says.
func (d *demoStage) run(flags ...string) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	out, err := d.command(ctx, flags...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("serin demo %s: %v\n%s\n%s", strings.Join(flags, " "), err, out, d.lastWords())
	}
	return string(out)
}

// lastWords are those of the demo's Serin, and of the tasks that it has removed.
func (d *demoStage) lastWords() string {
	var words strings.Builder
	for _, pattern := range []string{"serin.log", "logs/tasks/*/*/*/*.log"} {
		files, _ := filepath.Glob(filepath.Join(d.data, pattern)) // fails for a bad pattern alone
		for _, file := range files {
			text, _ := os.ReadFile(file)
			fmt.Fprintf(&words, "%s:\n%s\n", file, text[max(0, len(text)-4000):])
		}
	}
	return words.String()
}

// refusesFilesOfOthers: a demo's folder is removed with all that is in it, so it must be a demo's.
func (d *demoStage) refusesFilesOfOthers() {
	d.t.Helper()
	thesis := filepath.Join(d.data, "thesis")
	if err := os.WriteFile(thesis, nil, 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.run("--cleanup")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := d.command(ctx).CombinedOutput()
	if want := d.data + " holds files that no demo made: name another folder with --demo-data"; err == nil || !strings.Contains(string(out), want) {
		d.t.Fatalf("serin demo in a folder of others: %v\n%s", err, out)
	}
	if err := os.Remove(thesis); err != nil {
		d.t.Fatal(err)
	}
}

// cutOff begins a demo and kills it and its Serin as a power cut would, while it builds and deploys.
func (d *demoStage) cutOff() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var said bytes.Buffer
	cmd := d.command(ctx)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for d.traces()["container"] == nil {
		select {
		case <-ended:
			d.t.Fatalf("the demo ended before it had made any container:\n%s", &said)
		case <-tick.C:
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	<-ended
	d.killServer()
}

// killServer kills the Serin of the demo, which outlives it.
func (d *demoStage) killServer() {
	d.t.Helper()
	for _, p := range d.traces()["process"] {
		pid, err := strconv.Atoi(strings.Fields(p)[0])
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			d.t.Fatal(err)
		}
	}
}
