package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/source"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// catalogue shows and changes environments and services.
type catalogue struct{ *App }

// Environments implements api.Catalogue.
func (a catalogue) Environments(ctx context.Context) ([]api.Environment, error) {
	names, err := a.store.Environments(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.Environment, 0, len(names))
	for _, name := range names {
		env, err := a.Environment(ctx, name)
		if errors.Is(err, delivery.NotFound) {
			continue // it was deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		list = append(list, env)
	}
	return list, nil
}

// Environment implements api.Catalogue.
func (a catalogue) Environment(ctx context.Context, name string) (api.Environment, error) {
	state, err := a.store.State(ctx, name)
	if err != nil {
		return api.Environment{}, err
	}
	return a.showEnvironment(state.Environment), nil
}

func (a catalogue) showEnvironment(env rollout.Environment) api.Environment {
	return api.Environment{Name: env.Name, Created: env.Created, GatewayURL: gatewayURL(env.Gateway.Port)}
}

func gatewayURL(port int) string {
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// CreateEnvironment implements api.Catalogue.
func (a catalogue) CreateEnvironment(ctx context.Context, n api.NewEnvironment) (api.Environment, error) {
	port := n.GatewayPort
	if port == 0 {
		free, err := freePort(a.config.gatewayBind())
		if err != nil {
			return api.Environment{}, err
		}
		port = free
	} else if err := a.vacant(ctx, n.Name, port); err != nil {
		return api.Environment{}, err
	}
	env, err := a.rollouts.CreateEnvironment(ctx, n.Name, workload.Gateway{Bind: a.config.gatewayBind(), Port: port})
	if err != nil {
		return api.Environment{}, err
	}
	return a.showEnvironment(env), a.known(ctx)
}

// freePort finds a port that nobody listens on now. Whoever takes it before the gateway does is told of by the
// gateway's task.
func freePort(bind string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(bind, "0"))
	if err != nil {
		return 0, fmt.Errorf("finding a free port for the gateway: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// vacant fails with Conflict when the port for an environment's gateway is another program's. What environments hold
// is the store's to say.
func (a catalogue) vacant(ctx context.Context, environment string, port int) error {
	known, err := a.Environments(ctx)
	if err != nil || slices.ContainsFunc(known, func(e api.Environment) bool { return e.Name == environment || e.GatewayURL == gatewayURL(port) }) {
		return err
	}
	bind := a.config.gatewayBind()
	l, err := net.Listen("tcp", net.JoinHostPort(bind, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return delivery.Errorf(delivery.Conflict, "port %d of %s is in use by another program: end that, or choose another port with --gateway-port", port, bind)
	}
	if err != nil {
		return delivery.Errorf(delivery.Invalid, "the gateway cannot listen on port %d of %s: %w", port, bind, err)
	}
	return l.Close()
}

// DeleteEnvironment implements api.Catalogue.
func (a catalogue) DeleteEnvironment(ctx context.Context, name string) error {
	state, err := a.store.State(ctx, name)
	if err != nil {
		return err
	}
	var services []string
	for _, s := range state.Services {
		if !s.Deleting {
			services = append(services, s.ID.Name)
		}
	}
	if len(services) > 0 {
		return delivery.Errorf(delivery.Conflict, "environment %s has services, which must be deleted first: %s", name, strings.Join(services, ", "))
	}
	return a.rollouts.DeleteEnvironment(ctx, name)
}

// Services implements api.Catalogue.
func (a catalogue) Services(ctx context.Context, environment string) ([]api.Service, error) {
	state, err := a.store.State(ctx, environment)
	if err != nil {
		return nil, err
	}
	list := make([]api.Service, 0, len(state.Services))
	for _, s := range state.Services {
		shown, err := a.showService(ctx, state, s)
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	return list, nil
}

// Service implements api.Catalogue.
func (a catalogue) Service(ctx context.Context, id delivery.ServiceID) (api.Service, error) {
	state, err := a.store.State(ctx, id.Environment)
	if err != nil {
		return api.Service{}, err
	}
	for _, s := range state.Services {
		if s.ID == id {
			return a.showService(ctx, state, s)
		}
	}
	return api.Service{}, noService(id)
}

func noService(id delivery.ServiceID) error {
	return delivery.Errorf(delivery.NotFound, "there is no service %s: `serin service create %s` makes it", id, id)
}

func (a catalogue) showService(ctx context.Context, state rollout.State, s rollout.Service) (api.Service, error) {
	settings, err := a.store.PipelineSettings(ctx, s.ID)
	if err != nil {
		return api.Service{}, err
	}
	shown := api.Service{
		ID: s.ID, Namespace: s.Namespace, Port: s.Port, Protocol: s.Protocol, Exposed: s.Exposed, Hosts: s.Hosts, Path: s.Path,
		Pipeline: settings, Repository: a.config.url() + source.Prefix + s.ID.String() + ".git", Image: images(a).Repository(s.ID), Created: s.Created,
	}
	if vip, ok := state.Addresses[s.ID.Name]; ok {
		shown.VIP = vip.String()
	}
	for _, d := range state.Deployments {
		if d.ID.Service == s.ID && d.ID.Number == s.Stable {
			stable := a.showDeployment(state, d)
			shown.Stable = &stable
			shown.Exposed = shown.Exposed || d.Workload.Exposed
		}
	}
	for _, r := range state.Rollouts {
		if r.Deployment.Service == s.ID && r.Phase.Active() {
			under := a.showRollout(state, r)
			shown.Rollout = &under
		}
	}
	return shown, nil
}

// CreateService implements api.Catalogue.
func (a catalogue) CreateService(ctx context.Context, environment string, n api.NewService) (api.Service, error) {
	id := delivery.ServiceID{Environment: environment, Name: n.Name}
	settings := defaulted(n.Pipeline)
	if err := settings.Check(); err != nil {
		return api.Service{}, err
	}
	if _, err := a.rollouts.CreateService(ctx, rollout.NewService{ID: id}); err != nil {
		return api.Service{}, err
	}
	if err := a.source.Create(ctx, id); err != nil {
		return api.Service{}, err
	}
	if err := a.source.SetBranch(id, settings.Branch); err != nil {
		return api.Service{}, err
	}
	if err := a.store.SetPipelineSettings(ctx, id, &settings); err != nil {
		return api.Service{}, err
	}
	return a.Service(ctx, id)
}

func defaulted(s pipeline.Settings) pipeline.Settings {
	if s.Branch == "" {
		s.Branch = "main"
	}
	if s.OnNewerPush == "" {
		s.OnNewerPush = pipeline.Replace
	}
	return s
}

// SetPipeline implements api.Catalogue.
func (a catalogue) SetPipeline(ctx context.Context, id delivery.ServiceID, s pipeline.Settings) (api.Service, error) {
	settings := defaulted(s)
	if err := settings.Check(); err != nil {
		return api.Service{}, err
	}
	if _, err := a.Service(ctx, id); err != nil {
		return api.Service{}, err
	}
	if err := a.source.SetBranch(id, settings.Branch); err != nil {
		return api.Service{}, err
	}
	if err := a.store.SetPipelineSettings(ctx, id, &settings); err != nil {
		return api.Service{}, err
	}
	return a.Service(ctx, id)
}

// DeleteService implements api.Catalogue. The repository goes first: nothing can be pushed to a service that leaves.
func (a catalogue) DeleteService(ctx context.Context, id delivery.ServiceID) error {
	if _, err := a.Service(ctx, id); err != nil {
		return err
	}
	if err := a.source.Delete(ctx, id); err != nil {
		return err
	}
	if err := a.cancelRuns(ctx, id); err != nil {
		return err
	}
	if err := a.store.SetPipelineSettings(ctx, id, nil); err != nil {
		return err
	}
	if err := a.registry.Delete(ctx, id); err != nil {
		return err
	}
	a.metrics.forget(id)
	return a.rollouts.DeleteService(ctx, id)
}

func (a catalogue) cancelRuns(ctx context.Context, id delivery.ServiceID) error {
	open, err := a.store.OpenRuns(ctx)
	if err != nil {
		return err
	}
	for _, run := range open {
		if run.Push.Service != id || run.State == pipeline.Deploying {
			continue // its rollout ends with the service
		}
		if err := a.pipelines.Cancel(ctx, run.ID, "the deletion of its service"); err != nil && !errors.Is(err, delivery.NotFound) && !errors.Is(err, delivery.Conflict) {
			return err
		}
	}
	return nil
}

// Proxies implements api.Catalogue.
func (a catalogue) Proxies(ctx context.Context, environment string) ([]api.Proxy, error) {
	state, err := a.store.State(ctx, environment)
	if err != nil {
		return nil, err
	}
	reasons := map[delivery.TaskID]string{}
	for _, t := range state.Seen.Tasks {
		if t.State != workload.Running {
			reasons[t.ID] = t.Reason
		}
	}
	seen := a.mesh.Observe(environment)
	list := []api.Proxy{}
	for _, p := range a.mesh.Proxies(environment) {
		health := topology.Unknown
		if t, ok := seen.Tasks[p.Task]; ok && t.Health != "" {
			health = t.Health
		}
		list = append(list, api.Proxy{
			Task: p.Task, Connected: p.Connected, Configured: p.Configured, Version: p.Version, Health: health, Error: cmp.Or(p.LastError, reasons[p.Task]),
		})
	}
	return list, nil
}

// window is what an API's counts of a rollout are of: until its end, since what a deployment fails later is not the
// rollout's.
func window(r rollout.Rollout, now time.Time) (from, to time.Time) {
	switch {
	case r.Weighted.IsZero():
		return now, now
	case r.Phase.Ended():
		return r.Weighted, r.Since
	}
	return r.Weighted, now
}
