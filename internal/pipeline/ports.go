package pipeline

import (
	"context"
	"io"
	"io/fs"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/buildspec"
	"serin.dev/serin/internal/workload"
)

// Store keeps runs.
type Store interface {
	// CreateRun stores a run in state Queued for a push, or gives the one that the push's key already has.
	CreateRun(ctx context.Context, run Run) (Run, error)
	// SaveRun stores a run if its Version is still the stored one, and gives it with the next Version. It fails with
	// delivery.Conflict when another change came first.
	SaveRun(ctx context.Context, run Run) (Run, error)
	// OpenRuns are the runs that have not ended, ascending.
	OpenRuns(ctx context.Context) ([]Run, error)
	// PipelineSettings of a service; the defaults when none were stored.
	PipelineSettings(ctx context.Context, service delivery.ServiceID) (Settings, error)
}

// Source reads what was pushed.
type Source interface {
	// Tree gives a commit's files.
	Tree(ctx context.Context, service delivery.ServiceID, commit string) (fs.FS, error)
	// Checkout writes a commit's files, with a .git, into an empty folder.
	Checkout(ctx context.Context, service delivery.ServiceID, commit, dir string) error
	// Describe gives a commit's author and the first line of its message.
	Describe(ctx context.Context, service delivery.ServiceID, commit string) (author, message string, err error)
}

// Builder makes images of checkouts.
type Builder interface {
	// Ready is asked before each build, also of one that begins again. It fails with delivery.Unavailable, in a
	// sentence about the build, while none can be made.
	Ready(ctx context.Context) error
	// Build runs a buildspec over a checkout and gives the deploy.json it left. It fails with delivery.Unavailable
	// when neither the repository nor the build is to blame: it is begun again then.
	Build(ctx context.Context, run Run, limit time.Duration, checkout string, how buildspec.Spec, log io.Writer) (deployJSON []byte, err error)
}

// Images are the registry's.
type Images interface {
	// Repository of a service: "<registry>/<environment>/<service>".
	Repository(service delivery.ServiceID) string
	// Pin gives the digest form of an image of the service's own repository, and fails with delivery.Invalid when
	// it is of another, or is not there.
	Pin(ctx context.Context, service delivery.ServiceID, image string) (string, error)
}

// Logs are the kept words of runs.
type Logs interface {
	Append(run delivery.RunID) (io.WriteCloser, error)
}

// Release is a deployment to be made stable.
type Release struct {
	Run       delivery.RunID     `json:"run"`
	Service   delivery.ServiceID `json:"service"`
	Revision  delivery.Revision  `json:"revision"`
	Workload  workload.Workload  `json:"workload"`
	Policy    delivery.Policy    `json:"policy"`
	Namespace string             `json:"namespace,omitempty"`
	Port      int                `json:"port"` // callers'
	Protocol  delivery.Protocol  `json:"protocol"`
	Hosts     []string           `json:"hosts,omitempty"`
	Path      string             `json:"path,omitempty"`
	Author    string             `json:"author,omitempty"`
	Message   string             `json:"message,omitempty"`
	Queue     bool               `json:"queue,omitempty"` // wait for a rollout under way, rather than replace it
}

// Outcome is how a rollout ended.
type Outcome struct {
	Deployment int
	Ended      bool
	State      State  // Succeeded, RolledBack, Superseded or Cancelled, once it has ended
	Reason     string // a sentence
}

// Releases are the rollouts.
type Releases interface {
	// Release starts the rollout of a run, or finds the one it started before. delivery.Unavailable is tried again.
	Release(ctx context.Context, release Release) (delivery.RolloutID, error)
	Outcome(ctx context.Context, id delivery.RolloutID) (Outcome, error)
	// Changed is closed when the outcome of any rollout may have changed since the call.
	Changed() <-chan struct{}
}

// Clock tells the time.
type Clock func() time.Time
