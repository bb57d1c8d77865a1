package registry

import (
	"context"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
)

// patience is how long a push waits for a collection to end.
const patience = 30 * time.Second

// gate keeps pushes and collections apart. A push is many requests, and between them it relies on what it was told:
// so a collection waits until the last request of one who may push is some time ago, and requests wait while it runs.
type gate struct {
	mu     sync.Mutex
	inside int
	last   time.Time     // when the last one left
	shut   chan struct{} // closed when the collection ends; nil while the gate is open
	left   chan struct{} // has a value when one left
}

func newGate() *gate { return &gate{left: make(chan struct{}, 1)} }

// enter waits while the gate is shut. It fails with Unavailable when that takes too long.
func (g *gate) enter(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			g.inside++
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
			return delivery.Errorf(delivery.Unavailable, "the registry is collecting old images: push again in a moment")
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.last = time.Now()
	select {
	case g.left <- struct{}{}:
	default:
	}
}

// close shuts the gate once nobody was inside for the time given; open opens it. There is one caller at a time.
func (g *gate) close(ctx context.Context, quiet time.Duration) (open func(), err error) {
	for {
		wait, ok := g.tryClose(quiet)
		if ok {
			return g.open, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-g.left:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		timer.Stop()
	}
}

// tryClose shuts the gate, or says how long to wait at least.
func (g *gate) tryClose(quiet time.Duration) (wait time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside > 0 {
		return time.Hour, false // until one leaves
	}
	if rest := quiet - time.Since(g.last); rest > 0 {
		return rest, false
	}
	g.shut = make(chan struct{})
	return 0, true
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = nil
}
