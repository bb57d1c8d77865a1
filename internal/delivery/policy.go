package delivery

import "time"

// Policy says how a new deployment replaces the stable one, and by what it is judged. Its JSON holds durations in
// nanoseconds, as encoding/json writes them.
type Policy struct {
	Step          int           `json:"step"`           // percent of the traffic added by each shift, 1 to 100
	Wait          time.Duration `json:"wait"`           // the bake after each shift, under watch
	KeepPrevious  time.Duration `json:"keep_previous"`  // the bake at 100 %, with the old deployment warm
	FailureValue  int           `json:"failure_value"`  // the failures within FailureWindow that are still healthy, from 0
	FailureWindow time.Duration `json:"failure_window"` // the time over which failures are counted
	DeployTimeout time.Duration `json:"deploy_timeout"` // until all tasks must run and pass their checks
	NoTraffic     NoTraffic     `json:"no_traffic"`
	Retries       Retries       `json:"retries"`
}

// NoTraffic says what becomes of a rollout whose evidence stays too thin to judge.
type NoTraffic string

const (
	NoTrafficHold   NoTraffic = "hold"   // it is held and asks; the default
	NoTrafficChecks NoTraffic = "checks" // the in-task checks that passed throughout are enough
)
