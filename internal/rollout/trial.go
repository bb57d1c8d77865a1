package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// hearing is one rollout before its judge: what the judge was told until now, and what it said. A restart hears all
// that was stored again, and goes on.
type hearing struct {
	judge   Judge
	to      time.Time // the end of the last interval that was told
	told    told
	percent int
	shifted time.Time
	verdict evidence.Verdict
}

// told is all that intervals have said: what comes next is what was counted since the start, less this. So whatever
// comes late, twice or not at all, each attempt is told once.
type told struct{ canary, stable evidence.Tally }

func (t told) add(iv evidence.Interval) told {
	return told{t.canary.Plus(iv.Canary), t.stable.Plus(iv.Stable)}
}

// judge gives the verdicts on all rollouts of a state whose new version has traffic.
func (c *Reconciler) judge(ctx context.Context, l *loop, s State, seen *Seen, now time.Time) error {
	seen.Verdicts, seen.Fresh = map[delivery.RolloutID]evidence.Verdict{}, map[delivery.RolloutID]bool{}
	heard := map[delivery.RolloutID]*hearing{}
	var failed error
	for _, r := range s.Rollouts {
		if !r.Phase.Serving() {
			continue
		}
		h, err := c.hearing(ctx, l, s, r)
		if err != nil {
			failed = errors.Join(failed, err)
			continue // without a verdict nothing is promoted
		}
		heard[r.ID] = h
		if h.due(r, c.timing, now) {
			iv := c.interval(s, r, h, *seen, now)
			h.hear(iv)
			c.recorder.keep(r.ID, iv)
		}
		silent := c.recorder.silent(*seen, c.timing, now, r.Deployment, r.stable())
		seen.Fresh[r.ID] = len(silent) == 0 && c.recorder.settled(c.timing, now)
		seen.Verdicts[r.ID] = h.verdict
	}
	c.publish(l.hearings, heard)
	l.hearings = heard
	c.recorder.retain(s.Environment.Name, s.marks(now), s.live())
	return failed
}

// publish lets others see the verdicts, until their rollouts are heard no more.
func (c *Reconciler) publish(before, now map[delivery.RolloutID]*hearing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range before {
		delete(c.verdicts, id)
	}
	for id, h := range now {
		c.verdicts[id] = h.verdict
	}
}

// Verdict gives the last one on a rollout whose new version has traffic.
func (c *Reconciler) Verdict(id delivery.RolloutID) (v evidence.Verdict, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok = c.verdicts[id]
	return v, ok
}

// LastVerdict gives the last one that a rollout's history has: of a rollout that has ended, the one that decided.
func LastVerdict(history []Event) (v evidence.Verdict, ok bool) {
	for _, e := range slices.Backward(history) {
		raw, _ := e.Output.(json.RawMessage)
		var out eventOutput
		if err := json.Unmarshal(raw, &out); err == nil && out.Verdict != nil {
			return *out.Verdict, true
		}
	}
	return evidence.Verdict{}, false
}

// hearing gives the one of a rollout: the one that goes on, the stored one, or a new one.
func (c *Reconciler) hearing(ctx context.Context, l *loop, s State, r Rollout) (*hearing, error) {
	if h, ok := l.hearings[r.ID]; ok {
		return h, nil
	}
	trial, intervals, err := c.trials.LoadTrial(ctx, r.ID)
	if errors.Is(err, delivery.NotFound) {
		canary, _ := s.deployment(r.Deployment)
		trial = evidence.Trial{
			Deployment: r.Deployment, Stable: r.stable(), Policy: canary.Policy,
			Start: r.Weighted, Before: c.recorder.record(r.stable()),
		}
		err = c.trials.SaveTrial(ctx, r.ID, trial)
	}
	if err != nil {
		return nil, err
	}
	h := &hearing{judge: c.judges(trial), to: trial.Start}
	for _, iv := range intervals {
		h.hear(iv)
	}
	return h, nil
}

// due tells whether the judge is to be told what came since: it is time, the verdict is wanted now, or the share or
// who has acknowledged it changed.
func (h *hearing) due(r Rollout, t Timing, now time.Time) bool {
	elapsed := now.Sub(h.to)
	wanted := r.Phase == GatherHealth && h.to.Before(r.Since)
	return h.verdict.Outcome == "" || wanted || elapsed >= r.rhythm(t, now) ||
		r.Percent != h.percent || !r.acknowledged().Equal(h.shifted)
}

// rhythm is how often a rollout is looked at: each second in its first hour, then ever more seldom, ten seconds apart
// at most, so that what is stored of one that waits for a week is bounded.
func (r Rollout) rhythm(t Timing, now time.Time) time.Duration {
	const most = 10
	return max(t.Look, min(most*t.Look, now.Sub(r.Weighted)/3600))
}

// acknowledged is when every proxy had acknowledged the present share; zero while one has not.
func (r Rollout) acknowledged() time.Time {
	if r.Phase == ShiftTraffic {
		return time.Time{}
	}
	return r.Shifted
}

func (h *hearing) hear(iv evidence.Interval) {
	h.verdict = h.judge.Look(iv)
	h.to, h.told, h.percent, h.shifted = iv.To, h.told.add(iv), iv.Percent, iv.Shifted
}

// interval is what happened to a rollout since its judge was told last.
func (c *Reconciler) interval(s State, r Rollout, h *hearing, seen Seen, now time.Time) evidence.Interval {
	canary, _ := s.deployment(r.Deployment)
	counted := c.recorder.Window(r.Weighted, now, r.Deployment, r.stable())
	iv := evidence.Interval{
		From: h.to, To: now, Percent: r.Percent, Shifted: r.acknowledged(), Waited: r.Waited,
		Canary: counted[r.Deployment].Minus(h.told.canary),
		Checks: checksOf(canary, seen, r.Waited, now),
		Silent: c.recorder.silent(seen, c.timing, now, r.Deployment, r.stable()),
	}
	if !r.first() {
		iv.Stable = counted[r.stable()].Minus(h.told.stable)
	}
	return iv
}

// stable is the deployment beside the new one; of number 0 when there is none.
func (r Rollout) stable() delivery.DeploymentID {
	if r.first() {
		return delivery.DeploymentID{}
	}
	return delivery.DeploymentID{Service: r.Deployment.Service, Number: r.Previous}
}

// marks are the times from which the state's rollouts count, ascending, and last the time from which all is kept.
func (s State) marks(now time.Time) []time.Time {
	recent := now.Add(-evidenceKept)
	marks := []time.Time{recent}
	for _, r := range s.Rollouts {
		if r.Phase.Serving() && r.Weighted.Before(recent) {
			marks = append(marks, r.Weighted)
		}
	}
	slices.SortFunc(marks, time.Time.Compare)
	return marks
}

// evidenceKept is the time for which every reading is kept.
const evidenceKept = 15 * time.Minute

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
