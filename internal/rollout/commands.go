package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// OnNewer says what a newer deployment does to a rollout that is active.
type OnNewer string

const (
	ReplaceRunning OnNewer = "replace" // the running one is rolled back, the new one starts from stable; the default
	QueueBehind    OnNewer = "queue"   // the running one goes on; the new one waits, and a newer one supersedes it
)

// NewDeployment is what is to be rolled out.
type NewDeployment struct {
	Service   delivery.ServiceID
	Namespace string // the service's; "" leaves it
	Revision  delivery.Revision
	Workload  workload.Workload
	Policy    delivery.Policy
	RunID     delivery.RunID // of the pipeline; 0: by hand
	Message   string
	Author    string
	OnNewer   OnNewer
}

// Start stores a deployment and its rollout, and returns at once; the loop does the rest. It fails with
// delivery.NotFound when the service does not exist, and with delivery.Invalid, in a sentence, for what cannot be
// rolled out.
func (c *Reconciler) Start(ctx context.Context, n NewDeployment) (Rollout, error) {
	id, err := c.store.NextRollout(ctx)
	if err != nil {
		return Rollout{}, err
	}
	var started Rollout
	err = c.edit(ctx, n.Service.Environment, func(p *plan) error {
		started, err = p.start(id, n)
		return err
	})
	started.Version++
	return started, err
}

func (p *plan) start(id delivery.RolloutID, n NewDeployment) (Rollout, error) {
	svc, err := p.mustService(n.Service)
	if err != nil {
		return Rollout{}, err
	}
	if err := acceptable(svc, n); err != nil {
		return Rollout{}, err
	}
	if svc.Deleting || p.Environment.Deleting {
		return Rollout{}, delivery.Errorf(delivery.Conflict, "service %s is being deleted: wait until it is gone, or deploy to another", svc.ID)
	}
	d := Deployment{
		ID:       delivery.DeploymentID{Service: svc.ID, Number: p.Numbers[svc.ID.Name] + 1},
		Revision: n.Revision, Workload: n.Workload, Policy: n.Policy,
		RunID: n.RunID, Message: n.Message, Author: n.Author,
		Created: p.at, Stage: Planned, Since: p.at,
	}
	p.putDeployment(d)
	if n.Namespace != "" {
		svc.Namespace = n.Namespace
	}
	p.putService(svc)
	p.mention(svc.ID.Name)
	p.mention(n.Workload.Backends...)
	p.makeWay(d.ID, n.OnNewer)
	r := p.note(Begin(id, d.ID, p.at), Event{
		Phase:  Pending,
		Input:  map[string]any{"command": "start", "revision": n.Revision, "run": n.RunID},
		Output: map[string]any{"deployment": d.ID},
	})
	p.putRollout(r)
	return r, nil
}

// acceptable fails with Invalid for what cannot be rolled out on the service.
func acceptable(svc Service, n NewDeployment) error {
	w := n.Workload
	switch {
	case len(w.Containers) == 0:
		return delivery.Errorf(delivery.Invalid, "service %s: the deployment has no container: name an image", svc.ID)
	case w.Replicas < 1:
		return delivery.Errorf(delivery.Invalid, "service %s: %d tasks are to run: a deployment needs at least one, or it would get traffic that nobody answers", svc.ID, w.Replicas)
	case w.Port < 1 || w.Port > 65535:
		return delivery.Errorf(delivery.Invalid, "service %s: the app's port is %d: it must be from 1 to 65535", svc.ID, w.Port)
	case misfit(svc, w) != "":
		return delivery.Errorf(delivery.Invalid, "%s", misfit(svc, w))
	}
	if err := n.Policy.Check(); err != nil {
		return fmt.Errorf("service %s: %w", svc.ID, err)
	}
	for _, b := range w.Backends {
		if err := delivery.CheckName("backend", b); err != nil {
			return err
		}
	}
	return nil
}

// misfit is a sentence on why a workload cannot follow the service's stable one, "" when it can.
func misfit(svc Service, w workload.Workload) string {
	if svc.Stable == 0 || w.Protocol == svc.Protocol {
		return ""
	}
	return fmt.Sprintf("service %s speaks %s to its callers and the deployment speaks %s: a protocol cannot change under its callers; create a new service for it",
		svc.ID, svc.Protocol, w.Protocol)
}

// makeWay supersedes who waits, and has a running rollout replaced unless it is queued behind.
func (p *plan) makeWay(newer delivery.DeploymentID, how OnNewer) {
	if waiting := p.pending(newer.Service); waiting != nil {
		r := p.note(waiting.replace(newer), Event{Phase: Pending, Since: waiting.Since, Output: map[string]any{"replaced_by": newer}})
		r = r.end(Superseded, p.at)
		p.putRollout(r)
		p.enact(r)
	}
	running := p.active(newer.Service)
	if how == QueueBehind || running == nil || !running.Phase.Abortable() || running.unwanted() {
		return
	}
	p.putRollout(p.note(running.replace(newer), Event{Phase: running.Phase, Input: map[string]any{"replaced_by": newer}}))
}

// Abort rolls a rollout back. It fails with delivery.Conflict after the commit point.
func (c *Reconciler) Abort(ctx context.Context, id delivery.RolloutID, why string) (Rollout, error) {
	return c.command(ctx, id, "abort", why, func(r Rollout) (Rollout, error) {
		switch {
		case r.Phase == RollBack || r.Intent == Abort:
			return r, nil
		case !r.Phase.Abortable():
			return r, tooLate(r, "aborted")
		}
		return r.abort(orElse(why, "aborted by an operator")), nil
	})
}

// Pause keeps a rollout from giving its new version more. It is judged, and rolled back if need be, all the same.
func (c *Reconciler) Pause(ctx context.Context, id delivery.RolloutID, why string) (Rollout, error) {
	return c.command(ctx, id, "pause", why, func(r Rollout) (Rollout, error) {
		switch {
		case r.Hold == Paused:
			return r, nil
		case !r.Phase.Abortable() || r.unwanted():
			return r, tooLate(r, "paused")
		}
		return r.pause(orElse(why, "paused by an operator")), nil
	})
}

// Resume lifts a rollout's hold. One that asked for evidence waits for it anew.
func (c *Reconciler) Resume(ctx context.Context, id delivery.RolloutID) (Rollout, error) {
	return c.command(ctx, id, "resume", "", func(r Rollout) (Rollout, error) {
		if r.Hold == NoHold {
			return r, nil
		}
		return r.resume(), nil
	})
}

// Promote skips the steps and waits that are left: everything goes to the new version, every proxy acknowledges it,
// and it is stable, without waiting for evidence. A failing verdict still rolls it back.
func (c *Reconciler) Promote(ctx context.Context, id delivery.RolloutID) (Rollout, error) {
	return c.command(ctx, id, "promote", "", func(r Rollout) (Rollout, error) {
		switch {
		case r.Intent == Promote && r.Hold == NoHold:
			return r, nil
		case !r.Phase.Abortable() || r.unwanted():
			return r, tooLate(r, "promoted")
		}
		return r.promote(), nil
	})
}

func tooLate(r Rollout, what string) error {
	switch {
	case r.Phase.Ended():
		return delivery.Errorf(delivery.Conflict, "rollout %d has ended (%s): it cannot be %s; deploy again", r.ID, r.Phase, what)
	case r.unwanted() || r.Phase == RollBack:
		return delivery.Errorf(delivery.Conflict, "rollout %d is being rolled back (%s): it cannot be %s; deploy again", r.ID, r.Reason, what)
	}
	return delivery.Errorf(delivery.Conflict, "rollout %d is past its commit point (%s): deployment %d is stable and it cannot be %s; deploy the old revision to go back", r.ID, r.Phase, r.Deployment.Number, what)
}

// command changes what is wanted of a rollout, durably, with a row of history.
func (c *Reconciler) command(ctx context.Context, id delivery.RolloutID, name, why string, do func(Rollout) (Rollout, error)) (Rollout, error) {
	r, err := c.store.Rollout(ctx, id)
	if err != nil {
		return Rollout{}, err
	}
	if r.Phase.Ended() {
		return do(r)
	}
	var next Rollout
	err = c.edit(ctx, r.Deployment.Service.Environment, func(p *plan) error {
		i := slices.IndexFunc(p.Rollouts, func(x Rollout) bool { return x.ID == id })
		if i < 0 {
			return delivery.Errorf(delivery.Conflict, "rollout %d has just ended", id)
		}
		was := p.Rollouts[i]
		if next, err = do(was); err != nil || next == was {
			return err
		}
		next = p.note(next, Event{Phase: was.Phase, Input: map[string]any{"command": name, "why": why}})
		p.putRollout(next)
		next.Version++
		return nil
	})
	return next, err
}

// CreateEnvironment makes an empty environment with a gateway (Port 0: without).
func (c *Reconciler) CreateEnvironment(ctx context.Context, name string, gateway workload.Gateway) (Environment, error) {
	if err := delivery.CheckName("environment", name); err != nil {
		return Environment{}, err
	}
	if gateway.Port < 0 || gateway.Port > 65535 {
		return Environment{}, delivery.Errorf(delivery.Invalid, "environment %s: the gateway's port is %d: it must be from 1 to 65535, or 0 for none", name, gateway.Port)
	}
	env := Environment{Name: name, Gateway: gateway, Created: c.now()}
	if err := c.store.CreateEnvironment(ctx, env); err != nil {
		return Environment{}, err
	}
	c.Kick(name)
	s, err := c.store.State(ctx, name)
	return s.Environment, err
}

// DeleteEnvironment deletes all services, then the environment itself. It returns at once.
func (c *Reconciler) DeleteEnvironment(ctx context.Context, name string) error {
	return c.edit(ctx, name, func(p *plan) error {
		p.Environment.Deleting, p.environment = true, true
		for _, svc := range slices.Clone(p.Services) {
			svc.Deleting = true
			p.putService(svc)
		}
		return nil
	})
}

// NewService is what an operator says of a service; its deployments say the rest.
type NewService struct {
	ID        delivery.ServiceID
	Namespace string
	Exposed   bool
	Hosts     []string
	Path      string
}

// CreateService makes a service without a deployment. It fails with delivery.Conflict when there is one of that name.
func (c *Reconciler) CreateService(ctx context.Context, n NewService) (Service, error) {
	var svc Service
	err := c.edit(ctx, n.ID.Environment, func(p *plan) error {
		if err := checkServiceName(n.ID); err != nil {
			return err
		}
		if old, ok := p.service(n.ID.Name); ok {
			state := "exists already"
			if old.Deleting {
				state = "is still being deleted"
			}
			return delivery.Errorf(delivery.Conflict, "service %s %s", n.ID, state)
		}
		if p.Environment.Deleting {
			return delivery.Errorf(delivery.Conflict, "environment %s is being deleted", n.ID.Environment)
		}
		svc = Service{
			ID: n.ID, Namespace: n.Namespace, Exposed: n.Exposed, Hosts: n.Hosts, Path: n.Path,
			Route: delivery.Route{Service: n.ID}, Created: p.at,
		}
		p.putService(svc)
		p.mention(n.ID.Name)
		return nil
	})
	return svc, err
}

func checkServiceName(id delivery.ServiceID) error {
	if err := delivery.CheckName("service", id.Name); err != nil {
		return err
	}
	if id.Name == delivery.GatewayName {
		return delivery.Errorf(delivery.Invalid, "service name %q is the gateway's own: choose another", id.Name)
	}
	return nil
}

// UpdateService changes what an operator may say of a service.
func (c *Reconciler) UpdateService(ctx context.Context, n NewService) (Service, error) {
	var svc Service
	err := c.edit(ctx, n.ID.Environment, func(p *plan) (err error) {
		if svc, err = p.mustService(n.ID); err != nil {
			return err
		}
		svc.Exposed, svc.Hosts, svc.Path = n.Exposed, n.Hosts, n.Path
		if n.Namespace != "" {
			svc.Namespace = n.Namespace
		}
		p.putService(svc)
		return nil
	})
	return svc, err
}

// DeleteService drains and removes a service's deployments, then the service; its history stays. It returns at once.
func (c *Reconciler) DeleteService(ctx context.Context, id delivery.ServiceID) error {
	return c.edit(ctx, id.Environment, func(p *plan) error {
		svc, err := p.mustService(id)
		if err != nil {
			return err
		}
		svc.Deleting = true
		p.putService(svc)
		return nil
	})
}

func (p *plan) mustService(id delivery.ServiceID) (Service, error) {
	svc, ok := p.service(id.Name)
	if !ok {
		return Service{}, delivery.Errorf(delivery.NotFound, "there is no service %s: create it first", id)
	}
	return svc, nil
}

// edit changes a state and stores the change, again from the start as long as somebody else was faster.
func (c *Reconciler) edit(ctx context.Context, environment string, do func(*plan) error) error {
	for {
		s, err := c.store.State(ctx, environment)
		if err != nil {
			return err
		}
		p := newPlan(s, c.now())
		if err := do(p); err != nil {
			return err
		}
		change := p.change()
		if change.Empty() {
			return nil
		}
		err = c.store.Commit(ctx, change)
		switch {
		case err == nil:
			c.onChange(change)
			c.Kick(environment)
			return nil
		case !errors.Is(err, delivery.Conflict):
			return fmt.Errorf("storing the change of environment %s: %w", environment, err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
