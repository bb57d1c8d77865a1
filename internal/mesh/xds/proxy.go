package xds

import (
	"cmp"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh"
	"serin.dev/serin/internal/topology"
)

// silence is how long a task's health is known after its last report.
const silence = 15 * time.Second

// proxy is one task's proxy: its Envoy and its agent.
type proxy struct {
	task     topology.Task
	wanted   bool              // among the declared tasks
	streams  map[int64]*stream // discovery; more than one while an old one is not known to be dead
	template mesh.Template     // as it last said; the newest until then

	agent      *session // the last to attach
	epoch      int64
	health     topology.Health
	since      time.Time
	detail     string
	listensOn  []int     // the app, as last reported; never changed in place
	listensAt  time.Time // when that was first reported, without silence since
	reportedAt time.Time // when the agent last reported
	wasSilent  bool
	// serves is what callers are told: the last report's word. An agent that falls silent changes nothing, for
	// then it is rather the way to us that is broken; what does not answer callers notice themselves.
	serves bool

	// counted is the last report of Envoy's counters, arrived at countedAt; the one before arrived at countedBefore.
	counted                  mesh.Readings
	countedAt, countedBefore time.Time
}

func (p *proxy) onRoster() bool {
	return p.wanted && p.task.ProxyAlive || len(p.streams) > 0
}

func (p *proxy) settledFor(want mesh.Config, s delivery.ServiceID) bool {
	for _, st := range p.streams {
		if !st.held.SettledFor(want, s) {
			return false
		}
	}
	return len(p.streams) > 0
}

func (p *proxy) settled(want mesh.Config) bool {
	for _, st := range p.streams {
		if !st.held.Settled(want) {
			return false
		}
	}
	return len(p.streams) > 0
}

func (p *proxy) silent(now time.Time) bool {
	return p.reportedAt.IsZero() || now.Sub(p.reportedAt) > silence
}

// seen is what Observe tells of it.
func (p *proxy) seen(want mesh.Config, now time.Time) topology.TaskSeen {
	seen := topology.TaskSeen{
		Connected:  len(p.streams) > 0,
		Configured: p.settled(want),
		Health:     p.health,
		Since:      p.since,
		Detail:     p.detail,
		Epoch:      p.epoch,
	}
	if p.silent(now) {
		seen.Health = topology.Unknown
		if !p.reportedAt.IsZero() {
			seen.Since = p.reportedAt
			seen.Detail = "its proxy has not reported since " + p.reportedAt.UTC().Format(time.RFC3339)
		}
	}
	if !p.silent(now) && len(p.listensOn) > 0 {
		seen.ListensOn, seen.ListensOnSince = p.listensOn, p.listensAt
	}
	if seen.Health == "" {
		seen.Health = topology.Unknown
	}
	return seen
}

// compare orders tasks as people would.
func compare(a, b delivery.TaskID) int {
	return cmp.Or(
		cmp.Compare(a.Deployment.Service.Environment, b.Deployment.Service.Environment),
		cmp.Compare(a.Deployment.Service.Name, b.Deployment.Service.Name),
		cmp.Compare(a.Deployment.Number, b.Deployment.Number),
		cmp.Compare(a.Replica, b.Replica),
	)
}
