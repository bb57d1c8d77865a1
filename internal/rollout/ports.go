package rollout

import (
	"context"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// Engine runs tasks somewhere. It converges in the background and calls back when what it saw changed.
type Engine interface {
	// Declare tells the whole desired state of an environment and returns at once. It fails with delivery.Stale
	// if a newer generation was declared already.
	Declare(ctx context.Context, env workload.Environment) error
	// Observe looks at the tasks that are there, and answers when it has looked.
	Observe(ctx context.Context, environment string) (workload.Observed, error)
}

// Mesh carries traffic between tasks. It pushes in the safe order by itself: clusters and endpoints before the
// weights that use them, and removes them only after every proxy has ACKed a route without them.
type Mesh interface {
	// Declare tells the whole desired mesh of an environment and returns at once. It fails with delivery.Stale
	// if a newer generation was declared already.
	Declare(ctx context.Context, env topology.Environment) error
	// Observe says how far each route has come and how each task does.
	Observe(environment string) topology.Observed
}

// Judge judges one rollout. Told the same intervals, it says the same.
type Judge interface {
	// Look takes the next interval, and gives the verdict on all until its end.
	Look(iv evidence.Interval) evidence.Verdict
}

// Store keeps what must outlive the process. Every change is durable when Commit returns.
type Store interface {
	// Environments gives the names of all environments.
	Environments(ctx context.Context) ([]string, error)
	// CreateEnvironment stores a new one; its generation goes on where an earlier one of that name ended. It fails
	// with delivery.Conflict when there is one of that name, or one with that gateway port.
	CreateEnvironment(ctx context.Context, env Environment) error
	// State reads an environment at one instant. It fails with delivery.NotFound.
	State(ctx context.Context, environment string) (State, error)
	// Commit stores a change whole, or fails with delivery.Conflict and stores nothing.
	Commit(ctx context.Context, c Change) error
	// NextRollout gives a number that no rollout has or gets. One that is not used is lost.
	NextRollout(ctx context.Context) (delivery.RolloutID, error)
	// Rollout reads one, ended or not. It fails with delivery.NotFound.
	Rollout(ctx context.Context, id delivery.RolloutID) (Rollout, error)
	// SaveSeen keeps the engine's last look at an environment.
	SaveSeen(ctx context.Context, environment string, seen workload.Observed) error
}

// Samples keeps evidence. Losing its last second does no harm, nor the last minute of records.
type Samples interface {
	// SaveSamples stores readings; one that is there already is left as it is.
	SaveSamples(ctx context.Context, samples []evidence.Sample) error
	// LoadSamples reads all that an environment has, ascending by time.
	LoadSamples(ctx context.Context, environment string) ([]evidence.Sample, error)
	// PruneSamples drops what no window of the environment needs that starts at one of the marks, ascending, or
	// after the last. Of a deployment that is not removed it keeps each counter's last reading until each mark.
	PruneSamples(ctx context.Context, environment string, marks []time.Time) error

	// SaveRecords stores how deployments did until now, in place of what was stored of them before.
	SaveRecords(ctx context.Context, records map[delivery.DeploymentID]evidence.Standing) error
	// LoadRecords reads those of an environment.
	LoadRecords(ctx context.Context, environment string) (map[delivery.DeploymentID]evidence.Standing, error)

	// SaveIntervals stores what judges were told; one that is there already is left as it is.
	SaveIntervals(ctx context.Context, told []Told) error
	// PruneTrials drops trials that began before a time, and what was told in them, of rollouts that have ended.
	PruneTrials(ctx context.Context, before time.Time) error
}

// Trials keeps what rollouts are judged by.
type Trials interface {
	// SaveTrial stores a rollout's trial, for good: a second one is ignored.
	SaveTrial(ctx context.Context, id delivery.RolloutID, t evidence.Trial) error
	// LoadTrial reads it, and all that was told in it, in order. It fails with delivery.NotFound.
	LoadTrial(ctx context.Context, id delivery.RolloutID) (evidence.Trial, []evidence.Interval, error)
}
