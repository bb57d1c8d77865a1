package docker_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/docker"
	"serin.dev/serin/internal/engine/enginetest"
	"serin.dev/serin/internal/workload"
)

// appImage is what the tests' apps run in; they need a shell.
const appImage = "debian:bookworm-slim"

func TestEngine(t *testing.T) {
	image := standinImage(t)
	enginetest.Run(t, func(t *testing.T) enginetest.Harness { return newHost(t, image).harness() })
}

// host is Docker with one instance of the engine on it.
type host struct {
	t       *testing.T
	docker  *client.Client // straight to Docker
	relay   *relay         // what the engine talks through
	opts    docker.Options
	changed chan struct{}
	engine  *docker.Engine
	stop    func()
}

// newHost starts an engine with an instance name of its own, and removes all of it at the end.
func newHost(t *testing.T, proxyImage string) *host {
	h := &host{t: t, docker: connect(t), relay: newRelay(t), changed: make(chan struct{}, 1)}
	h.opts = docker.Options{
		Host: "unix://" + h.relay.path, Instance: randomName(t), ProxyImage: proxyImage,
		ControlDir: t.TempDir(), LogDir: t.TempDir(),
		Token:  func(id delivery.TaskID) string { return "token-of-" + id.String() },
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelInfo})),
		OnChange: func(string) {
			select {
			case h.changed <- struct{}{}:
			default:
			}
		},
	}
	if err := os.Chmod(h.opts.ControlDir, 0o755); err != nil {
		t.Fatal(err)
	}
	h.start()
	t.Cleanup(h.cleanUp)
	return h
}

func (h *host) start() {
	engine, err := docker.New(h.opts)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = engine.Run(ctx)
	}()
	h.engine, h.stop = engine, func() { cancel(); <-ended }
}

func (h *host) cleanUp() {
	h.stop()
	if err := h.engine.Purge(context.Background()); err != nil {
		h.t.Errorf("purging: %v", err)
	}
	left, err := h.docker.ContainerList(context.Background(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", "serin.instance="+h.opts.Instance)})
	if err != nil || len(left.Items) > 0 {
		h.t.Errorf("%d containers are left (%v)", len(left.Items), err)
	}
}

func (h *host) harness() enginetest.Harness {
	return enginetest.Harness{
		Engine:  h.engine,
		Changed: h.changed,
		Restart: func(*testing.T) enginetest.Engine {
			h.stop()
			h.start()
			return h.engine
		},
		Container: behaving,
		Kill:      h.kill,
		Runs:      h.runs,
		Logs: func(t *testing.T, d delivery.DeploymentID) string {
			var out strings.Builder
			if err := h.engine.Logs(t.Context(), d, docker.LogOptions{}, &out); err != nil {
				t.Fatal(err)
			}
			return out.String()
		},
		Away: func(_ *testing.T, away bool) { h.relay.cut(away) },
	}
}

// behaving makes a container whose shell behaves so.
func behaving(name string, b enginetest.Behaviour) workload.Container {
	var script strings.Builder
	for _, line := range b.Says {
		script.WriteString("echo \"" + line + "\"\n")
	}
	switch {
	case b.Starved:
		script.WriteString("exec tail /dev/zero")
	case b.Ends:
		script.WriteString("exit " + string(rune('0'+b.Status)))
	default:
		script.WriteString("trap 'exit 0' TERM; sleep infinity & wait")
	}
	c := workload.Container{Name: name, Image: appImage, Command: []string{"sh", "-c", script.String()}, StopTimeout: 2 * time.Second}
	if b.NoImage {
		c.Image = "127.0.0.1:1/serin-test/missing:latest"
	}
	if b.Starved {
		c.Memory = enginetest.MemoryLimit
	}
	if b.Checked {
		c.Health = &workload.ContainerHealth{
			Command: []string{"CMD-SHELL", "true"}, Interval: 200 * time.Millisecond, Timeout: 5 * time.Second, Retries: 1,
		}
		if b.Unhealthy != "" {
			c.Health.Command[1] = "echo '" + b.Unhealthy + "'; exit 1"
		}
	}
	return c
}

// find gives the container of a task's part.
func (h *host) find(t *testing.T, task delivery.TaskID) map[string]container.InspectResponse {
	t.Helper()
	list, err := h.docker.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.
		Add("label", "serin.instance="+h.opts.Instance, "serin.task="+task.String())})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]container.InspectResponse{}
	for _, c := range list.Items {
		got, err := h.docker.ContainerInspect(t.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			continue // removed meanwhile
		}
		name := c.Labels["serin.part"]
		if name == "app" {
			name = c.Labels["serin.container"]
		}
		found[name] = got.Container
	}
	return found
}

func (h *host) kill(t *testing.T, task delivery.TaskID, part enginetest.Part, name string) {
	t.Helper()
	if part != enginetest.App {
		name = string(part)
	}
	if _, err := h.docker.ContainerKill(t.Context(), h.find(t, task)[name].ID, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
}

func (h *host) runs(t *testing.T, task delivery.TaskID) enginetest.Runs {
	t.Helper()
	runs := enginetest.Runs{}
	for name, c := range h.find(t, task) {
		run := enginetest.ContainerRun{ID: c.ID}
		run.Started, _ = time.Parse(time.RFC3339Nano, c.State.StartedAt)
		if !c.State.Running {
			run.Ended, _ = time.Parse(time.RFC3339Nano, c.State.FinishedAt)
		}
		runs[name] = run
	}
	return runs
}

// standinImage builds an image of the stand-in for serin-proxy; it is removed when t ends.
func standinImage(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "serin-proxy")
	build := exec.Command("go", "build", "-o", binary, "./testdata/standin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the stand-in: %v\n%s", err, out)
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	files := tar.NewWriter(&archive)
	if err := files.WriteHeader(&tar.Header{Name: "serin-proxy", Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	image := "serin-test-engine-" + randomName(t) + ":latest"
	d := connect(t)
	done, err := d.ImageImport(t.Context(), client.ImageImportSource{Source: &archive, SourceName: "-"}, image, client.ImageImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer done.Close()
	if _, err := io.Copy(io.Discard, done); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := d.ImageRemove(context.Background(), image, client.ImageRemoveOptions{}); err != nil {
			t.Errorf("removing the stand-in: %v", err)
		}
	})
	return image
}

func connect(t *testing.T) *client.Client {
	t.Helper()
	d, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func randomName(t *testing.T) string {
	t.Helper()
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return "test" + hex.EncodeToString(b)
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
