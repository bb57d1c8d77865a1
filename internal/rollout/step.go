package rollout

import (
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// Seen is all that was seen of an environment in one look.
type Seen struct {
	Looked   bool              // the engine answered; otherwise Engine is an earlier look
	Engine   workload.Observed //
	Mesh     topology.Observed
	Verdicts map[delivery.RolloutID]evidence.Verdict // of the rollouts whose new version has traffic
	Fresh    map[delivery.RolloutID]bool
}

// step says what changes in an environment, given what was seen of the state that was declared. It is pure.
func step(s State, seen Seen, t Timing, now time.Time) Change {
	p := newPlan(s, now)
	for _, r := range s.Rollouts {
		p.advance(r, seen, t)
	}
	for _, d := range s.Deployments {
		p.depart(d.ID, s, seen, t)
	}
	for _, svc := range s.Services {
		p.close(svc)
	}
	p.closeEnvironment(s, seen)
	return p.change()
}

// advance lets one rollout decide, and does to its service and deployments what its new phase means.
func (p *plan) advance(r Rollout, seen Seen, t Timing) {
	obs := p.observe(r, seen, t)
	next := decide(r, obs, t, p.at)
	if next == r {
		return
	}
	if next.Phase != r.Phase {
		next = p.note(next, Event{
			Phase: r.Phase, Since: r.Since, Attempt: r.Waits,
			Input:  eventInput{r.Percent, r.Generation, r.Hold, r.Intent},
			Output: output(next, obs),
			Error:  failure(r, next),
		})
	} else if next.Hold != r.Hold || next.Stuck != r.Stuck {
		next = p.note(next, Event{Phase: r.Phase, Since: r.Since, Output: output(next, obs), Error: next.Stuck})
	}
	p.putRollout(next)
	if next.Phase != r.Phase {
		p.enact(next)
	}
}

// enact does what entering a phase means.
func (p *plan) enact(r Rollout) {
	canary, _ := p.deployment(r.Deployment)
	switch {
	case r.Phase == DeployNewVersion:
		p.putDeployment(canary.enter(Live, p.at))
		p.adopt(canary)
	case r.Phase == ShiftTraffic && !canary.Weighted:
		canary.Weighted = true
		p.putDeployment(canary)
	case r.Phase == PromoteVersion:
		svc, _ := p.service(r.Deployment.Service.Name)
		svc.Stable = r.Deployment.Number
		p.putService(svc)
	case r.Phase == RemoveOldVersion:
		if old, ok := p.deployment(delivery.DeploymentID{Service: r.Deployment.Service, Number: r.Previous}); ok {
			p.putDeployment(old.retire(p.at))
		}
	case r.Phase == RollBack, r.Phase.Ended() && canary.Stage == Planned:
		p.putDeployment(canary.retire(p.at))
	}
}

// adopt gives a service what its callers see of its first deployment. Until one is stable nobody depends on it, so
// the next attempt may be another; from then on the service's port and protocol are its callers'.
func (p *plan) adopt(first Deployment) {
	if svc, ok := p.service(first.ID.Service.Name); ok && svc.Stable == 0 {
		svc.Port, svc.Protocol = first.Workload.Port, first.Workload.Protocol
		p.putService(svc)
	}
}

// depart moves a deployment that leaves one stage on. The observation is of the state before this step, so it
// counts only for one that did not change in it.
func (p *plan) depart(id delivery.DeploymentID, was State, seen Seen, t Timing) {
	d, _ := was.deployment(id)
	if !d.Stage.Leaving() || !seen.Looked {
		return
	}
	if next := d.leave(departure(d, was, seen), t, p.at); next.Stage != d.Stage {
		p.putDeployment(next)
	}
}

// close moves a service that is being deleted on: first its rollouts, then its stable deployment, then itself.
func (p *plan) close(was Service) {
	svc, ok := p.service(was.ID.Name)
	if !ok || !svc.Deleting || p.active(svc.ID) != nil || p.pending(svc.ID) != nil {
		return
	}
	left := p.of(svc.ID)
	left = slices.DeleteFunc(left, func(d Deployment) bool { return d.Stage == Removed })
	if len(left) == 0 {
		p.deleteService(svc.ID)
		return
	}
	if svc.Stable != 0 {
		svc.Stable = 0
		p.putService(svc)
	}
	for _, d := range left {
		if d.Stage == Planned || d.Stage == Live {
			p.putDeployment(d.retire(p.at))
		}
	}
}

// closeEnvironment ends an environment that is being deleted, once the engine has seen that nothing of it is left.
func (p *plan) closeEnvironment(was State, seen Seen) {
	if was.Environment.Deleting && len(was.Services) == 0 && seen.Looked && len(seen.Engine.Tasks) == 0 {
		p.gone = true
	}
}

// eventInput is what a phase began with.
type eventInput struct {
	Percent    int                 `json:"percent"`
	Generation delivery.Generation `json:"generation,omitempty"`
	Hold       Hold                `json:"hold,omitempty"`
	Intent     Intent              `json:"intent,omitempty"`
}

// eventOutput is what a phase ended with.
type eventOutput struct {
	Next    Phase             `json:"next"`
	Percent int               `json:"percent"`
	Hold    Hold              `json:"hold,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Verdict *evidence.Verdict `json:"verdict,omitempty"`
}

func output(next Rollout, obs Observation) eventOutput {
	out := eventOutput{Next: next.Phase, Percent: next.Percent, Hold: next.Hold, Reason: next.Reason}
	if obs.Verdict.Outcome != "" {
		out.Verdict = &obs.Verdict
	}
	return out
}

// failure is why a phase failed, "" when it did not.
func failure(was, next Rollout) string {
	if next.Phase == RollBack && !was.unwanted() || next.Phase == CleanupFailed {
		return next.Reason
	}
	return ""
}
