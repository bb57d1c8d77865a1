package rollout

import (
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// Observation is what is seen of one rollout.
type Observation struct {
	Policy  delivery.Policy
	Busy    bool   // another rollout of the service is active
	Closing bool   // the service is being deleted
	Stable  int    // the service's stable deployment
	Same    bool   // the stable deployment runs the same revision
	Misfit  string // a sentence on why it cannot follow the stable one, "" when it can

	Looked       bool   // the engine answered this time
	Ready        bool   // all tasks run, pass their checks and have ACKed their configuration
	Missing      string // a sentence on what is missing until Ready
	Astray       string // a sentence on a task that listens on another port than its own, "" when none does
	Acknowledged bool   // every proxy of the roster has ACKed the service's present route
	Waiting      string // a sentence on who has not

	Fresh   bool // every living proxy that counts has reported lately
	Verdict evidence.Verdict

	Gone         bool // nothing is left of the deployment
	PreviousGone bool // nothing is left of the previous one
}

// decide is the state machine: at most one transition, on what is seen and the time alone.
func decide(r Rollout, seen Observation, t Timing, now time.Time) Rollout {
	if seen.Closing && r.Phase.Abortable() && r.Intent != Abort {
		r = r.abort("its service is being deleted")
	}
	switch {
	case r.unwanted() && r.Phase.Abortable():
		return r.withdraw(t, now)
	case r.Phase.Serving() && seen.Verdict.Outcome == evidence.Failing:
		return r.rollBack(seen.Verdict.Reason, t, now)
	}
	switch r.Phase {
	case Pending:
		if !seen.Busy {
			return r.check(seen.Stable, now)
		}
	case CheckDeploymentVersion:
		switch {
		case seen.Same:
			return r.succeed("the stable version is the same revision: nothing to do", now)
		case seen.Misfit != "":
			return r.refuse(seen.Misfit, now)
		}
		return r.deploy(seen.Policy, t, now)
	case DeployNewVersion:
		return r.deploying(seen, t, now)
	case ShiftTraffic:
		if seen.Looked && seen.Acknowledged {
			return r.shifted(seen.Policy, now)
		}
	case Wait:
		if seen.Looked && (r.Intent == Promote || !now.Before(r.WakeAt)) {
			return r.gather(now)
		}
	case GatherHealth:
		return r.gathering(seen, t, now)
	case PromoteVersion:
		if r.Previous == 0 {
			return r.succeed("", now)
		}
		return r.removeOld(t, now)
	case RemoveOldVersion:
		switch {
		case seen.PreviousGone:
			return r.succeed("", now)
		case r.late(now):
			return r.cleanupFailed(seen, now)
		}
	case RollBack:
		switch {
		case seen.Gone:
			return r.rolledBack(now)
		case r.late(now) && r.Stuck == "":
			return r.stuck(seen)
		}
	}
	return r
}

// deploying waits for all tasks, until the deadline, or until one has gone astray. A hold keeps a ready one from its
// first traffic, and gives one that seems astray all its time.
func (r Rollout) deploying(seen Observation, t Timing, now time.Time) Rollout {
	ready := seen.Looked && seen.Ready && seen.Acknowledged
	switch {
	case ready && r.Hold == NoHold:
		return r.shift(seen.Policy, now)
	case ready:
		return r
	case r.late(now):
		return r.rollBack("not ready in time: "+seen.obstacle(), t, now)
	case seen.Looked && seen.Astray != "" && r.Hold == NoHold:
		return r.rollBack(seen.Astray, t, now)
	}
	return r
}

// gathering acts on the verdict: onward, back to wait, or a hold that asks. A failing one never comes here.
func (r Rollout) gathering(seen Observation, t Timing, now time.Time) Rollout {
	promote := r.Intent == Promote
	if !seen.Looked || !seen.Acknowledged || !seen.Fresh && !promote {
		return r
	}
	thin := r.Waits >= t.Waits && seen.Policy.NoTraffic == delivery.NoTrafficChecks && seen.Verdict.Checked && seen.Verdict.Thin
	if !promote && !thin && seen.Verdict.Outcome != evidence.Healthy {
		switch {
		case r.Hold != NoHold:
			return r
		case r.Waits >= t.Waits:
			return r.ask(seen.Verdict)
		}
		return r.waitAgain(seen.Policy, t, now)
	}
	if r.Hold == TooLittle {
		r = r.resume()
	}
	switch {
	case r.Hold != NoHold:
		return r
	case r.Percent < 100:
		return r.shift(seen.Policy, now)
	}
	return r.promoted(now)
}

// obstacle is a sentence on why nothing moves.
func (o Observation) obstacle() string {
	switch {
	case !o.Looked:
		return "the engine does not answer"
	case !o.Ready && o.Missing != "":
		return o.Missing
	case !o.Acknowledged && o.Waiting != "":
		return o.Waiting
	}
	return "waiting for the engine to remove its tasks"
}
