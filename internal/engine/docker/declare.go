package docker

import (
	"context"
	"sync"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Declare tells the whole desired state of an environment and returns at once; Docker may be away. It fails with
// Stale if a newer generation was declared already, and with Invalid when the environment has no proper name.
func (e *Engine) Declare(_ context.Context, env workload.Environment) error {
	if err := delivery.CheckName("environment", env.Name); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if last, ok := e.declared[env.Name]; ok && env.Generation < last.Generation {
		return delivery.Errorf(delivery.Stale, "environment %s: generation %d was declared after generation %d", env.Name, env.Generation, last.Generation)
	}
	e.declared[env.Name] = env
	e.wake()
	return nil
}

// Known tells which environments there are. Containers and networks of this instance that belong to any other are
// removed, unless it is declared. Before the first call only declared environments are touched.
func (e *Engine) Known(environments []string) {
	known := make(map[string]bool, len(environments))
	for _, name := range environments {
		known[name] = true
	}
	e.mu.Lock()
	e.known = known
	e.mu.Unlock()
	e.wake()
}

// assign gives every declared task a worker, and tells each worker what it is to make of its task.
func (e *Engine) assign(ctx context.Context, running *sync.WaitGroup) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, env := range e.declared {
		for _, want := range e.tasksOf(env) {
			key := want.ID.String()
			if e.workers[key] == nil {
				e.workers[key] = newWorker(e, want.ID)
			}
		}
	}
	for _, w := range e.workers {
		w.tell(e.wantedOf(w.id), e.declared[w.id.Deployment.Service.Environment].Generation)
		if !w.started {
			w.started = true
			running.Go(func() { w.run(ctx) })
		}
	}
}

// wanted is one task as it is to be.
type wanted struct {
	ID       delivery.TaskID
	Workload workload.Workload // zero for a gateway
	Gateway  *workload.Gateway // nil for an app
	Spec     string            // equal for equal tasks
}

// tasksOf lists the tasks an environment is to have.
func (e *Engine) tasksOf(env workload.Environment) []wanted {
	var tasks []wanted
	for _, d := range env.Deployments {
		spec := e.specOf(d.Workload, nil)
		for replica := range d.Workload.Replicas {
			id := delivery.TaskID{Deployment: d.ID, Replica: replica}
			tasks = append(tasks, wanted{ID: id, Workload: d.Workload, Spec: spec})
		}
	}
	if env.Gateway != nil {
		tasks = append(tasks, wanted{
			ID: delivery.GatewayTask(env.Name), Gateway: env.Gateway, Spec: e.specOf(workload.Workload{}, env.Gateway),
		})
	}
	return tasks
}

// wantedOf gives what a task is to be, nil when it is to go.
func (e *Engine) wantedOf(id delivery.TaskID) *wanted {
	env := e.declared[id.Deployment.Service.Environment]
	if id.Gateway() {
		if env.Gateway == nil {
			return nil
		}
		return &wanted{ID: id, Gateway: env.Gateway, Spec: e.specOf(workload.Workload{}, env.Gateway)}
	}
	for _, d := range env.Deployments {
		if d.ID == id.Deployment && id.Replica < d.Workload.Replicas {
			return &wanted{ID: id, Workload: d.Workload, Spec: e.specOf(d.Workload, nil)}
		}
	}
	return nil
}
