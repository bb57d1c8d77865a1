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
	Attempts       uint64 `json:"attempts"`        // HTTP requests tried, first tries and retries; TCP connections tried
	Errors5xx      uint64 `json:"errors_5xx"`      // answered 500 to 599
	ConnectFailed  uint64 `json:"connect_failed"`  // no connection: refused, timed out
	Resets         uint64 `json:"resets"`          // the connection broke before an answer was whole
	Timeouts       uint64 `json:"timeouts"`        // no answer in time
	FallbackServed uint64 `json:"fallback_served"` // attempts of this deployment that were retries of another's failure
}

// Failed sums all ways to fail.
func (c Counts) Failed() uint64 { return c.Errors5xx + c.ConnectFailed + c.Resets + c.Timeouts }

// Add sums field by field.
func (c Counts) Add(d Counts) Counts {
	return Counts{
		c.Attempts + d.Attempts, c.Errors5xx + d.Errors5xx, c.ConnectFailed + d.ConnectFailed,
		c.Resets + d.Resets, c.Timeouts + d.Timeouts, c.FallbackServed + d.FallbackServed,
	}
}

// Since subtracts an earlier reading field by field; a counter that went backwards counts from zero.
func (c Counts) Since(d Counts) Counts {
	sub := func(a, b uint64) uint64 {
		if a < b {
			return a
		}
		return a - b
	}
	return Counts{
		sub(c.Attempts, d.Attempts), sub(c.Errors5xx, d.Errors5xx), sub(c.ConnectFailed, d.ConnectFailed),
		sub(c.Resets, d.Resets), sub(c.Timeouts, d.Timeouts), sub(c.FallbackServed, d.FallbackServed),
	}
}

// Sample is one reading of absolute counters.
type Sample struct {
	Key
	Counts
	At     time.Time `json:"at"`     // when it was read, by the control plane's clock
	Active uint64    `json:"active"` // a gauge: requests or connections in flight to the deployment
}
