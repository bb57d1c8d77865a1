package xds

import (
	"maps"
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/mesh"
	"serin.dev/serin/internal/topology"
)

// Observe says how far each route of an environment has come and how each task does; of an environment that was
// not declared, nothing.
func (s *Server) Observe(environment string) topology.Observed {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := topology.Observed{
		Services: map[delivery.ServiceID]topology.ServiceSeen{},
		Tasks:    map[delivery.TaskID]topology.TaskSeen{},
	}
	e := s.environments[environment]
	if e == nil {
		return seen
	}
	now := s.options.Now()
	for id, p := range e.proxies {
		seen.Tasks[id] = p.seen(e.configs[id], now)
	}
	for _, v := range e.declared.Services {
		seen.Services[v.ID] = e.serviceSeen(v)
	}
	return seen
}

func (e *environment) serviceSeen(v topology.Service) topology.ServiceSeen {
	p := e.routes[v.ID]
	seen := topology.ServiceSeen{Acknowledged: p.acknowledged}
	if p.acknowledged != p.generation {
		seen.Waiting = e.waiting(v.ID)
	} else {
		seen.InFlight = e.inFlight(v, p.ackedAt)
	}
	for _, x := range e.roster() {
		if e.configs[x.task.ID].Calls[v.ID] {
			seen.Rejected = append(seen.Rejected, x.rejections()...)
		}
	}
	slices.SortFunc(seen.Rejected, func(a, b topology.Rejection) int { return compare(a.Task, b.Task) })
	return seen
}

// inFlight sums what is under way to each deployment of a service at its callers and at its own ingress. A
// deployment is left out while any of them has yet to report what it saw after the route was acknowledged.
func (e *environment) inFlight(v topology.Service, acked time.Time) map[int]uint64 {
	roster := e.roster()
	sums := map[int]uint64{}
	for _, n := range e.deployments(v) {
		sum, whole := uint64(0), true
		for _, p := range roster {
			d := delivery.DeploymentID{Service: v.ID, Number: n}
			calls, hosts := e.configs[p.task.ID].Calls[v.ID], p.task.ID.Deployment == d
			whole = whole && (!calls && !hosts || p.countedSince(acked))
			if calls {
				sum += p.active(mesh.Counted{Deployment: d, Side: evidence.Caller})
			}
			if hosts {
				sum += p.active(mesh.Counted{Deployment: d, Side: evidence.Ingress})
			}
		}
		if whole {
			sums[n] = sum
		}
	}
	return sums
}

// deployments are those of a service that callers know or that have tasks.
func (e *environment) deployments(v topology.Service) []int {
	numbers := map[int]bool{}
	for _, n := range v.Route.Known {
		numbers[n] = true
	}
	for _, w := range v.Route.Weights {
		numbers[w.Deployment] = true
	}
	for id := range e.proxies {
		if id.Deployment.Service == v.ID {
			numbers[id.Deployment.Number] = true
		}
	}
	return slices.Sorted(maps.Keys(numbers))
}

// countedSince tells whether the proxy's last report was made after t. It was on its way for a moment, so the
// one before it must have arrived after t.
func (p *proxy) countedSince(t time.Time) bool { return p.countedBefore.After(t) }

func (p *proxy) active(c mesh.Counted) uint64 {
	if r := p.counted[c]; r != nil {
		return r.Active
	}
	return 0
}

// ProxyStatus is one proxy for people to see.
type ProxyStatus struct {
	Task         delivery.TaskID `json:"task"`
	Connected    bool            `json:"connected"`
	Version      string          `json:"version"`      // of Envoy; "" until it connects
	Agent        string          `json:"agent"`        // version of serin-proxy; "" until it attaches
	Wanted       int             `json:"wanted"`       // resources it is to hold
	Acknowledged int             `json:"acknowledged"` // resources it holds, in whatever version
	Configured   bool            `json:"configured"`   // it holds all, in the wanted versions
	LastError    string          `json:"last_error"`   // its last refusal, "" when all since was accepted
}

// Proxies lists an environment's proxies, ascending.
func (s *Server) Proxies(environment string) []ProxyStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.environments[environment]
	if e == nil {
		return nil
	}
	all := make([]ProxyStatus, 0, len(e.proxies))
	for id, p := range e.proxies {
		status := ProxyStatus{Task: id, Connected: len(p.streams) > 0, Configured: p.settled(e.configs[id]), Wanted: e.configs[id].Len()}
		if p.agent != nil {
			status.Agent = p.agent.version
		}
		for _, st := range p.streams {
			status.Version = st.version
			status.Acknowledged = st.held.Acknowledged()
		}
		if r := p.rejections(); len(r) > 0 {
			status.LastError = r[0].Detail
		}
		all = append(all, status)
	}
	slices.SortFunc(all, func(a, b ProxyStatus) int { return compare(a.Task, b.Task) })
	return all
}
