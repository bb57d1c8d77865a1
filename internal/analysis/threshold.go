package analysis

import (
	"fmt"
	"time"

	"serin.dev/serin/internal/evidence"
)

// Threshold is the rule of deploy.json: more than FailureValue failures within FailureWindow are failing. Failures
// are 5xx answers, failed connects, resets and timeouts, as the callers or the deployment's own proxy counted them,
// whichever saw more. A task that fails its in-task check is failing too.
type Threshold struct{}

// Judge gives the verdict on a trial.
func (Threshold) Judge(t evidence.Trial) evidence.Verdict {
	checked := passed(t.Checks)
	verdict := func(o evidence.Outcome, format string, args ...any) evidence.Verdict {
		return evidence.Verdict{Outcome: o, Checked: checked, Reason: fmt.Sprintf(format, args...)}
	}
	for _, c := range t.Checks {
		if c.Failing {
			return verdict(evidence.Failing, "task %s fails its check: %s", c.Task, c.Detail)
		}
	}
	if failed := t.Recent.Failed(); failed > uint64(max(0, t.Policy.FailureValue)) {
		return verdict(evidence.Failing, "%d of %s failed within %s, at most %d may: %s",
			failed, attempts(t.Recent.Attempts()), span(t.Policy.FailureWindow), t.Policy.FailureValue, kinds(t.Recent.Worse()))
	}
	if n := t.Canary.Attempts(); n > 0 {
		return verdict(evidence.Passing, "%s since the shift, %d failed within %s, at most %d may",
			attempts(n), t.Recent.Failed(), span(t.Policy.FailureWindow), t.Policy.FailureValue)
	}
	switch {
	case t.First && checked:
		return verdict(evidence.Passing, "first deployment: %s passed throughout %s", checks(len(t.Checks)), span(t.Now.Sub(t.Shifted)))
	case t.First:
		return verdict(evidence.NotEnough, "first deployment: its tasks' checks have not passed throughout yet")
	case t.Stable.Attempts() > 0:
		return verdict(evidence.NotEnough, "nothing reached the new version since the shift, while stable got %s", attempts(t.Stable.Attempts()))
	case t.Traffic > 0:
		return verdict(evidence.NotEnough, "nothing reached the service since the shift, after %s before", attempts(t.Traffic))
	case checked:
		return verdict(evidence.Passing, "the service gets no traffic: %s passed throughout %s", checks(len(t.Checks)), span(t.Now.Sub(t.Shifted)))
	}
	return verdict(evidence.NotEnough, "the service gets no traffic, and its tasks' checks have not passed throughout yet")
}

// passed tells whether there are checks and all passed throughout.
func passed(cs []evidence.Check) bool {
	for _, c := range cs {
		if !c.Passed {
			return false
		}
	}
	return len(cs) > 0
}

func attempts(n uint64) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

func checks(n int) string {
	if n == 1 {
		return "the check of its task"
	}
	return fmt.Sprintf("the checks of its %d tasks", n)
}

func kinds(c evidence.Counts) string {
	return fmt.Sprintf("%d answered 5xx, %d not connected, %d reset, %d timed out", c.Errors5xx, c.ConnectFailed, c.Resets, c.Timeouts)
}

func span(d time.Duration) string { return d.Round(time.Second).String() }
