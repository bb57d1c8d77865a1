package evidence

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// Interval is what happened to a rollout's two deployments between two looks: what a judge is told. All intervals of
// a rollout are one stream without gaps or overlaps, whoever made it: live proxies, a file, a simulation.
type Interval struct {
	From    time.Time `json:"from"` // exclusive
	To      time.Time `json:"to"`   // inclusive
	Percent int       `json:"percent"`
	// Shifted is when every proxy had acknowledged Percent; zero while one has not.
	Shifted time.Time `json:"shifted,omitzero"`
	// Waited is when the present wait began: it may have begun anew at the same share. Zero before.
	Waited time.Time `json:"waited,omitzero"`

	Canary Tally `json:"canary,omitzero"` // of the new deployment
	Stable Tally `json:"stable,omitzero"` // of the one beside it; zero for a first deployment

	Checks []Check           `json:"checks,omitempty"` // of the new deployment's tasks, one each
	Silent []delivery.TaskID `json:"silent,omitempty"` // living proxies that counted before and have not reported lately
}

// Seconds is the interval's length; 0 when the clock was set back in it.
func (i *Interval) Seconds() float64 { return max(0, i.To.Sub(i.From).Seconds()) }

// Trial is what a judge is told before the first interval.
type Trial struct {
	Deployment delivery.DeploymentID `json:"deployment"`
	Stable     delivery.DeploymentID `json:"stable,omitzero"` // beside it; zero for a first deployment
	Policy     delivery.Policy       `json:"policy"`
	Start      time.Time             `json:"start"`           // when the deployment first had weight
	Before     Record                `json:"before,omitzero"` // stable's record until Start
}

// First tells whether no stable deployment is beside it.
func (t Trial) First() bool { return t.Stable.Number == 0 }

// Check is how one task of the deployment under trial does.
type Check struct {
	Task    delivery.TaskID `json:"task"`
	Failing bool            `json:"failing,omitempty"` // unhealthy or not running, longer than its check's threshold allows
	Passed  bool            `json:"passed,omitempty"`  // it ran and was healthy throughout the present wait
	Detail  string          `json:"detail,omitempty"`  // a sentence
}
