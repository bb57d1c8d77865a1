package docker

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Observe looks at the containers of an environment and answers when it has looked: for every task that is wanted or
// stands, ascending. It fails with Unavailable when Docker does not answer.
//
// A proxy is said to be alive when one runs in this look or the engine is about to start one.
func (e *Engine) Observe(ctx context.Context, environment string) (workload.Observed, error) {
	seen := workload.Observed{At: time.Now()}
	list, err := e.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.ours(labelEnvironment + "=" + environment)})
	if err != nil {
		return seen, answered("looking at environment "+environment, err)
	}
	tasks := map[delivery.TaskID]*standing{}
	for _, c := range list.Items {
		id, err := delivery.ParseTaskID(c.Labels[labelTask])
		if err != nil {
			continue // not a task's: the sweep removes it
		}
		if tasks[id] == nil {
			tasks[id] = &standing{}
		}
		tasks[id].add(c, e.networkName(environment))
	}
	// What workers are about to do is asked after the look: a proxy begun in between is missed by neither.
	for _, t := range e.intended(environment) {
		if at := tasks[t.ID]; at != nil {
			t.Address, t.ProxyAlive = at.address, t.ProxyAlive || at.proxyRuns
			if t.State == workload.Running && !at.runs(t.ID) {
				t.State = workload.Starting // it just ended, and its worker does not know yet
			}
			delete(tasks, t.ID)
		} else if t.State == workload.Running {
			t.State = workload.Pending
		}
		seen.Tasks = append(seen.Tasks, t)
	}
	for id, at := range tasks { // that no worker has been given yet
		state := workload.Removing
		if !e.owns(environment) {
			state = workload.Starting // whether it is wanted has not been told
		}
		seen.Tasks = append(seen.Tasks, workload.Task{ID: id, State: state, Address: at.address, ProxyAlive: at.proxyRuns, Since: seen.At})
	}
	slices.SortFunc(seen.Tasks, func(a, b workload.Task) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return seen, nil
}

// standing is what one look shows of a task.
type standing struct {
	address   string
	pauseRuns bool
	proxyRuns bool
	apps      int // that run or ended
}

func (s *standing) add(c container.Summary, network string) {
	runs := c.State == container.StateRunning || c.State == container.StatePaused || c.State == container.StateRestarting
	switch part(c.Labels[labelPart]) {
	case pausePart:
		s.pauseRuns = runs
		if c.NetworkSettings != nil && runs {
			if endpoint := c.NetworkSettings.Networks[network]; endpoint != nil && endpoint.IPAddress.IsValid() {
				s.address = endpoint.IPAddress.String()
			}
		}
	case proxyPart:
		s.proxyRuns = s.proxyRuns || runs
	case appPart:
		s.apps++
	}
}

func (s *standing) runs(id delivery.TaskID) bool {
	return s.pauseRuns && s.proxyRuns && (s.apps > 0 || id.Gateway())
}

// intended gives what the workers tell of an environment's tasks, and those wanted that have no worker yet.
// ProxyAlive is whether a proxy runs or is coming.
func (e *Engine) intended(environment string) []workload.Task {
	e.mu.Lock()
	defer e.mu.Unlock()
	var tasks []workload.Task
	for _, w := range e.workers {
		if w.id.Deployment.Service.Environment != environment {
			continue
		}
		s := w.status()
		wanted := e.wantedOf(w.id) != nil
		if !wanted {
			if s.State == "" {
				continue // gone
			}
			s.State, s.Reason = workload.Removing, ""
		} else if s.State == workload.Removing || s.State == "" {
			s.State, s.ProxyComing = workload.Pending, true // wanted again
		}
		tasks = append(tasks, workload.Task{
			ID: w.id, State: s.State, ProxyAlive: s.ProxyComing, Restarts: s.Restarts, Reason: s.Reason, Since: s.Since,
		})
	}
	env := e.declared[environment]
	for _, want := range e.tasksOf(env) {
		if e.workers[want.ID.String()] == nil {
			tasks = append(tasks, workload.Task{ID: want.ID, State: workload.Pending, ProxyAlive: true, Since: time.Now()})
		}
	}
	return tasks
}
