package evidence

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// Trial is all that a judge is told of one deployment under watch.
type Trial struct {
	Deployment delivery.DeploymentID `json:"deployment"`
	Policy     delivery.Policy       `json:"policy"`
	First      bool                  `json:"first"` // no stable deployment is beside it
	Now        time.Time             `json:"now"`
	Shifted    time.Time             `json:"shifted"` // when every proxy had acknowledged its present share

	Recent Tally `json:"recent"` // of the deployment, over the last Policy.FailureWindow, since it first had weight
	Canary Tally `json:"canary"` // of the deployment, since Shifted
	Stable Tally `json:"stable"` // of the stable deployment beside it, since Shifted
	// Traffic is how many attempts the service, whichever deployment they went to, got since this one first had weight.
	Traffic uint64 `json:"traffic"`

	Checks []Check `json:"checks"` // of its tasks, one each
}

// Check is how one task of the deployment under trial does.
type Check struct {
	Task    delivery.TaskID `json:"task"`
	Failing bool            `json:"failing"` // unhealthy or not running, longer than its check's threshold allows
	Passed  bool            `json:"passed"`  // it ran and was healthy throughout the present wait
	Detail  string          `json:"detail"`  // a sentence
}

// Outcome is what a judge found.
type Outcome string

const (
	NotEnough Outcome = "not_enough" // nothing speaks against it, too little for it
	Passing   Outcome = "passing"
	Failing   Outcome = "failing"
)

// Verdict is a judge's answer.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"` // a sentence with its numbers
	// Checked tells that every task passed its in-task check throughout the wait.
	Checked bool `json:"checked"`
}
