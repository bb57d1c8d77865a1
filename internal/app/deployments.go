package app

import (
	"context"
	"io"
	"time"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/docker"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// deployments shows deployments and deploys images.
type deployments struct{ *App }

// maxDeployments bounds a list.
const maxDeployments = 200

// Deployments implements api.Deployments.
func (a deployments) Deployments(ctx context.Context, id delivery.ServiceID) ([]api.Deployment, error) {
	state, err := a.store.State(ctx, id.Environment)
	if err != nil {
		return nil, err
	}
	stored, err := a.store.Deployments(ctx, id, maxDeployments)
	if err != nil {
		return nil, err
	}
	list := make([]api.Deployment, len(stored))
	for i, d := range stored {
		list[i] = a.showDeployment(state, d)
	}
	return list, nil
}

// Deployment implements api.Deployments.
func (a deployments) Deployment(ctx context.Context, id delivery.DeploymentID) (api.Deployment, error) {
	state, err := a.store.State(ctx, id.Service.Environment)
	if err != nil {
		return api.Deployment{}, err
	}
	d, err := a.store.Deployment(ctx, id)
	if err != nil {
		return api.Deployment{}, err
	}
	return a.showDeployment(state, d), nil
}

func (a *App) showDeployment(state rollout.State, d rollout.Deployment) api.Deployment {
	shown := api.Deployment{
		ID: d.ID, Revision: d.Revision, Policy: d.Policy, Workload: d.Workload, Author: d.Author, Message: d.Message,
		Run: d.RunID, Created: d.Created,
	}
	for _, s := range state.Services {
		if s.ID == d.ID.Service {
			shown.Weight = s.Route.Weights.Of(d.ID.Number)
		}
	}
	seen := a.mesh.Observe(d.ID.Service.Environment)
	for _, t := range state.Seen.Of(d.ID) {
		task := api.Task{Task: t, Health: topology.Unknown}
		if s, ok := seen.Tasks[t.ID]; ok {
			task.Health, task.Detail = s.Health, s.Detail
		}
		shown.Tasks = append(shown.Tasks, task)
	}
	return shown
}

// Deploy implements api.Deployments.
func (a deployments) Deploy(ctx context.Context, id delivery.ServiceID, n api.NewDeployment) (api.Rollout, error) {
	state, err := a.store.State(ctx, id.Environment)
	if err != nil {
		return api.Rollout{}, err
	}
	image, err := images(a).find(ctx, n.Image)
	if err != nil {
		return api.Rollout{}, err
	}
	policy, expose := settled(state, id, n)
	w := workloadOf(n, image, expose)
	started, err := a.rollouts.Start(ctx, rollout.NewDeployment{
		Service: id, Workload: w, Policy: policy, Message: "image " + n.Image,
		Revision: delivery.Revision{Image: image, Config: digest(w, n.Port)},
	})
	if err != nil {
		return api.Rollout{}, err
	}
	return a.showRollout(state, started), nil
}

// settled is what a deployment says of its policy and the gateway; what it does not say stays as it is.
func settled(state rollout.State, id delivery.ServiceID, n api.NewDeployment) (policy delivery.Policy, expose bool) {
	policy = defaultPolicy()
	if stable, ok := stableOf(state, id); ok {
		policy, expose = stable.Policy, stable.Workload.Exposed
	}
	if n.Policy != nil {
		policy = *n.Policy
	}
	if n.Expose != nil {
		expose = *n.Expose
	}
	return policy, expose
}

// stableOf finds a service's stable deployment, if it has one.
func stableOf(state rollout.State, id delivery.ServiceID) (rollout.Deployment, bool) {
	for _, s := range state.Services {
		for _, d := range state.Deployments {
			if s.ID == id && d.ID.Service == id && d.ID.Number == s.Stable {
				return d, true
			}
		}
	}
	return rollout.Deployment{}, false
}

// defaultPolicy is that of a first deployment which says none: a step of 25 % a minute.
func defaultPolicy() delivery.Policy {
	return delivery.Policy{
		Step: 25, Wait: time.Minute, KeepPrevious: time.Minute, FailureWindow: 10 * time.Minute, DeployTimeout: 5 * time.Minute,
		NoTraffic: delivery.NoTrafficHold, Retries: delivery.RetryIdempotent,
	}
}

func workloadOf(n api.NewDeployment, image string, expose bool) workload.Workload {
	check := workload.DefaultCheck(n.Port)
	if n.CheckPath != "" {
		check.Protocol, check.Path = n.Protocol, n.CheckPath
	}
	return workload.Workload{
		Containers: []workload.Container{{Name: "app", Image: image, Command: n.Command, Environment: n.Env, Essential: true}},
		App:        "app", Port: n.Port, Protocol: n.Protocol, Replicas: max(1, n.Replicas), Check: check, Exposed: expose,
		Backends: n.Backends, BackendsDeclared: len(n.Backends) > 0,
	}
}

// Logs implements api.Deployments.
func (a deployments) Logs(ctx context.Context, id delivery.DeploymentID, how api.LogOptions, w io.Writer) error {
	if _, err := a.store.Deployment(ctx, id); err != nil {
		return err
	}
	return a.engine.Logs(ctx, id, docker.LogOptions{Follow: how.Follow, Tail: how.Tail, Since: how.Since}, w)
}
