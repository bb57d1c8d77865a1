package mesh

import (
	"strings"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// Reading is what one report of a proxy says of one deployment, from one side.
type Reading struct {
	evidence.Counts
	Active uint64 // requests or connections under way
}

// Readings are a report's, by deployment and side.
type Readings map[Counted]*Reading

// Counted is whom a reading is about.
type Counted struct {
	Deployment delivery.DeploymentID
	Side       evidence.Side
}

// Read makes sense of a proxy's stats. reporter is the proxy's task: what arrives at its ingress is its deployment's.
func Read(reporter delivery.TaskID, stats map[string]uint64) Readings {
	r := Readings{}
	opened, closed := map[delivery.DeploymentID]uint64{}, map[delivery.DeploymentID]uint64{}
	for name, n := range stats {
		if s, ok := readStat(name); ok {
			r.count(reporter, s, n, opened, closed)
		} else if d, ok := readActive(name); ok {
			r.of(d, evidence.Caller).Active += n
		}
	}
	for d, n := range opened {
		r.of(d, evidence.Caller).Active += n - min(n, closed[d])
	}
	if !reporter.Gateway() {
		r.of(reporter.Deployment, evidence.Ingress).Active += arriving(stats)
	}
	return r
}

// readActive reads whose HTTP attempts under way a gauge counts.
func readActive(name string) (delivery.DeploymentID, bool) {
	cluster, isCluster := strings.CutPrefix(name, "cluster.")
	cluster, isActive := strings.CutSuffix(cluster, ".upstream_rq_active")
	d, _, isDeployment := ParseCluster(cluster)
	return d, isCluster && isActive && isDeployment
}

// arriving is what is under way at a task's ingress: requests where it speaks HTTP, where connections to the app
// may be idle ones, else connections.
func arriving(stats map[string]uint64) uint64 {
	if requests, ok := stats["http.ingress.downstream_rq_active"]; ok {
		return requests
	}
	return stats["cluster.app.upstream_cx_active"]
}

func (r Readings) of(d delivery.DeploymentID, side evidence.Side) *Reading {
	key := Counted{d, side}
	if r[key] == nil {
		r[key] = &Reading{}
	}
	return r[key]
}

func (r Readings) count(reporter delivery.TaskID, s stat, n uint64, opened, closed map[delivery.DeploymentID]uint64) {
	switch s.name {
	case attemptsStat:
		if d, fallback, ok := ParseCluster(s.tags[clusterTag.name]); ok {
			reading := r.of(d, evidence.Caller)
			reading.add(outcomeOf(s), n)
			if fallback {
				reading.FallbackServed += n
			}
		}
	case timeoutsStat:
		// The attempt itself is among the attempts, without a code.
		if d, _, ok := ParseCluster(s.tags[clusterTag.name]); ok {
			r.of(d, evidence.Caller).Timeouts += n
		}
	case connectionsStat:
		d, err := delivery.ParseDeploymentID(s.tags[deploymentTag.name])
		if err != nil {
			return
		}
		switch o := tcpOutcomeOf(s); {
		case o == connectFailed:
			r.of(d, evidence.Caller).add(o, n)
		case s.tags[eventTag.name] == connectedEvent:
			opened[d] += n
			r.of(d, evidence.Caller).add(answered, n)
		default:
			closed[d] += n
		}
	case ingressStat:
		r.of(reporter.Deployment, evidence.Ingress).add(outcomeOf(s), n)
	case ingressTCPStat:
		r.of(reporter.Deployment, evidence.Ingress).add(tcpOutcomeOf(s), n)
	}
}

func (r *Reading) add(o outcome, n uint64) {
	r.Attempts += n
	switch o {
	case answered:
	case failed5xx:
		r.Errors5xx += n
	case connectFailed:
		r.ConnectFailed += n
	case reset:
		r.Resets += n
	case timedOut:
		r.Timeouts += n
	}
}
