package evidence

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// Side is from where an attempt was counted.
type Side string

const (
	Caller  Side = "caller"  // a caller's proxy, per attempt, failures hidden by a retry included
	Ingress Side = "ingress" // the deployment's own proxy
)

// Key says whose counters a sample holds.
type Key struct {
	Deployment delivery.DeploymentID `json:"deployment"` // whom the attempts went to
	Side       Side                  `json:"side"`
	Proxy      delivery.TaskID       `json:"proxy"` // who counted
	Epoch      int64                 `json:"epoch"` // Unix nanoseconds of that proxy's start: its counters began at zero then
}

// Counts are attempts and how they failed. One attempt fails in at most one way. As counters they only grow.
type Counts struct {
	Attempts      uint64 `json:"attempts,omitempty"`       // HTTP requests tried, first tries and retries; TCP connections tried
	Errors5xx     uint64 `json:"errors_5xx,omitempty"`     // answered 500 to 599
	ErrorsGRPC    uint64 `json:"errors_grpc,omitempty"`    // answered with a gRPC status that is the server's fault
	ConnectFailed uint64 `json:"connect_failed,omitempty"` // no connection: refused, timed out
	Resets        uint64 `json:"resets,omitempty"`         // the connection broke before an answer was whole
	Timeouts      uint64 `json:"timeouts,omitempty"`       // no answer in time

	// Of the attempts above, those that were retries of another deployment's failure. They are no fair sample of
	// what a deployment answers: only requests that failed once already are among them.
	FallbackServed uint64 `json:"fallback_served,omitempty"`
	FallbackFailed uint64 `json:"fallback_failed,omitempty"`

	Latency Latency `json:"latency,omitzero"` // of the attempts that were answered, HTTP alone
}

// Failed sums all ways to fail.
func (c *Counts) Failed() uint64 {
	return c.Errors5xx + c.ErrorsGRPC + c.ConnectFailed + c.Resets + c.Timeouts
}

// First counts the first attempts alone, and those of them that failed: what a deployment is compared by.
func (c *Counts) First() (attempts, failed uint64) {
	attempts = c.Attempts - min(c.Attempts, c.FallbackServed)
	return attempts, min(attempts, c.Failed()-min(c.Failed(), c.FallbackFailed))
}

// Add sums field by field.
func (c Counts) Add(d Counts) Counts {
	c.add(&d)
	return c
}

func (c *Counts) add(d *Counts) {
	c.Attempts += d.Attempts
	c.Errors5xx += d.Errors5xx
	c.ErrorsGRPC += d.ErrorsGRPC
	c.ConnectFailed += d.ConnectFailed
	c.Resets += d.Resets
	c.Timeouts += d.Timeouts
	c.FallbackServed += d.FallbackServed
	c.FallbackFailed += d.FallbackFailed
	c.Latency.add(&d.Latency)
}

// Since subtracts an earlier reading field by field; a counter that went backwards counts from zero.
func (c Counts) Since(d Counts) Counts {
	return c.each(d, since)
}

// Beyond subtracts sums of many counters field by field, which begin at zero never again: of one that is less, nothing
// is left.
func (c Counts) Beyond(d Counts) Counts {
	return c.each(d, beyond)
}

func (c Counts) each(d Counts, of func(a, b uint64) uint64) Counts {
	return Counts{
		Attempts:       of(c.Attempts, d.Attempts),
		Errors5xx:      of(c.Errors5xx, d.Errors5xx),
		ErrorsGRPC:     of(c.ErrorsGRPC, d.ErrorsGRPC),
		ConnectFailed:  of(c.ConnectFailed, d.ConnectFailed),
		Resets:         of(c.Resets, d.Resets),
		Timeouts:       of(c.Timeouts, d.Timeouts),
		FallbackServed: of(c.FallbackServed, d.FallbackServed),
		FallbackFailed: of(c.FallbackFailed, d.FallbackFailed),
		Latency:        c.Latency.each(d.Latency, of),
	}
}

func since(a, b uint64) uint64 {
	if a < b {
		return a
	}
	return a - b
}

func beyond(a, b uint64) uint64 { return a - min(a, b) }

// Sample is one reading of absolute counters.
type Sample struct {
	Key
	Counts
	At     time.Time `json:"at"`     // when it was read, by the control plane's clock
	Active uint64    `json:"active"` // a gauge: requests or connections in flight to the deployment
}
