package rollout

import (
	"fmt"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// Begin is a new rollout: it waits for its turn.
func Begin(id delivery.RolloutID, d delivery.DeploymentID, now time.Time) Rollout {
	return Rollout{ID: id, Deployment: d, Phase: Pending, Created: now, Since: now}
}

func (r Rollout) enter(p Phase, now time.Time) Rollout {
	r.Phase, r.Since = p, now
	r.Deadline, r.WakeAt, r.Stuck = time.Time{}, time.Time{}, ""
	return r
}

func (r Rollout) until(deadline time.Time) Rollout {
	r.Deadline, r.WakeAt = deadline, deadline
	return r
}

func (r Rollout) end(p Phase, now time.Time) Rollout {
	r = r.enter(p, now)
	r.Hold = NoHold
	return r
}

// late tells whether the phase's deadline has passed.
func (r Rollout) late(now time.Time) bool { return !r.Deadline.IsZero() && !now.Before(r.Deadline) }

// unwanted tells whether somebody wants it back.
func (r Rollout) unwanted() bool { return r.Intent == Abort || r.Intent == Replace }

// first tells whether there was no stable deployment before it.
func (r Rollout) first() bool { return r.Previous == 0 }

func (r Rollout) check(stable int, now time.Time) Rollout {
	r = r.enter(CheckDeploymentVersion, now)
	r.Previous = stable
	return r
}

// refuse ends a rollout of which nothing was declared yet.
func (r Rollout) refuse(why string, now time.Time) Rollout {
	r = r.end(RolledBack, now)
	r.Reason = why
	return r
}

func (r Rollout) deploy(p delivery.Policy, t Timing, now time.Time) Rollout {
	timeout := p.DeployTimeout
	if timeout <= 0 {
		timeout = t.DeployTimeout
	}
	return r.enter(DeployNewVersion, now).until(now.Add(timeout))
}

// shift gives the new version its next share: all of it to a first deployment, or when an operator promoted it.
func (r Rollout) shift(p delivery.Policy, now time.Time) Rollout {
	r = r.enter(ShiftTraffic, now)
	next, last := r.Percent+max(1, p.Step), 100-p.Holdback
	if next > last && r.Percent < last {
		next = last
	}
	r.Percent = min(100, next)
	if r.first() || r.Intent == Promote {
		r.Percent = 100
	}
	if r.Weighted.IsZero() {
		r.Weighted = now
	}
	r.Waits = 0
	return r
}

// shifted begins the wait: every proxy has acknowledged the share.
func (r Rollout) shifted(p delivery.Policy, now time.Time) Rollout {
	r.Shifted = now
	return r.wait(r.bake(p), now)
}

// bake is how long the present share is watched.
func (r Rollout) bake(p delivery.Policy) time.Duration {
	if r.Percent == 100 && !r.first() {
		return p.KeepPrevious
	}
	return p.Wait
}

func (r Rollout) wait(d time.Duration, now time.Time) Rollout {
	r = r.enter(Wait, now)
	r.Waited, r.WakeAt = now, now.Add(d)
	r.Waits++
	return r
}

// waitAgain looks for more evidence at the same share.
func (r Rollout) waitAgain(p delivery.Policy, t Timing, now time.Time) Rollout {
	return r.wait(max(r.bake(p), t.ThinWait), now)
}

func (r Rollout) gather(now time.Time) Rollout { return r.enter(GatherHealth, now) }

// ask holds the rollout until evidence comes or somebody decides.
func (r Rollout) ask(v evidence.Verdict) Rollout {
	r.Hold, r.Reason = TooLittle, v.Reason
	if v.Outcome == evidence.NotEnough {
		r.Reason = "too little evidence: " + v.Reason
	}
	return r
}

// promoted is the commit point: stored together with the service's new stable deployment.
func (r Rollout) promoted(now time.Time) Rollout {
	r = r.enter(PromoteVersion, now)
	r.Reason = ""
	return r
}

func (r Rollout) removeOld(t Timing, now time.Time) Rollout {
	return r.enter(RemoveOldVersion, now).until(now.Add(t.CleanupDeadline))
}

func (r Rollout) succeed(why string, now time.Time) Rollout {
	r = r.end(Succeeded, now)
	r.Reason = why
	return r
}

func (r Rollout) cleanupFailed(seen Observation, now time.Time) Rollout {
	r = r.end(CleanupFailed, now)
	r.Reason = fmt.Sprintf("deployment %d is stable; deployment %d is not removed yet, and is still tried: %s", r.Deployment.Number, r.Previous, seen.obstacle())
	return r
}

// rollBack takes all traffic from the new version and sends it on its way out.
func (r Rollout) rollBack(why string, t Timing, now time.Time) Rollout {
	r = r.enter(RollBack, now).until(now.Add(t.CleanupDeadline))
	r.Percent, r.Hold, r.Reason = 0, NoHold, why
	return r
}

// stuck says loudly that a rollback does not end; it goes on being tried.
func (r Rollout) stuck(seen Observation) Rollout {
	r.Stuck = "the rollback does not end, and is still tried: " + seen.obstacle()
	r.WakeAt = time.Time{}
	return r
}

func (r Rollout) rolledBack(now time.Time) Rollout {
	switch r.Intent {
	case Abort:
		return r.end(Aborted, now)
	case Replace:
		return r.end(Superseded, now)
	}
	return r.end(RolledBack, now)
}

// withdraw ends a rollout that somebody wants back: at once when nothing was declared yet.
func (r Rollout) withdraw(t Timing, now time.Time) Rollout {
	if r.Phase == Pending || r.Phase == CheckDeploymentVersion {
		return r.rolledBack(now)
	}
	return r.rollBack(r.Reason, t, now)
}

// What operators and newer pushes want.

func (r Rollout) abort(why string) Rollout {
	r.Intent, r.Reason = Abort, why
	return r
}

func (r Rollout) replace(by delivery.DeploymentID) Rollout {
	r.Intent, r.Reason = Replace, fmt.Sprintf("replaced by deployment %d", by.Number)
	return r
}

func (r Rollout) promote() Rollout {
	r.Intent, r.Hold, r.Reason = Promote, NoHold, ""
	return r
}

func (r Rollout) pause(why string) Rollout {
	r.Hold, r.Reason = Paused, why
	if r.Intent == Promote {
		r.Intent = NoIntent
	}
	return r
}

// resume lifts any hold. One that asked for evidence waits for it anew.
func (r Rollout) resume() Rollout {
	if r.Hold == TooLittle {
		r.Waits = 0
	}
	r.Hold, r.Reason = NoHold, ""
	return r
}
