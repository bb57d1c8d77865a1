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
		if d, fallback, ok := ParseCluster(s.value(clusterTag)); ok {
			r.of(d, evidence.Caller).attempted(s, fallback, n)
		}
	case timeoutsStat:
		if d, fallback, ok := ParseCluster(s.value(clusterTag)); ok {
			r.of(d, evidence.Caller).gaveUp(fallback, n)
		}
	case connectionsStat:
		d, err := delivery.ParseDeploymentID(s.value(deploymentTag))
		if err != nil {
			return
		}
		switch o := tcpOutcomeOf(s); {
		case o == connectFailed:
			r.of(d, evidence.Caller).add(o, n)
		case s.value(eventTag) == connectedEvent:
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

// attempted counts HTTP attempts of one kind. Only those that were answered have a latency: a failure that came fast
// is no fast answer. Those of the fallback have none, since what failed elsewhere before is no fair sample.
func (r *Reading) attempted(s stat, fallback bool, n uint64) {
	o := outcomeOf(s)
	r.add(o, n)
	if fallback {
		r.FallbackServed += n
		if o != answered {
			r.FallbackFailed += n
		}
		return
	}
	if bucket, ok := bucketOf(s); ok && o == answered {
		r.Latency[bucket] += n
	}
}

// gaveUp counts timeouts. The attempts themselves are among the others, most without a code; one whose answer had begun
// keeps its latency.
func (r *Reading) gaveUp(fallback bool, n uint64) {
	r.Timeouts += n
	if fallback {
		r.FallbackFailed += n
	}
}

func (r *Reading) add(o outcome, n uint64) {
	r.Attempts += n
	switch o {
	case answered:
	case failed5xx:
		r.Errors5xx += n
	case failedGRPC:
		r.ErrorsGRPC += n
	case connectFailed:
		r.ConnectFailed += n
	case reset:
		r.Resets += n
	case timedOut:
		r.Timeouts += n
	}
}
