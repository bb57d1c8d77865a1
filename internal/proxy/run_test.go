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

// drainLimit is far above what a drain of nothing takes.
const drainLimit = 30 * time.Second

func TestRunIsReadyWithNamesAndListeners(t *testing.T) {
	task := startTask(t, withControlPlane)
	task.ready(t)

	text, err := os.ReadFile(task.hosts)
	if err != nil || !strings.Contains(string(text), "240.240.0.3\tself\n") {
		t.Errorf("when it is ready the hosts file is %q, %v", text, err)
	}
	node := <-task.mesh.nodes
	metadata := node.GetMetadata().GetFields()
	hello := (<-task.control.reports).GetHello()
	if node.GetId() != "demo/shop/7/0" || node.GetCluster() != "demo" || metadata["template"].GetStringValue() != "1" ||
		metadata["epoch"].GetStringValue() != strconv.FormatInt(hello.GetEpoch(), 10) {
		t.Errorf("the node is %v, the hello %v", node, hello)
	}
	for _, stream := range []string{"ADS", "metrics"} {
		if got := <-task.mesh.bearers; got != "Bearer "+secret {
			t.Errorf("the authorization of %s, or the other, is %q", stream, got)
		}
	}
	task.keepsItsSecret(t)
}

func TestRunLetsCallsThrough(t *testing.T) {
	task := startTask(t, withControlPlane)
	capture(t, task.ns, false)
	answer(t, task.ns, "tcp", "127.0.0.1:8080", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
	task.ready(t)
	if got, err := call(t, task.ns, "tcp", "240.240.0.3:80"); !strings.HasSuffix(got, "hi") {
		t.Errorf("calling a virtual IP: got %q, %v", got, err)
	}
	if response, err := task.get(t); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("calling the mesh port: got %v, %v", response, err)
	}
	task.pushes(t, "http.ingress.downstream_rq_active")
}

func TestRunEndsAtOnceWhenNothingIsInFlight(t *testing.T) {
	task := startTask(t, withControlPlane)
	task.ready(t)
	begin := time.Now()
	task.signal(t, syscall.SIGTERM)
	if status := task.wait(t); status != 0 {
		t.Errorf("status %d, want 0\n%s", status, task.log)
	}
	if took := time.Since(begin); took > drainLimit/2 {
		t.Errorf("it took %v with nothing in flight", took)
	}
}

func TestRunDrainsWhatIsInFlight(t *testing.T) {
	task := startTask(t, withControlPlane)
	arrived, finish := task.slowApp(t)
	task.ready(t)
	answered := make(chan error, 1)
	go func() {
		response, err := task.get(t)
		if err == nil && (response.StatusCode != http.StatusOK || !response.Close) {
			err = fmt.Errorf("status %d, asked to close: %t; want 200, and to be sent elsewhere", response.StatusCode, response.Close)
		}
		answered <- err
	}()
	<-arrived
	task.signal(t, syscall.SIGTERM)
	select { // ended is the event that must not come; the drain has looked a few times by then
	case <-task.ended:
		t.Fatal("it ended with a request in flight")
	case <-time.After(6 * drainLook):
	}
	close(finish)
	if err := <-answered; err != nil {
		t.Errorf("the request that was in flight: %v", err)
	}
	if status := task.wait(t); status != 0 {
		t.Errorf("status %d, want 0\n%s", status, task.log)
	}
}

func TestRunGivesUpADrainAtItsLimit(t *testing.T) {
	task := startTask(t, withControlPlane, "SERIN_DRAIN_SECONDS=1")
	arrived, finish := task.slowApp(t)
	defer close(finish)
	task.ready(t)
	gone := make(chan struct{})
	go func() { defer close(gone); _, _ = task.get(t) }()
	<-arrived
	task.signal(t, syscall.SIGTERM)
	if status := task.wait(t); status != 0 {
		t.Errorf("status %d, want 0", status)
	}
	<-gone
	if !strings.Contains(task.log.String(), "in flight") {
		t.Errorf("its log does not say that a request was cut:\n%s", task.log)
	}
}

func TestRunEndsWithEnvoysStatus(t *testing.T) {
	task := startTask(t, withControlPlane)
	task.ready(t)
	if err := syscall.Kill(task.envoy(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if status := task.wait(t); status != 128+int(syscall.SIGKILL) {
		t.Errorf("status %d, want 137", status)
	}
}

func TestRunEndsWithoutAControlPlane(t *testing.T) {
	task := startTask(t, withoutControlPlane)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := Ready(ctx, task.state); err == nil || !strings.Contains(err.Error(), "first instruction") || !strings.Contains(err.Error(), "Envoy") {
		t.Errorf("ready says %v; want what is missing", err)
	}
	task.signal(t, syscall.SIGTERM)
	if status := task.wait(t); status != 0 {
		t.Errorf("status %d, want 0\n%s", status, task.log)
	}
}

func TestRunSaysThatEnvoyIsMissing(t *testing.T) {
	task := startTask(t, withoutControlPlane, "SERIN_ENVOY=/nowhere/envoy")
	if status := task.wait(t); status != 1 || !strings.Contains(task.log.String(), "SERIN_ENVOY") {
		t.Errorf("status %d and\n%s", status, task.log)
	}
}

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
