package rollout

import (
	"context"

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
