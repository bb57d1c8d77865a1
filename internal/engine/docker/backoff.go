package docker

import (
	"math/rand/v2"
	"time"
)

const (
	firstDelay = time.Second
	longest    = 30 * time.Second
	// steady is how long something must have run for its earlier failures to be forgotten.
	steady = time.Minute
)

// pacer spaces out the attempts at something that keeps failing.
type pacer struct {
	failures int       // in a row
	until    time.Time // no attempt before
	reason   string    // of the last failure, a sentence
}

// failed notes a failure. free is how many in a row are tried again without a delay.
func (p pacer) failed(now time.Time, free int, reason string, jitter func(time.Duration) time.Duration) pacer {
	next := pacer{failures: p.failures + 1, until: now, reason: reason}
	if n := p.failures - free; n >= 0 {
		delay := longest
		if n < 5 {
			delay = firstDelay << n
		}
		next.until = now.Add(jitter(delay))
	}
	return next
}

func (p pacer) holds(now time.Time) bool { return now.Before(p.until) }

// jitter takes up to a fifth off, so that tasks that died together do not start together.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/5+1) }
