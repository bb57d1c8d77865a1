package workload

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// Workload is one deployment's task and how many of it are to run.
type Workload struct {
	Containers []Container       `json:"containers"` // the app's own; the first is the one that serves when App is ""
	App        string            `json:"app"`        // the name of the container that listens on Port
	Port       int               `json:"port"`       // where the app listens inside its task, 1 to 65535
	Protocol   delivery.Protocol `json:"protocol"`
	Replicas   int               `json:"replicas"` // 0 to 100
	CPU        int               `json:"cpu"`      // of the task, in 1/1024 of a core; 0 is no limit
	Memory     int64             `json:"memory"`   // of the task, in bytes; 0 is no limit
	// Backends are the services it may call, by bare name. When BackendsDeclared is false it may call every
	// service of its environment.
	Backends         []string    `json:"backends,omitempty"`
	BackendsDeclared bool        `json:"backends_declared"`
	Check            HealthCheck `json:"check"`
	Exposed          bool        `json:"exposed"` // the gateway routes to it
}

// Container is one process of the task besides Serin's own.
type Container struct {
	Name        string            `json:"name"`
	Image       string            `json:"image"`                 // by digest where the registry is Serin's own
	Entrypoint  []string          `json:"entrypoint,omitempty"`  // nil: the image's
	Command     []string          `json:"command,omitempty"`     // nil: the image's
	Environment map[string]string `json:"environment,omitempty"` //
	Secrets     map[string]string `json:"secrets,omitempty"`     // variable → reference (ssm or secretsmanager name)
	WorkingDir  string            `json:"working_dir,omitempty"`
	User        string            `json:"user,omitempty"`
	CPU         int               `json:"cpu,omitempty"`    // share in 1/1024 of a core
	Memory      int64             `json:"memory,omitempty"` // limit in bytes
	Ulimits     []Ulimit          `json:"ulimits,omitempty"`
	Health      *ContainerHealth  `json:"health,omitempty"`
	DependsOn   []Dependency      `json:"depends_on,omitempty"`
	Essential   bool              `json:"essential"` // when it ends, the task has ended
	StopTimeout time.Duration     `json:"stop_timeout,omitempty"`
}

// Ulimit is one limit of setrlimit(2), such as "nofile".
type Ulimit struct {
	Name string `json:"name"`
	Soft int64  `json:"soft"`
	Hard int64  `json:"hard"`
}

// ContainerHealth is a command run inside a container: status 0 is healthy.
type ContainerHealth struct {
	Command     []string      `json:"command"` // "CMD" and words, or "CMD-SHELL" and a line
	Interval    time.Duration `json:"interval"`
	Timeout     time.Duration `json:"timeout"`
	Retries     int           `json:"retries"`
	StartPeriod time.Duration `json:"start_period"`
}

// Condition is what a container waits for in another.
type Condition string

const (
	Start    Condition = "START"
	Complete Condition = "COMPLETE" // it ended
	Success  Condition = "SUCCESS"  // it ended with status 0
	Healthy  Condition = "HEALTHY"
)

// Dependency holds a container back until another has reached a condition.
type Dependency struct {
	Container string    `json:"container"`
	Condition Condition `json:"condition"`
}

// HealthCheck is how serin-proxy sees, from inside the task, that the app serves.
type HealthCheck struct {
	Protocol  delivery.Protocol `json:"protocol"` // HTTP, HTTP2: 2xx or 3xx for Path; GRPC: grpc.health.v1; TCP: it accepts
	Port      int               `json:"port"`
	Path      string            `json:"path,omitempty"` // of HTTP; "/" when empty
	Interval  time.Duration     `json:"interval"`
	Timeout   time.Duration     `json:"timeout"`
	Healthy   int               `json:"healthy"`   // passes in a row until it is healthy
	Unhealthy int               `json:"unhealthy"` // failures in a row until it is not
}

// DefaultCheck is used where a service declares none: does the port accept?
func DefaultCheck(port int) HealthCheck {
	return HealthCheck{Protocol: delivery.TCP, Port: port, Interval: 2 * time.Second, Timeout: time.Second, Healthy: 1, Unhealthy: 3}
}
