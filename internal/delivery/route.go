package delivery

import "slices"

// Protocol is what a service speaks to its callers.
type Protocol string

const (
	HTTP  Protocol = "http" // HTTP/1.1
	HTTP2 Protocol = "http2"
	GRPC  Protocol = "grpc"
	TCP   Protocol = "tcp"
)

// Retries says which failed canary attempts the callers' proxies send to stable.
type Retries string

const (
	RetryConnect    Retries = "connect"    // connections that failed or were refused, for all methods
	RetryIdempotent Retries = "idempotent" // and 5xx and resets, for methods RFC 9110 calls idempotent; the default
	RetryAll        Retries = "all"        // and 5xx and resets for all methods (what the reference did)
	RetryNone       Retries = "none"
)

// Route is what callers of a service must do at one generation.
type Route struct {
	Service    ServiceID  `json:"service"`
	Generation Generation `json:"generation"`
	Weights    Weights    `json:"weights"`
	// Stable is the deployment that answers what a canary failed to; 0 when there is none.
	Stable int `json:"stable"`
	// Known are the deployments whose clusters and endpoints callers hold, ascending: all that have weight,
	// those about to get some, and those still draining.
	Known []int `json:"known"`
}

// Knows tells whether callers hold the deployment.
func (r Route) Knows(deployment int) bool { return slices.Contains(r.Known, deployment) }
