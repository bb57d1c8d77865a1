package rivals

import (
	"math"
	"time"

	"serin.dev/serin/internal/evidence"
)

// reading is what a deployment's counters show: its first attempts since the rollout began.
type reading struct {
	attempts, failed uint64
	latency          evidence.Latency
}

func (r *reading) add(c *evidence.Counts) {
	n, failed := c.First()
	r.attempts, r.failed = r.attempts+n, r.failed+failed
	if c.Latency != (evidence.Latency{}) {
		r.latency = r.latency.Add(c.Latency)
	}
}

func (r reading) since(earlier reading) reading {
	r.attempts, r.failed = r.attempts-earlier.attempts, r.failed-earlier.failed
	for i, n := range earlier.latency {
		r.latency[i] -= n
	}
	return r
}

// failureRate is from 0 to 1, and as 0/0 is in Prometheus when there were no attempts: NaN.
func (r reading) failureRate() float64 {
	if r.attempts == 0 {
		return math.NaN()
	}
	return float64(r.failed) / float64(r.attempts)
}

// series is what was read of one deployment's counters.
type series struct {
	total reading
	read  []reading // at each scrape, oldest first; the first of a rollout is zero
}

// increase is by how much the counters grew over the given number of scrapes, up to the one that many scrapes ago;
// since the rollout began where it is younger. Total is what they had grown to.
func (s *series) increase(scrapes, ago int) (in, total reading) {
	end := len(s.read) - 1 - ago
	if end < 0 {
		return reading{}, reading{}
	}
	return s.read[end].since(s.read[max(0, end-scrapes)]), s.read[end]
}

// scrapes is the Prometheus that a rival asks: it reads both deployments' counters at fixed times from the rollout's
// start on.
//
// In the rivals' favour it is a better one than there is. No scrape is late or fails; counters start from zero at
// the rollout's start, so that the first scrape after it tells something; a deployment's counters of failures are
// there from its first request on, and all kinds of failures, seen from the callers' side, count as 5xx. What stays
// is that a deployment which was never called has no counters: then a query's answer is empty, and after that, while
// nobody calls it, 0/0.
type scrapes struct {
	every          time.Duration
	keep           int // scrapes that are remembered before the last one
	canary, stable series

	start    time.Time
	now      time.Duration // since start
	previous time.Duration // when the last scrape was
}

// observe takes what happened since the last time.
func (s *scrapes) observe(iv *evidence.Interval) {
	if s.start.IsZero() {
		s.start = iv.From
		s.scrape(0)
	}
	s.now = iv.To.Sub(s.start)
	for s.previous+s.every < s.now {
		s.scrape(s.previous + s.every)
	}
	s.canary.total.add(&iv.Canary.Caller)
	s.stable.total.add(&iv.Stable.Caller)
	if s.previous+s.every == s.now {
		s.scrape(s.now)
	}
}

func (s *scrapes) scrape(at time.Duration) {
	s.previous = at
	for _, of := range []*series{&s.canary, &s.stable} {
		if len(of.read) > s.keep {
			of.read = of.read[:copy(of.read, of.read[1:])]
		}
		of.read = append(of.read, of.total)
	}
}
