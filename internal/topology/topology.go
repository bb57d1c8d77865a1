package topology

import (
	"net/netip"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Environment is all that the mesh of one environment is told.
type Environment struct {
	Name       string              `json:"name"`
	Generation delivery.Generation `json:"generation"`
	Services   []Service           `json:"services"` // ascending by creation; the gateway prefers the first where two match
	Tasks      []Task              `json:"tasks"`
	// RosterAt is when the engine's look that Tasks rests on began. A generation declared later than RosterAt
	// is not acknowledged yet, whoever has ACKed it: a proxy that the look missed might not have.
	RosterAt time.Time `json:"roster_at"`
}

// Service is a virtual service: a name callers know.
type Service struct {
	ID        delivery.ServiceID `json:"id"`
	Namespace string             `json:"namespace"` // its second name is "<service>.<namespace>"
	VIP       netip.Addr         `json:"vip"`
	Port      int                `json:"port"` // callers' port; 0 for a service that was only mentioned as a backend
	Protocol  delivery.Protocol  `json:"protocol"`
	Retries   delivery.Retries   `json:"retries"`
	Exposed   bool               `json:"exposed"` // the gateway routes to it
	Hosts     []string           `json:"hosts"`   // of the gateway; empty: any host
	Path      string             `json:"path"`    // prefix at the gateway; "" is "/"
	Route     delivery.Route     `json:"route"`
}

// Task is a place with a proxy.
type Task struct {
	ID               delivery.TaskID      `json:"id"`
	Address          netip.Addr           `json:"address"`     // invalid until the engine knows it
	ProxyAlive       bool                 `json:"proxy_alive"` // false: the engine saw that no proxy of this task runs
	Port             int                  `json:"port"`        // the app's; 0 for a gateway
	Protocol         delivery.Protocol    `json:"protocol"`
	Backends         []string             `json:"backends"`
	BackendsDeclared bool                 `json:"backends_declared"`
	Check            workload.HealthCheck `json:"check"`
}

// Observed is what the mesh saw of an environment.
type Observed struct {
	Services map[delivery.ServiceID]ServiceSeen `json:"services"`
	Tasks    map[delivery.TaskID]TaskSeen       `json:"tasks"`
}

// ServiceSeen is how far a service's route has come.
type ServiceSeen struct {
	// Acknowledged is the generation of the route that every proxy of the roster which may call the service
	// has ACKed, or is confirmed gone.
	Acknowledged delivery.Generation `json:"acknowledged"`
	Waiting      []delivery.TaskID   `json:"waiting"`  // who has not yet
	Rejected     []Rejection         `json:"rejected"` // who refused it, and why: a defect of Serin's
	// InFlight are requests or connections under way to each deployment, at its callers and at its own ingress,
	// as last reported; a deployment is absent until a report that is newer than the acknowledged route.
	InFlight map[int]uint64 `json:"in_flight"`
}

// Rejection is one proxy's NACK.
type Rejection struct {
	Task   delivery.TaskID `json:"task"`
	Detail string          `json:"detail"`
}

// Health of an app as seen from inside its task.
type Health string

const (
	Unknown   Health = "unknown" // not checked yet, or its proxy does not report
	Healthy   Health = "healthy"
	Unhealthy Health = "unhealthy"
)

// TaskSeen is how a task's proxy does.
type TaskSeen struct {
	Connected  bool      `json:"connected"`  // its proxy's streams are up
	Configured bool      `json:"configured"` // it has ACKed all its current configuration
	Health     Health    `json:"health"`
	Since      time.Time `json:"since"`  // of Health
	Detail     string    `json:"detail"` // the last check's output, a sentence
	Epoch      int64     `json:"epoch"`  // Unix nanoseconds of the proxy's start
	// ListensOn are the TCP ports that the task's containers listen on, ascending, without Serin's own; empty, too,
	// when its proxy does not report. ListensOnSince is since when the control plane has been told just these, by
	// the control plane's clock.
	ListensOn      []int     `json:"listens_on,omitempty"`
	ListensOnSince time.Time `json:"listens_on_since,omitzero"`
}
