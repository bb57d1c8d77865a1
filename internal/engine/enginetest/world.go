package enginetest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

const (
	environmentName = "suite"
	serviceName     = "svc"
	patience        = 90 * time.Second // for one change
)

// world is one test of the suite with its engine.
type world struct {
	*testing.T
	Harness
}

func (w *world) environment(g delivery.Generation, deployments ...workload.Deployment) workload.Environment {
	return workload.Environment{Name: environmentName, Generation: g, Deployments: deployments}
}

func (w *world) declare(g delivery.Generation, deployments ...workload.Deployment) {
	w.Helper()
	w.declareAll(w.environment(g, deployments...))
}

func (w *world) declareAll(env workload.Environment) {
	w.Helper()
	if err := w.Engine.Declare(w.Context(), env); err != nil {
		w.Fatalf("declaring generation %d: %v", env.Generation, err)
	}
}

// deployment is one of the suite's only service. The first container is its app, and essential.
func (w *world) deployment(number, replicas int, containers ...workload.Container) workload.Deployment {
	containers[0].Essential = true
	return workload.Deployment{
		ID: delivery.DeploymentID{Service: delivery.ServiceID{Environment: environmentName, Name: serviceName}, Number: number},
		Workload: workload.Workload{
			Containers: containers, App: containers[0].Name, Port: 8080, Protocol: delivery.HTTP, Replicas: replicas,
			Check: workload.DefaultCheck(8080),
		},
	}
}

func taskOf(d workload.Deployment, replica int) delivery.TaskID {
	return delivery.TaskID{Deployment: d.ID, Replica: replica}
}

func find(o workload.Observed, id delivery.TaskID) (workload.Task, bool) {
	for _, task := range o.Tasks {
		if task.ID == id {
			return task, true
		}
	}
	return workload.Task{}, false
}

// until waits for a condition of what is observed, looking whenever the engine calls back.
func (w *world) until(what string, holds func(workload.Observed) bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	for {
		seen, err := w.Engine.Observe(ctx, environmentName)
		if err == nil && holds(seen) {
			return
		}
		select {
		case <-w.Changed:
		case <-ctx.Done():
			w.Fatalf("not within %s: %s; last seen (error %v):\n%s", patience, what, err, describe(seen))
		}
	}
}

func (w *world) running(d workload.Deployment, replica int) (task workload.Task) {
	w.Helper()
	w.until(fmt.Sprintf("%s runs", taskOf(d, replica)), func(o workload.Observed) bool {
		task, _ = find(o, taskOf(d, replica))
		return task.State == workload.Running
	})
	return task
}

func (w *world) gone(id delivery.TaskID) {
	w.Helper()
	w.until(fmt.Sprintf("%s is gone", id), func(o workload.Observed) bool {
		_, there := find(o, id)
		return !there
	})
}

// said waits until a deployment's logs hold some words: a task runs before its app has come to say anything, and no
// observation tells when it does.
func (w *world) said(d workload.Deployment, words string) {
	w.Helper()
	deadline, tick := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(w.Logs(w.T, d.ID), words) {
		select {
		case <-tick.C:
		case <-deadline:
			w.Fatalf("%s has not said %q within %s", d.ID, words, patience)
		}
	}
}

// failed waits until the first task fails with a reason that holds all the words.
func (w *world) failed(d workload.Deployment, words ...string) {
	w.Helper()
	w.until("the task fails and tells "+strings.Join(words, ", "), func(o workload.Observed) bool {
		task, _ := find(o, taskOf(d, 0))
		for _, word := range words {
			if !strings.Contains(task.Reason, word) {
				return false
			}
		}
		return task.State == workload.Failed
	})
}

// same tells whether a task's containers are those they were.
func (w *world) same(id delivery.TaskID, before Runs) {
	w.Helper()
	after := w.Runs(w.T, id)
	for name, run := range before {
		if after[name] != run {
			w.Errorf("%s: container %s was disturbed: %+v, before %+v", id, name, after[name], run)
		}
	}
}

func describe(o workload.Observed) string {
	var lines []string
	for _, task := range o.Tasks {
		lines = append(lines, fmt.Sprintf("  %s: %s, proxy alive %t, %d restarts: %s", task.ID, task.State, task.ProxyAlive, task.Restarts, task.Reason))
	}
	return strings.Join(lines, "\n")
}

// FreePort gives a TCP port of loopback that nobody listens on.
func FreePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
