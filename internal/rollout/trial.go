package rollout

import (
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// evidenceKept is the least time for which evidence is kept.
const evidenceKept = 15 * time.Minute

// judge gives the verdicts on all rollouts of a state whose new version has traffic.
func (c *Reconciler) judge(s State, seen *Seen, now time.Time) {
	seen.Verdicts, seen.Fresh = map[delivery.RolloutID]evidence.Verdict{}, map[delivery.RolloutID]bool{}
	for _, r := range s.Rollouts {
		if !r.Phase.Serving() {
			continue
		}
		stable := delivery.DeploymentID{Service: r.Deployment.Service, Number: r.Previous}
		seen.Fresh[r.ID] = c.recorder.fresh(*seen, c.timing, now, r.Deployment, stable)
		seen.Verdicts[r.ID] = c.judges.Judge(c.trial(s, r, *seen, now))
	}
	c.recorder.retain(s.Environment.Name, s.horizon(now), s.live())
}

// trial gathers what a judge is told of a rollout.
func (c *Reconciler) trial(s State, r Rollout, seen Seen, now time.Time) evidence.Trial {
	canary, _ := s.deployment(r.Deployment)
	stable := delivery.DeploymentID{Service: r.Deployment.Service, Number: r.Previous}
	shifted := r.Shifted
	if shifted.IsZero() {
		shifted = r.Weighted
	}
	recent := later(now.Add(-canary.Policy.FailureWindow), r.Weighted)
	since := c.recorder.Window(shifted, now, r.Deployment, stable)
	whole := c.recorder.Window(r.Weighted, now, r.Deployment, stable)
	trial := evidence.Trial{
		Deployment: r.Deployment, Policy: canary.Policy, First: r.first(), Now: now, Shifted: shifted,
		Recent:  c.recorder.Window(recent, now, r.Deployment)[r.Deployment],
		Canary:  since[r.Deployment],
		Traffic: whole[r.Deployment].Attempts(),
		Checks:  checksOf(canary, seen, r.Waited, now),
	}
	if !r.first() {
		trial.Stable = since[stable]
		trial.Traffic += whole[stable].Attempts()
	}
	return trial
}

// horizon is since when the state's rollouts need evidence.
func (s State) horizon(now time.Time) time.Time {
	horizon := now.Add(-evidenceKept)
	for _, r := range s.Rollouts {
		if r.Phase.Serving() && r.Weighted.Before(horizon) {
			horizon = r.Weighted
		}
	}
	return horizon
}

// live are the deployments that still count.
func (s State) live() []delivery.DeploymentID {
	ids := make([]delivery.DeploymentID, 0, len(s.Deployments))
	for _, d := range s.Deployments {
		ids = append(ids, d.ID)
	}
	return ids
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
