package proxy

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
	if node.GetId() != "demo/shop/7/0" || node.GetCluster() != "demo" || metadata["template"].GetStringValue() != template ||
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
