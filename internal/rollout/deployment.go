package rollout

import (
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Deployment is one numbered attempt to run a revision of a service.
type Deployment struct {
	ID       delivery.DeploymentID `json:"id"`
	Revision delivery.Revision     `json:"revision"`
	Workload workload.Workload     `json:"workload"`
	Policy   delivery.Policy       `json:"policy"`
	Created  time.Time             `json:"created"`
	RunID    delivery.RunID        `json:"run_id,omitempty"`  // the pipeline's run; 0: deployed by hand
	Message  string                `json:"message,omitempty"` // for people: the commit's first line
	Author   string                `json:"author,omitempty"`

	Stage Stage `json:"stage"`
	// Since is when Stage was entered, by the control plane's clock.
	Since time.Time `json:"since"`
	// Weighted tells that it ever had a share of the traffic: only then there is something to drain.
	Weighted bool `json:"weighted"`
	// Acknowledged is when every proxy had acknowledged a route without weight for it: the drain counts from there.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
}

// Stage is how far a deployment has come on its way in or out.
type Stage string

const (
	Planned    Stage = "planned"    // nobody was told of it yet
	Live       Stage = "live"       // its tasks are declared, callers know it
	Unrouting  Stage = "unrouting"  // until every proxy has ACKed a route without weight for it
	Draining   Stage = "draining"   // until nothing is in flight to it
	Forgetting Stage = "forgetting" // until every proxy has ACKed a route that does not know it
	Removing   Stage = "removing"   // until the engine has seen that no task of it is left
	Removed    Stage = "removed"
)

// Declared tells whether the engine is told to run the deployment's tasks.
func (s Stage) Declared() bool {
	return s == Live || s == Unrouting || s == Draining || s == Forgetting
}

// Known tells whether callers hold the deployment's cluster and endpoints.
func (s Stage) Known() bool { return s == Live || s == Unrouting || s == Draining }

// Leaving tells whether the deployment is on its way out.
func (s Stage) Leaving() bool { return s != Planned && s != Live && s != Removed }

// enter moves the deployment to a stage.
func (d Deployment) enter(s Stage, now time.Time) Deployment {
	d.Stage, d.Since = s, now
	return d
}

// retire sends the deployment on its way out, from where it is.
func (d Deployment) retire(now time.Time) Deployment {
	switch d.Stage {
	case Planned:
		return d.enter(Removed, now)
	case Live:
		return d.enter(Unrouting, now)
	}
	return d
}

// Departure is what is seen of a deployment on its way out.
type Departure struct {
	Acknowledged bool   // every proxy of the roster has ACKed the service's present route
	InFlight     uint64 // requests or connections under way to it, at its callers and its own ingress
	Reported     bool   // InFlight is newer than the acknowledged route
	Gone         bool   // the engine looked since Stage was entered, and saw no task of it
}

// leave is the way out: one stage at a time, each on what was seen.
func (d Deployment) leave(seen Departure, t Timing, now time.Time) Deployment {
	switch d.Stage {
	case Unrouting:
		if seen.Acknowledged && !d.Weighted {
			return d.enter(Forgetting, now)
		}
		if seen.Acknowledged {
			d.Acknowledged = now
			return d.enter(Draining, now)
		}
	case Draining:
		waited := now.Sub(d.Acknowledged)
		idle := seen.Reported && seen.InFlight == 0
		if idle && waited >= t.RouteTimeout || waited >= t.DrainDeadline {
			return d.enter(Forgetting, now)
		}
	case Forgetting:
		if seen.Acknowledged {
			return d.enter(Removing, now)
		}
	case Removing:
		if seen.Gone {
			return d.enter(Removed, now)
		}
	}
	return d
}

// wakeAt is when time alone may move the deployment on; zero when it cannot.
func (d Deployment) wakeAt(t Timing, now time.Time) time.Time {
	if d.Stage != Draining {
		return time.Time{}
	}
	if at := d.Acknowledged.Add(t.RouteTimeout); now.Before(at) {
		return at
	}
	return d.Acknowledged.Add(t.DrainDeadline)
}
