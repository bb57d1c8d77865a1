package proxy

import (
	"cmp"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
)

// check is how the app is asked whether it serves.
type check struct {
	protocol  delivery.Protocol
	port      int
	path      string
	interval  time.Duration
	timeout   time.Duration
	healthy   int // passes in a row until it is healthy
	unhealthy int // failures in a row until it is not
}

// checkOf reads an instruction's check; what it leaves out gets a default. ok is false when there is no app to check.
func checkOf(m *agentpb.Check) (c check, ok bool) {
	if m.GetPort() == 0 {
		return check{}, false
	}
	return check{
		protocol:  delivery.Protocol(m.GetProtocol()),
		port:      int(m.GetPort()),
		path:      cmp.Or(m.GetPath(), "/"),
		interval:  cmp.Or(milliseconds(m.GetIntervalMs()), 2*time.Second),
		timeout:   cmp.Or(milliseconds(m.GetTimeoutMs()), time.Second),
		healthy:   max(1, int(m.GetHealthy())),
		unhealthy: max(1, int(m.GetUnhealthy())),
	}, true
}

func milliseconds(n int64) time.Duration { return time.Duration(max(0, n)) * time.Millisecond }

// firstPause is what passes between the first two checks of an app that was not healthy yet.
const firstPause = 250 * time.Millisecond

// pause gives how long to wait until the next check. An app that starts is asked often, then a tenth more slowly
// than it has taken so far: however long it needs, it is seen within a tenth of that.
func (c check) pause(starting bool, elapsed time.Duration) time.Duration {
	if !starting {
		return c.interval
	}
	return min(c.interval, firstPause+elapsed/10)
}
