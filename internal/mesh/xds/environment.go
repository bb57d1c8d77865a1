package xds

import (
	"context"
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh"
	"serin.dev/serin/internal/topology"
)

// environment is what the server knows of one environment.
type environment struct {
	declared topology.Environment
	builder  *mesh.Builder
	configs  map[delivery.TaskID]mesh.Config
	proxies  map[delivery.TaskID]*proxy // of declared tasks, and of others that are still connected
	routes   map[delivery.ServiceID]*progress
}

// progress is how far a service's route has come.
type progress struct {
	generation   delivery.Generation // declared
	declaredAt   time.Time           // when that generation was first declared to this server
	acknowledged delivery.Generation
	ackedAt      time.Time
}

// Declare makes env the desired mesh of its environment and pushes what changed, in the safe order; it returns at
// once. The server keeps env: the caller must not change what it refers to. It fails with delivery.Stale if a
// newer generation was declared already, and with delivery.Invalid if a service's weights are.
func (s *Server) Declare(_ context.Context, env topology.Environment) error {
	for _, v := range env.Services {
		if err := v.Route.Weights.Check(); err != nil {
			return delivery.Errorf(delivery.CodeOf(err), "mesh of environment %s, service %s: %w", env.Name, v.ID.Name, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.environments[env.Name]
	if e == nil {
		e = &environment{
			builder: mesh.NewBuilder(),
			proxies: map[delivery.TaskID]*proxy{},
			routes:  map[delivery.ServiceID]*progress{},
		}
		s.environments[env.Name] = e
		// Tasks that were there before this server are taken for healthy until they report: a control plane
		// that restarts must not change where traffic goes.
		for _, t := range env.Tasks {
			e.proxies[t.ID] = &proxy{task: t, template: mesh.Newest, serves: true}
		}
	} else if env.Generation < e.declared.Generation {
		return delivery.Errorf(delivery.Stale, "mesh of environment %s: generation %d was declared already, %d is older", env.Name, e.declared.Generation, env.Generation)
	}
	e.declare(env, s.options.Now())
	s.rebuild(e)
	s.tellAgents(e)
	s.declaredOnce(env.Name)
	s.changed(env.Name)
	return nil
}

func (s *Server) declaredOnce(name string) {
	if s.undeclared[name] {
		delete(s.undeclared, name)
		if len(s.undeclared) == 0 {
			close(s.ready)
		}
	}
}

// declare takes over the tasks and routes of a declaration.
func (e *environment) declare(env topology.Environment, now time.Time) {
	e.declared = env
	wanted := map[delivery.TaskID]bool{}
	for _, t := range env.Tasks {
		wanted[t.ID] = true
		if p := e.proxies[t.ID]; p != nil {
			p.task = t
		} else {
			e.proxies[t.ID] = &proxy{task: t, template: mesh.Newest}
		}
	}
	for id, p := range e.proxies {
		p.wanted = wanted[id]
		e.dropIfGone(p)
	}
	routes := make(map[delivery.ServiceID]*progress, len(env.Services))
	for _, v := range env.Services {
		p := e.routes[v.ID]
		if p == nil {
			p = &progress{generation: v.Route.Generation, declaredAt: now}
		} else if p.generation != v.Route.Generation {
			p.generation, p.declaredAt = v.Route.Generation, now
		}
		routes[v.ID] = p
	}
	e.routes = routes
}

// dropIfGone forgets a proxy that is neither wanted nor connected.
func (e *environment) dropIfGone(p *proxy) {
	if !p.wanted && len(p.streams) == 0 {
		delete(e.proxies, p.task.ID)
		delete(e.configs, p.task.ID)
	}
}

// rebuild makes every proxy's configuration anew and pushes what changed.
func (s *Server) rebuild(e *environment) {
	env := e.declared
	env.Tasks = slices.Clone(env.Tasks)
	for _, p := range e.proxies {
		if !p.wanted { // it may still call others, but is no longer called
			t := p.task
			t.ProxyAlive = false
			env.Tasks = append(env.Tasks, t)
		}
	}
	e.configs = e.builder.Build(env,
		func(id delivery.TaskID) bool { return e.proxies[id].serves },
		func(id delivery.TaskID) mesh.Template { return e.proxies[id].template })
	for _, p := range e.proxies {
		for _, st := range p.streams {
			s.push(st)
		}
	}
	s.assess(e)
}

// assess sees which routes everybody has acknowledged by now.
func (s *Server) assess(e *environment) {
	for id, p := range e.routes {
		if p.acknowledged == p.generation || e.declared.RosterAt.Before(p.declaredAt) || len(e.waiting(id)) > 0 {
			continue
		}
		p.acknowledged, p.ackedAt = p.generation, s.options.Now()
		s.changed(e.declared.Name)
	}
}

// roster are the proxies that may carry traffic: of tasks whose proxy is not confirmed gone, and who is connected.
func (e *environment) roster() []*proxy {
	var all []*proxy
	for _, p := range e.proxies {
		if p.onRoster() {
			all = append(all, p)
		}
	}
	return all
}

// waiting are the tasks on the roster that may call a service and have not acknowledged its route, ascending.
func (e *environment) waiting(id delivery.ServiceID) []delivery.TaskID {
	var tasks []delivery.TaskID
	for _, p := range e.roster() {
		config := e.configs[p.task.ID]
		if config.Calls[id] && !p.settledFor(config, id) {
			tasks = append(tasks, p.task.ID)
		}
	}
	slices.SortFunc(tasks, func(a, b delivery.TaskID) int { return compare(a, b) })
	return tasks
}
