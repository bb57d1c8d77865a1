package rollout

import (
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
)

// plan is a state being changed, and what of it was.
type plan struct {
	State
	from        delivery.Generation
	at          time.Time
	environment bool
	gone        bool
	services    map[delivery.ServiceID]bool
	deployments map[delivery.DeploymentID]bool
	rollouts    map[delivery.RolloutID]bool
	deleted     []delivery.ServiceID
	mentioned   []string
	events      []Event
}

func newPlan(s State, now time.Time) *plan {
	p := &plan{
		State: s, from: s.Environment.Generation, at: now,
		services:    map[delivery.ServiceID]bool{},
		deployments: map[delivery.DeploymentID]bool{},
		rollouts:    map[delivery.RolloutID]bool{},
	}
	p.Services, p.Deployments, p.Rollouts = slices.Clone(s.Services), slices.Clone(s.Deployments), slices.Clone(s.Rollouts)
	return p
}

func (p *plan) putService(svc Service) {
	p.services[svc.ID] = true
	p.Services = put(p.Services, svc, func(x Service) bool { return x.ID == svc.ID })
}

func (p *plan) putDeployment(d Deployment) {
	p.deployments[d.ID] = true
	p.Deployments = put(p.Deployments, d, func(x Deployment) bool { return x.ID == d.ID })
}

// putRollout stores a rollout's next state, and a row of history when it left a phase.
func (p *plan) putRollout(r Rollout) {
	p.rollouts[r.ID] = true
	p.Rollouts = put(p.Rollouts, r, func(x Rollout) bool { return x.ID == r.ID })
}

func put[T any](all []T, one T, same func(T) bool) []T {
	if i := slices.IndexFunc(all, same); i >= 0 {
		all[i] = one
		return all
	}
	return append(all, one)
}

// deleteService forgets a service: nothing is left of it.
func (p *plan) deleteService(id delivery.ServiceID) {
	p.Services = slices.DeleteFunc(p.Services, func(x Service) bool { return x.ID == id })
	p.deleted = append(p.deleted, id)
}

// mention gives names a virtual IP if they have none.
func (p *plan) mention(names ...string) {
	for _, n := range names {
		if _, ok := p.Addresses[n]; !ok && !slices.Contains(p.mentioned, n) {
			p.mentioned = append(p.mentioned, n)
		}
	}
}

// note adds a row to the rollout's history.
func (p *plan) note(r Rollout, e Event) Rollout {
	r.Events++
	e.Rollout, e.Seq, e.At, e.Attempt = r.ID, r.Events, p.at, max(1, e.Attempt)
	if e.Since.IsZero() {
		e.Since = p.at
	}
	p.events = append(p.events, e)
	return r
}

// change is what to store. Here alone routes get their generations.
func (p *plan) change() Change {
	for _, svc := range slices.Clone(p.Services) {
		p.reroute(svc)
	}
	c := Change{Name: p.Environment.Name, From: p.from, Deleted: p.deleted, Events: p.events, Mentioned: p.mentioned, Gone: p.gone}
	for _, svc := range p.Services {
		if p.services[svc.ID] {
			c.Services = append(c.Services, svc)
		}
	}
	for _, d := range p.Deployments {
		if p.deployments[d.ID] {
			c.Deployments = append(c.Deployments, d)
		}
	}
	for _, r := range p.Rollouts {
		if p.rollouts[r.ID] {
			c.Rollouts = append(c.Rollouts, r)
		}
	}
	if p.environment || len(c.Services)+len(c.Deleted)+len(c.Deployments)+len(c.Mentioned) > 0 {
		env := p.Environment
		env.Generation = p.from + 1
		c.Environment = &env
	}
	return c
}

// reroute gives the service the route that its deployments and rollout ask for, at a new generation if it is another.
func (p *plan) reroute(svc Service) {
	active := p.active(svc.ID)
	route := routeOf(svc, p.Deployments, active)
	if svc.Route.Generation > 0 && sameRoute(route, svc.Route) {
		return
	}
	route.Generation = p.from + 1
	svc.Route = route
	p.putService(svc)
	if active != nil {
		active.Generation = route.Generation
		p.putRollout(*active)
	}
}
