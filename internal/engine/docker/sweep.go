package docker

import (
	"context"

	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// sweep finds what this instance made and no declared environment owns: tasks get a worker, which removes them;
// networks without tasks are removed. Environments that are neither declared nor known are removed whole, once
// [Engine.Known] was called.
func (e *Engine) sweep(ctx context.Context) error {
	list, err := e.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.ours()})
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, c := range list.Items {
		environment := c.Labels[labelEnvironment]
		used[environment] = true
		if !e.owns(environment) {
			continue
		}
		id, err := delivery.ParseTaskID(c.Labels[labelTask])
		if err != nil {
			e.log.Warn("removing a container of no task", "container", c.ID)
			if err := e.drop(ctx, &box{ID: c.ID}); err != nil {
				return err
			}
			continue
		}
		e.adopt(id)
	}
	networks, err := e.docker.NetworkList(ctx, client.NetworkListOptions{Filters: e.ours()})
	if err != nil {
		return err
	}
	for _, n := range networks.Items {
		if environment := n.Labels[labelEnvironment]; e.owns(environment) && !used[environment] {
			if err := e.removeNetwork(ctx, environment); err != nil {
				return err
			}
		}
	}
	return nil
}

// owns tells whether the engine may remove what nobody wants in an environment.
func (e *Engine) owns(environment string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, declared := e.declared[environment]
	return declared || (e.known != nil && !e.known[environment])
}

// adopt gives a task that stands a worker.
func (e *Engine) adopt(id delivery.TaskID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if key := id.String(); e.workers[key] == nil {
		e.workers[key] = newWorker(e, id)
	}
}
