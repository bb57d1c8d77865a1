package rollout

import (
	"context"
	"time"
)

// Turns makes one round after the other for an environment, as its loop does, without sleeping.
func (c *Reconciler) Turns(environment string) func(context.Context) (time.Duration, error) {
	l := &loop{environment: environment}
	return func(ctx context.Context) (time.Duration, error) { return c.turn(ctx, l) }
}

// Misread lets the rules see something else than there is: as if they did not look at it.
func (c *Reconciler) Misread(change func(State, *Seen)) {
	c.step = func(s State, seen Seen, t Timing, now time.Time) Change {
		change(s, &seen)
		return step(s, seen, t, now)
	}
}
