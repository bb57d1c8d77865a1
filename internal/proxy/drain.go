package proxy

import (
	"context"
	"log/slog"
	"time"
)

// drainLook is how often a draining Envoy is asked whether something is in flight.
const drainLook = 50 * time.Millisecond

// flight is the part of Envoy's admin interface that a drain needs.
type flight interface {
	drain(context.Context) error
	inFlight(context.Context) (int, error)
}

// drained returns when nothing is in flight, ended closes, or limit is over. An Envoy that does not answer, as one
// that is still starting, has nothing in flight.
func drained(ctx context.Context, f flight, ended <-chan struct{}, limit time.Duration, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := f.drain(ctx); err != nil {
		return
	}
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for {
		n, err := f.inFlight(ctx)
		if err == nil && n == 0 {
			return
		}
		select {
		case <-ended:
			return
		case <-ctx.Done():
			log.Warn("ending with requests in flight: raise SERIN_DRAIN_SECONDS if they need longer", "in_flight", n, "drain", limit)
			return
		case <-tick.C:
		}
	}
}
