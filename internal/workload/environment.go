package workload

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// Environment is everything one environment is to run. An engine makes it so and removes what is not in it.
type Environment struct {
	Name        string              `json:"name"`
	Generation  delivery.Generation `json:"generation"`
	Deployments []Deployment        `json:"deployments"`
	Gateway     *Gateway            `json:"gateway,omitempty"` // nil: none; with no deployments either: the environment is removed whole
}

// Deployment is one numbered attempt to run a workload.
type Deployment struct {
	ID       delivery.DeploymentID `json:"id"`
	Workload Workload              `json:"workload"`
}

// Gateway is the environment's door: a task with a proxy alone, published on the host.
type Gateway struct {
	Bind string `json:"bind"` // host address, "127.0.0.1" unless the operator said --public
	Port int    `json:"port"` // host port
}

// State is where a task stands.
type State string

const (
	Pending  State = "pending"  // being made
	Starting State = "starting" // its containers start, in order
	Running  State = "running"  // all containers that should run do, and those with a health command pass it
	Failed   State = "failed"   // it does not run; Reason says why; it is tried again with back-off
	Removing State = "removing" // no longer wanted; its proxy may still be there
)

// Task is what an engine saw of one task.
type Task struct {
	ID      delivery.TaskID `json:"id"`
	State   State           `json:"state"`
	Address string          `json:"address,omitempty"` // IPv4 address of its network namespace
	// ProxyAlive is false only when the engine saw that no proxy of this task runs: it is confirmed gone.
	ProxyAlive bool      `json:"proxy_alive"`
	Restarts   int       `json:"restarts"`         // how often the app's containers were started again
	Reason     string    `json:"reason,omitempty"` // a sentence: image missing, exit code and last log lines, out of memory, check output
	Since      time.Time `json:"since"`
}

// Observed is what an engine saw of an environment.
type Observed struct {
	At    time.Time `json:"at"` // when the look began: what was declared before it is in it
	Tasks []Task    `json:"tasks"`
}

// Of gives the tasks of one deployment.
func (o Observed) Of(d delivery.DeploymentID) []Task {
	var tasks []Task
	for _, t := range o.Tasks {
		if t.ID.Deployment == d {
			tasks = append(tasks, t)
		}
	}
	return tasks
}
