package delivery

import "time"

// Policy says how a new deployment replaces the stable one, and by what it is judged. Its JSON holds durations in
// nanoseconds, as encoding/json writes them.
type Policy struct {
	Step          int           `json:"step"`               // percent of the traffic added by each shift, 1 to 100
	Wait          time.Duration `json:"wait"`               // the bake after each shift, under watch
	Holdback      int           `json:"holdback,omitempty"` // percent of the traffic that the last shift before 100 % leaves to stable; 0: no such shift
	KeepPrevious  time.Duration `json:"keep_previous"`      // the bake at 100 %, with the old deployment warm
	FailureValue  int           `json:"failure_value"`      // the failures within FailureWindow that are still healthy, from 0; -1: any number
	FailureWindow time.Duration `json:"failure_window"`     // the time over which failures are counted
	DeployTimeout time.Duration `json:"deploy_timeout"`     // until all tasks must run and pass their checks
	NoTraffic     NoTraffic     `json:"no_traffic"`
	Retries       Retries       `json:"retries"`
	Judgement     Judgement     `json:"judgement,omitzero"`
}

// Judgement is what a deployment is judged by beside the number of its failures.
type Judgement struct {
	// FalseAlarmRate bounds the chance that a version as good as stable is rolled back by comparison with it,
	// however long one looks: above 0, below 1. 0: DefaultFalseAlarmRate.
	FalseAlarmRate float64 `json:"false_alarm_rate,omitempty"`
	// FailurePercent is the share of failed attempts within FailureWindow that is still healthy, once at least
	// FailureMinimum attempts were made in it. 0: it is not looked at.
	FailurePercent float64 `json:"failure_percent,omitempty"`
	FailureMinimum int     `json:"failure_minimum,omitempty"`
	// LatencyTolerance is how many times as often as stable's a new version's answers may be slow: 1 or more.
	// 0: latency is not judged.
	LatencyTolerance float64 `json:"latency_tolerance,omitempty"`
	// ErrorMargin is by how much, as a share of all attempts, a promoted version may be worse than stable at most:
	// above 0, below 1. 0: it is promoted when nothing speaks against it.
	ErrorMargin float64 `json:"error_margin,omitempty"`
	// MaxFailedAttempts and MaxUsersHurt bound what one rollout may cost: attempts that the new version failed, and
	// those of them that no retry saved. 0: no bound.
	MaxFailedAttempts int `json:"max_failed_attempts,omitempty"`
	MaxUsersHurt      int `json:"max_users_hurt,omitempty"`
}

// DefaultFalseAlarmRate is one good version rolled back in a hundred, at most.
const DefaultFalseAlarmRate = 0.01

// Check fails with Invalid for a policy that cannot be meant.
func (p Policy) Check() error {
	j := p.Judgement
	switch {
	case p.Step < 1 || p.Step > 100:
		return Errorf(Invalid, "the step is %d %%: it must be from 1 to 100", p.Step)
	case p.Holdback < 0 || p.Holdback > 50:
		return Errorf(Invalid, "the holdback is %d %%: it must be from 0 to 50", p.Holdback)
	case min(p.Wait, p.KeepPrevious) < 0:
		return Errorf(Invalid, "a wait is %s: it must be 0 or more", min(p.Wait, p.KeepPrevious))
	case p.FailureWindow < 0 || p.FailureWindow == 0 && (p.FailureValue >= 0 || j.FailurePercent > 0):
		return Errorf(Invalid, "failures are counted over %s: no failure would ever count; it must be more than 0", p.FailureWindow)
	case p.FailureValue < -1:
		return Errorf(Invalid, "the number of failures is %d: it must be -1, for any, or more", p.FailureValue)
	case !within(j.FalseAlarmRate, 0, 0.5):
		return Errorf(Invalid, "the false-alarm rate is %g: it must be from 0, for %g, to 0.5", j.FalseAlarmRate, DefaultFalseAlarmRate)
	case !within(j.FailurePercent, 0, 100):
		return Errorf(Invalid, "the percent of failures is %g: it must be from 0, for any, to 100", j.FailurePercent)
	case j.LatencyTolerance != 0 && !within(j.LatencyTolerance, 1, 100):
		return Errorf(Invalid, "the latency tolerance is %g: it must be from 1 to 100, or 0 when latency is not to be judged", j.LatencyTolerance)
	case !within(j.ErrorMargin, 0, 0.5):
		return Errorf(Invalid, "the error margin is %g: it must be a share from 0, for none, to 0.5", j.ErrorMargin)
	case min(j.FailureMinimum, j.MaxFailedAttempts, j.MaxUsersHurt) < 0:
		return Errorf(Invalid, "a number of attempts is below 0")
	}
	return nil
}

// within tells whether x is from least to most; a NaN is not.
func within(x, least, most float64) bool { return x >= least && x <= most }

// NoTraffic says what becomes of a rollout whose evidence stays too thin to judge.
type NoTraffic string

const (
	NoTrafficHold   NoTraffic = "hold"   // it is held and asks; the default
	NoTrafficChecks NoTraffic = "checks" // the in-task checks that passed throughout are enough
)
