package analysis

import (
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// glance is an interval as judges look at it: without how long attempts took, which few ask for and all would carry.
type glance struct {
	from, to, shifted time.Time
	seconds           float64
	percent           int
	canary, stable    views
	first, beside     pair // first attempts of the new version, and of stable, as callers saw them
	checks            []evidence.Check
	silent            []delivery.TaskID
}

func glanceAt(iv *evidence.Interval) glance {
	g := glance{
		from: iv.From, to: iv.To, shifted: iv.Shifted, seconds: iv.Seconds(), percent: iv.Percent,
		canary: viewsOf(&iv.Canary), stable: viewsOf(&iv.Stable), checks: iv.Checks, silent: iv.Silent,
	}
	g.first, g.beside = g.canary.caller.first(), g.stable.caller.first()
	return g
}

// settled tells whether every proxy had acknowledged the share throughout the interval.
func (g *glance) settled() bool { return !g.shifted.IsZero() && !g.from.Before(g.shifted) }

// views are what was counted of one deployment, from both sides.
type views struct{ caller, ingress counts }

func viewsOf(t *evidence.Tally) views { return views{countsOf(&t.Caller), countsOf(&t.Ingress)} }

func (v *views) add(w views) {
	v.caller.add(w.caller)
	v.ingress.add(w.ingress)
}

func (v *views) subtract(w views) {
	v.caller.subtract(w.caller)
	v.ingress.subtract(w.ingress)
}

// attempts and failed are the larger of the two views; worse is the view that failed is of. See evidence.Tally.
func (v *views) attempts() uint64 { return max(v.caller.attempts, v.ingress.attempts) }
func (v *views) failed() uint64   { return max(v.caller.failed(), v.ingress.failed()) }

func (v *views) worse() counts {
	if v.ingress.failed() > v.caller.failed() {
		return v.ingress
	}
	return v.caller
}

// counts are evidence.Counts without latency.
type counts struct{ attempts, errors5xx, errorsGRPC, connectFailed, resets, timeouts, retries, retriesFailed uint64 }

func countsOf(c *evidence.Counts) counts {
	return counts{c.Attempts, c.Errors5xx, c.ErrorsGRPC, c.ConnectFailed, c.Resets, c.Timeouts, c.FallbackServed, c.FallbackFailed}
}

func (c *counts) add(d counts) {
	c.attempts += d.attempts
	c.errors5xx += d.errors5xx
	c.errorsGRPC += d.errorsGRPC
	c.connectFailed += d.connectFailed
	c.resets += d.resets
	c.timeouts += d.timeouts
	c.retries += d.retries
	c.retriesFailed += d.retriesFailed
}

// subtract takes away what was added before.
func (c *counts) subtract(d counts) {
	c.attempts -= d.attempts
	c.errors5xx -= d.errors5xx
	c.errorsGRPC -= d.errorsGRPC
	c.connectFailed -= d.connectFailed
	c.resets -= d.resets
	c.timeouts -= d.timeouts
	c.retries -= d.retries
	c.retriesFailed -= d.retriesFailed
}

func (c *counts) failed() uint64 {
	return c.errors5xx + c.errorsGRPC + c.connectFailed + c.resets + c.timeouts
}

// first are the first attempts alone. See evidence.Counts.First.
func (c *counts) first() pair {
	n := c.attempts - min(c.attempts, c.retries)
	failed := c.failed()
	return pair{float64(n), float64(min(n, failed-min(failed, c.retriesFailed)))}
}

// saved is how many retries of others' failures it answered.
func (c *counts) saved() uint64 { return c.retries - min(c.retries, c.retriesFailed) }
