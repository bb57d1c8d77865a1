package pipeline

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// State is where a run stands.
type State string

const (
	Queued     State = "queued"
	Building   State = "building"
	Deploying  State = "deploying"
	Succeeded  State = "succeeded"
	RolledBack State = "rolled_back"
	Failed     State = "failed"
	Superseded State = "superseded"
	Cancelled  State = "cancelled"
)

// Ended tells whether nothing more happens to a run in this state.
func (s State) Ended() bool {
	switch s {
	case Queued, Building, Deploying:
		return false
	}
	return true
}

// Push is a change of a branch, as the source journalled it.
type Push struct {
	Service delivery.ServiceID `json:"service"`
	Key     string             `json:"key"` // unique to the push: a push that is delivered twice has the same
	Branch  string             `json:"branch"`
	Commit  string             `json:"commit"` // full name
	Pusher  string             `json:"pusher"`
	At      time.Time          `json:"at"`
}

// Run is one push on its way.
type Run struct {
	ID         delivery.RunID     `json:"id"`
	Push       Push               `json:"push"`
	Author     string             `json:"author"`  // of the commit
	Message    string             `json:"message"` // its first line
	State      State              `json:"state"`
	Reason     string             `json:"reason,omitempty"`  // why it did not succeed, or what its build waits for: a sentence that says what to do
	Attempt    int                `json:"attempt"`           // builds begun, crashes included
	Release    *Release           `json:"release,omitempty"` // what is to be rolled out, from the end of the build until Rollout is known
	Rollout    delivery.RolloutID `json:"rollout,omitempty"`
	Deployment int                `json:"deployment,omitempty"` // number of the deployment it made
	Warnings   []string           `json:"warnings,omitempty"`   // what the spec files say that is ignored or replaced
	Created    time.Time          `json:"created"`
	Started    time.Time          `json:"started,omitzero"` // of the first build
	Ended      time.Time          `json:"ended,omitzero"`
	Version    int64              `json:"version"` // for compare-and-set
}

// OnNewerPush is what becomes of a run under way when a newer push comes.
type OnNewerPush string

const (
	Replace OnNewerPush = "replace" // the default
	Queue   OnNewerPush = "queue"
)

// Settings are a service's pipeline.
type Settings struct {
	Branch      string        `json:"branch"`        // "main"; master is accepted where it is the only one
	OnNewerPush OnNewerPush   `json:"on_newer_push"` //
	BuildLimit  time.Duration `json:"build_limit"`   // 0: an hour
}

// Check fails with Invalid when the settings cannot be meant.
func (s Settings) Check() error {
	if s.OnNewerPush != Replace && s.OnNewerPush != Queue {
		return delivery.Errorf(delivery.Invalid, "on_newer_push is %q: it must be replace or queue", s.OnNewerPush)
	}
	if s.BuildLimit < 0 || s.BuildLimit > maxBuild {
		return delivery.Errorf(delivery.Invalid, "build_limit is %s: it must be from 0 (an hour) to %s", s.BuildLimit, maxBuild)
	}
	return nil
}

// maxBuild is how long a build may take at most: CodeBuild's own limit.
const maxBuild = 8 * time.Hour
