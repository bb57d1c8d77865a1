package mesh

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// Builder makes resources of a topology. It keeps what it made, so that a change costs what it changes: the result
// depends on the arguments of Build alone.
type Builder struct {
	services map[delivery.ServiceID]*built
	shared   map[string]Resource // listeners and app clusters, by what they are made of
}

// built is what one service became.
type built struct {
	service   topology.Service // of which it was made
	places    map[int][]place
	clusters  []Resource
	endpoints []Resource
	routes    []Resource
}

// NewBuilder returns a Builder that has made nothing yet.
func NewBuilder() *Builder {
	return &Builder{services: map[delivery.ServiceID]*built{}, shared: map[string]Resource{}}
}

// Build gives every task of the environment its configuration. healthy tells which tasks' apps serve, template what
// their proxies were made for.
func (b *Builder) Build(env topology.Environment, healthy func(delivery.TaskID) bool, template func(delivery.TaskID) Template) map[delivery.TaskID]Config {
	where := placesOf(env.Tasks, healthy)
	made := make(map[delivery.ServiceID]*built, len(env.Services))
	for _, s := range env.Services {
		if s.Port > 0 {
			made[s.ID] = b.service(s, where[s.ID])
		}
	}
	b.services = made
	old := b.shared
	b.shared = map[string]Resource{}
	configs := make(map[delivery.TaskID]Config, len(env.Tasks))
	for _, t := range env.Tasks {
		if t.ID.Gateway() {
			configs[t.ID] = b.gateway(env, template(t.ID), old)
		} else {
			configs[t.ID] = b.task(env, t, template(t.ID), old)
		}
	}
	return configs
}

// task configures a task with an app: who calls it, and what it calls.
func (b *Builder) task(env topology.Environment, t topology.Task, made Template, old map[string]Resource) Config {
	c := newConfig()
	var calls []topology.Service
	for _, s := range env.Services {
		if s.Port > 0 && s.VIP.Is4() && mayCall(t, s) {
			calls = append(calls, s)
			c.call(s.ID, b.services[s.ID])
		}
	}
	if len(calls) > 0 { // Envoy refuses a listener without filter chains
		c.add(Listeners, b.once(old, egressKey(calls, made), func() Resource { return egressListener(calls, made) }))
	}
	if t.Port > 0 {
		key := fmt.Sprintf("%s:%d", t.Protocol, t.Port)
		c.add(Listeners, b.once(old, "ingress "+key, func() Resource { return ingressListener(t.Protocol) }))
		c.add(Clusters, b.once(old, "app "+key, func() Resource { return appCluster(t.Port, t.Protocol) }))
	}
	return c
}

// gateway configures an environment's gateway.
func (b *Builder) gateway(env topology.Environment, made Template, old map[string]Resource) Config {
	c := newConfig()
	var exposed []topology.Service
	for _, s := range env.Services {
		if published(s) {
			exposed = append(exposed, s)
			c.add(Clusters, b.services[s.ID].clusters...)
			c.add(Endpoints, b.services[s.ID].endpoints...)
			c.Calls[s.ID] = true
		}
	}
	c.add(Routes, gatewayRoutes(env.Name, exposed))
	key := fmt.Sprintf("gateway %d", made)
	c.add(Listeners, b.once(old, key, func() Resource { return gatewayListener(env.Name, made) }))
	return c
}

// mayCall: the backends a template declares, every service where it declares none, and its own in any case.
func mayCall(t topology.Task, s topology.Service) bool {
	return !t.BackendsDeclared || t.ID.Deployment.Service == s.ID || slices.Contains(t.Backends, s.ID.Name)
}

func (c Config) call(s delivery.ServiceID, b *built) {
	c.Calls[s] = true
	c.add(Clusters, b.clusters...)
	c.add(Endpoints, b.endpoints...)
	c.add(Routes, b.routes...)
}

// service makes a service's resources, unless nothing they are made of changed.
func (b *Builder) service(s topology.Service, places map[int][]place) *built {
	s.Route.Generation = 0
	if old := b.services[s.ID]; old != nil && reflect.DeepEqual(old.service, s) && reflect.DeepEqual(old.places, places) {
		return old
	}
	made := &built{service: s, places: places}
	if s.Protocol == delivery.TCP {
		made.clusters = []Resource{tcpCluster(s.ID)}
		made.endpoints = []Resource{tcpEndpoints(s.ID, s.Route.Weights, places)}
		return made
	}
	for _, n := range held(s.Route) {
		d := delivery.DeploymentID{Service: s.ID, Number: n}
		made.clusters = append(made.clusters, deploymentClusters(d, s.Protocol)...)
		made.endpoints = append(made.endpoints, deploymentEndpoints(d, places[n]))
	}
	made.routes = []Resource{serviceRoutes(s)}
	return made
}

// held are the deployments whose clusters callers hold, ascending.
func held(r delivery.Route) []int {
	all := slices.Clone(r.Known)
	for _, w := range r.Weights {
		all = append(all, w.Deployment)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// placesOf are the tasks that can be sent traffic, by service and deployment: those with an address and a proxy.
func placesOf(tasks []topology.Task, healthy func(delivery.TaskID) bool) map[delivery.ServiceID]map[int][]place {
	where := map[delivery.ServiceID]map[int][]place{}
	sorted := slices.SortedFunc(slices.Values(tasks), func(a, b topology.Task) int { return cmp.Compare(a.ID.Replica, b.ID.Replica) })
	for _, t := range sorted {
		if t.ID.Gateway() || !t.ProxyAlive || !t.Address.IsValid() {
			continue
		}
		d := t.ID.Deployment
		if where[d.Service] == nil {
			where[d.Service] = map[int][]place{}
		}
		where[d.Service][d.Number] = append(where[d.Service][d.Number], place{t.Address.String(), healthy(t.ID)})
	}
	return where
}

// once makes a resource that tasks share, or finds it among those made before.
func (b *Builder) once(old map[string]Resource, key string, build func() Resource) Resource {
	if r, ok := b.shared[key]; ok {
		return r
	}
	r, ok := old[key]
	if !ok {
		r = build()
	}
	b.shared[key] = r
	return r
}

// egressKey is all that an egress listener is made of.
func egressKey(calls []topology.Service, t Template) string {
	var key strings.Builder
	fmt.Fprintf(&key, "egress %d", t)
	for _, s := range calls {
		fmt.Fprintf(&key, " %s=%s:%d/%s/%t", s.ID, s.VIP, s.Port, s.Protocol, s.Retries == delivery.RetryNone)
	}
	return key.String()
}
