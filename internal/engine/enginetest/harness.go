package enginetest

import (
	"context"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Engine is what the suite is about.
type Engine interface {
	Declare(ctx context.Context, env workload.Environment) error
	Observe(ctx context.Context, environment string) (workload.Observed, error)
}

// Behaviour is what a container does when it is started. The zero Behaviour runs until it is stopped.
type Behaviour struct {
	Says      []string      // lines it writes first; $NAME is replaced by the variable
	Ends      bool          // it ends by itself after that, with Status
	Status    int           //
	Starved   bool          // it takes more memory than its limit of MemoryLimit
	NoImage   bool          // its image does not exist
	Checked   bool          // it has a health command, which passes unless Unhealthy is set
	Unhealthy string        // what its failing health command says
	Starts    time.Duration // of the Fake: how long it takes until it runs
}

// MemoryLimit is what a Starved container is limited to, in bytes.
const MemoryLimit = 32 << 20

// Part is one of the processes of a task.
type Part string

const (
	Pause Part = "pause" // owns the network namespace
	Proxy Part = "proxy"
	App   Part = "app"
)

// Runs are the runs of a task's containers, by part ("pause", "proxy") or by an app container's own name.
type Runs map[string]ContainerRun

// ContainerRun is one run of one container.
type ContainerRun struct {
	ID      string    // another for every container
	Started time.Time //
	Ended   time.Time // zero while it runs
}

// Harness is one engine under test, with an own, empty world. Its environment is removed by the test that made it.
type Harness struct {
	Engine  Engine
	Changed <-chan struct{} // receives after the engine called back; of capacity 1

	// Restart ends the engine as if its process died, and gives a new one over the same world and callbacks.
	Restart func(t *testing.T) Engine
	// Container makes one that behaves so.
	Container func(name string, b Behaviour) workload.Container
	// Kill ends a process of a task at once. container is the name of an app's container.
	Kill func(t *testing.T, task delivery.TaskID, part Part, container string)
	// Runs looks at a task's containers, without the engine.
	Runs func(t *testing.T, task delivery.TaskID) Runs
	// Logs gives all lines of a deployment, removed containers' included.
	Logs func(t *testing.T, d delivery.DeploymentID) string
	// Away makes the platform unreachable, or reachable again.
	Away func(t *testing.T, away bool)
}
