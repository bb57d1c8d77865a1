package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"serin.dev/serin/internal/mesh/agentpb"
)

const (
	secret              = "s3cret-of-the-task"
	withControlPlane    = true
	withoutControlPlane = false
)

// runningTask is serin-proxy run in a network namespace of its own, with a control plane or none.
type runningTask struct {
	ns           namespace
	state, hosts string
	control      *controlPlane
	mesh         *meshServer
	command      *exec.Cmd
	log          *bytes.Buffer // complete when it has ended
	ended        chan struct{}
}

func startTask(t *testing.T, attended bool, environment ...string) *runningTask {
	t.Helper()
	dir := t.TempDir()
	task := &runningTask{
		ns: newNamespace(t, "task"), state: filepath.Join(dir, "state"), hosts: filepath.Join(dir, "hosts"),
		control: newControlPlane(secret, &agentpb.Instruction{Names: []*agentpb.Name{{Name: "self", Address: "240.240.0.3"}}}),
		mesh:    newMeshServer(t), log: new(bytes.Buffer), ended: make(chan struct{}),
	}
	if err := os.WriteFile(task.hosts, []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "mesh.sock")
	if attended {
		serve(t, socket, func(s *grpc.Server) {
			agentpb.RegisterAgentServer(s, task.control)
			task.mesh.register(s)
		})
	}
	task.command = exec.Command("ip", "netns", "exec", string(task.ns), serinProxy(t), "run")
	task.command.Env = append(os.Environ(), append([]string{
		"SERIN_TASK=demo/shop/7/0", "SERIN_TOKEN=" + secret, "SERIN_CONTROL=unix://" + socket, "SERIN_ENVOY=" + envoyBinary(t),
		"SERIN_HOSTS=" + task.hosts, "SERIN_STATE=" + task.state, "SERIN_DRAIN_SECONDS=" + strconv.Itoa(int(drainLimit.Seconds())),
	}, environment...)...)
	task.command.Stderr = task.log
	if err := task.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(task.ended); _ = task.command.Wait() }()
	t.Cleanup(func() {
		_ = task.command.Process.Kill()
		<-task.ended
		if t.Failed() {
			t.Logf("serin-proxy's log:\n%s", task.log)
		}
	})
	return task
}

func (r *runningTask) ready(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := Ready(ctx, r.state); err != nil {
		t.Fatal(err)
	}
}

func (r *runningTask) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := r.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (r *runningTask) wait(t *testing.T) (status int) {
	t.Helper()
	select {
	case <-r.ended:
		return r.command.ProcessState.ExitCode()
	case <-time.After(2 * patience):
		t.Fatal("it did not end")
		return 0
	}
}

// pushes waits until Envoy has pushed a stat.
func (r *runningTask) pushes(t *testing.T, stat string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case stats := <-r.mesh.metrics:
			if _, ok := stats[stat]; ok {
				return
			}
		case <-deadline:
			t.Fatalf("Envoy pushed no %s", stat)
		}
	}
}

// envoy is the process id of Envoy.
func (r *runningTask) envoy(t *testing.T) int {
	t.Helper()
	pid := r.command.Process.Pid
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range children {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if child, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return child
		}
	}
	t.Fatal("it has no child")
	return 0
}

// keepsItsSecret looks for the token where others may read.
func (r *runningTask) keepsItsSecret(t *testing.T) {
	t.Helper()
	for _, file := range []string{
		fmt.Sprintf("/proc/%d/cmdline", r.command.Process.Pid),
		fmt.Sprintf("/proc/%d/cmdline", r.envoy(t)),
		fmt.Sprintf("/proc/%d/environ", r.envoy(t)),
	} {
		if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s: %q, %v", file, text, err)
		}
	}
	for file, want := range map[string]os.FileMode{"": 0o700, bootstrapFile: 0o600, adminSocket: 0o600} {
		if info, err := os.Stat(filepath.Join(r.state, file)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%q in the private directory: %v, %v; want mode %o", file, info.Mode(), err, want)
		}
	}
	r.signal(t, syscall.SIGTERM)
	r.wait(t)
	if strings.Contains(r.log.String(), secret) {
		t.Errorf("the log holds the token:\n%s", r.log)
	}
}

// slowApp answers a request, which is told by arrived, when finish is closed.
func (r *runningTask) slowApp(t *testing.T) (arrived chan struct{}, finish chan struct{}) {
	t.Helper()
	arrived, finish = make(chan struct{}, 10), make(chan struct{})
	var listener net.Listener
	var err error
	r.ns.do(t, func() { listener, err = net.Listen("tcp", "127.0.0.1:8080") })
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-finish
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { server.Close(); serving.Wait() })
	return arrived, finish
}

// get calls the app through the mesh port.
func (r *runningTask) get(t *testing.T) (*http.Response, error) {
	t.Helper()
	var conn net.Conn
	var err error
	r.ns.do(t, func() { conn, err = net.DialTimeout("tcp", "127.0.0.1:15006", patience) })
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: shop\r\n\r\n"); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReader(conn), nil)
}
