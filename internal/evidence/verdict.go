package evidence

import "time"

// Outcome is what a judge found.
type Outcome string

const (
	NotEnough  Outcome = "not_enough"  // nothing speaks against it, too little for it
	Healthy    Outcome = "healthy"     // there is enough to go on
	SharedFate Outcome = "shared_fate" // both versions do badly alike: it is not to blame, and nothing speaks for it
	Failing    Outcome = "failing"     // it goes back
)

// Verdict is a judge's answer.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	Judge   string  `json:"judge"`  // whose finding decided
	Reason  string  `json:"reason"` // a sentence with its numbers
	// Checked tells that every task passed its in-task check throughout the wait.
	Checked bool `json:"checked"`
	// Thin tells of NotEnough that nothing but attempts is missing: the policy's NoTraffic may decide without them.
	Thin bool `json:"thin,omitempty"`

	// More and After say of NotEnough about how many more attempts it takes, and how long that is at the present
	// rate; zero when nobody can say.
	More  uint64        `json:"more,omitempty"`
	After time.Duration `json:"after,omitempty"`

	Basis Basis `json:"basis"`
}

// Basis is what a verdict rests on.
type Basis struct {
	CanaryAttempts uint64    `json:"canary_attempts"` // first attempts since Since
	CanaryFailed   uint64    `json:"canary_failed"`
	StableAttempts uint64    `json:"stable_attempts"`
	StableFailed   uint64    `json:"stable_failed"`
	Since          time.Time `json:"since,omitzero"`
	// Against is the evidence against the new deployment, an e-value: were it as good as stable, the chance that
	// this ever reaches x is at most 1/x. FalseAlarmRate is the rate it is judged at: at 1/FalseAlarmRate it fails.
	Against        float64 `json:"against"`
	FalseAlarmRate float64 `json:"false_alarm_rate"`
}
