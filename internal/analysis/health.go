package analysis

import (
	"fmt"
	"time"

	"serin.dev/serin/internal/evidence"
)

// sick is a sentence on a task whose check fails for longer than its threshold allows, "" when there is none.
func sick(cs []evidence.Check) string {
	for _, c := range cs {
		if c.Failing {
			return fmt.Sprintf("task %s fails its check: %s", c.Task, c.Detail)
		}
	}
	return ""
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

// quiet judges a version that nobody has called since the shift. If the service is called at all, silence says
// nothing; if it is not, or if this is its first version, the checks inside its tasks decide.
func quiet(t evidence.Trial, iv *evidence.Interval, stableSince, before uint64) (evidence.Outcome, string) {
	checked, watched := passed(iv.Checks), watchedFor(iv)
	switch {
	case t.First() && checked:
		return evidence.Healthy, fmt.Sprintf("first deployment: %s passed throughout %s", checks(len(iv.Checks)), span(watched))
	case t.First():
		return evidence.NotEnough, "first deployment: its tasks' checks have not passed throughout yet"
	case stableSince > 0:
		return evidence.NotEnough, fmt.Sprintf("nothing reached the new version since the shift, while stable got %s", attempts(stableSince))
	case before > 0:
		return evidence.NotEnough, fmt.Sprintf("nothing reached the service since the shift, after %s before", attempts(before))
	case checked:
		return evidence.Healthy, fmt.Sprintf("the service gets no traffic: %s passed throughout %s", checks(len(iv.Checks)), span(watched))
	}
	return evidence.NotEnough, "the service gets no traffic, and its tasks' checks have not passed throughout yet"
}

// watchedFor is for how long checks that passed have passed at least: for the present wait.
func watchedFor(iv *evidence.Interval) time.Duration {
	if iv.Waited.IsZero() {
		return 0
	}
	return iv.To.Sub(iv.Waited)
}

func checks(n int) string {
	if n == 1 {
		return "the check of its task"
	}
	return fmt.Sprintf("the checks of its %d tasks", n)
}
