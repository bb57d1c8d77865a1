package analysis

import (
	"fmt"

	"serin.dev/serin/internal/evidence"
)

// latency compares how often the two versions are slow: slower than the median, the 95th and the 99th percentile of
// what stable has answered until now. It is the test of sequential on attempts over each of these bounds, with the
// policy's tolerance. The bounds move as stable answers, but each is known before the interval it is used for.
//
// When all traffic goes to the new version, it is compared with how often stable was that slow before.
type latency struct {
	tolerance float64
	delta     float64          // the chance that the bound for one of stable's shares was too low
	known     evidence.Latency // stable's, until now
	spread    [len(evidence.Quantiles)]evidence.Spread
	bets      [len(evidence.Quantiles)]bet
	stakes    stakes
	percent   int
	seen      [len(evidence.Quantiles)]versions // what was compared since the share changed, by the bounds of the time
}

// crowded is the share of slow answers from which one cannot be so many times as slow: the bet's price, which is exact
// for odds, would be too low for shares.
const crowded = 0.8

func newLatency(t evidence.Trial, delta float64) *latency {
	before := t.Before.Summary()
	return &latency{
		tolerance: t.Policy.Judgement.LatencyTolerance, delta: delta / float64(len(evidence.Quantiles)),
		known: before.Counts.Latency, spread: before.Slow,
	}
}

// look takes an interval, and gives the wealth.
func (l *latency) look(g *glance, canary, stable *evidence.Latency) float64 {
	stake := l.stakes.next(g.seconds, g.percent != l.percent)
	if g.percent != l.percent {
		l.percent, l.seen = g.percent, [len(evidence.Quantiles)]versions{}
	}
	above, known := l.known.Slow()
	n, beside := float64(canary.Total()), float64(stable.Total())
	for i, q := range evidence.Quantiles {
		l.bets[i].lay(stake)
		if !known || n == 0 || beside > 0 && l.tolerance*(1-q) > crowded {
			continue
		}
		c, s := pair{n, float64(canary.Over(above[i]))}, pair{beside, float64(stable.Over(above[i]))}
		phi := dispersion(&l.spread[i])
		if s.n > 0 {
			l.bets[i].settle(func(on odds) float64 { return capped(payTwoSample(on, c, s, l.tolerance)/phi, phi) })
			l.spread[i].Observe(uint64(s.n), uint64(s.bad))
		} else if g.percent == 100 {
			c.bad = float64(canary.Over(above[i] + leeway))
			if limit := l.limit(above[i], phi); limit < 1 {
				l.bets[i].settle(func(on odds) float64 { return capped(payRate(on, c, limit)/phi, phi) })
			}
		}
		if alone := s.n == 0; alone == (g.percent == 100) {
			l.seen[i].add(versions{c, s})
		}
	}
	l.known = l.known.Add(*stable)
	return l.wealth()
}

// leeway is how many buckets longer than stable's an answer must take to be slow where there is nothing beside the new
// version: one, of five to a decade, is a factor of 1.6. Answers take longer by themselves when the day's traffic comes,
// and where they all take about as long, a little longer means many more of them above any bound.
const leeway = 1

// limit is the share of slow answers up to which nothing speaks against a version that has all the traffic: what
// tolerance allows of the share that stable surely had at most, with the margin of frozen.
func (l *latency) limit(bound int, phi float64) float64 {
	was := l.was(bound)
	return slack + drift*l.tolerance*poissonAtMost(was.bad/phi, l.delta)*phi/was.n
}

// was is how often stable was that slow until now.
func (l *latency) was(bound int) pair {
	return pair{float64(l.known.Total()), float64(l.known.Over(bound))}
}

func (l *latency) wealth() (mean float64) {
	for i := range l.bets {
		mean += l.bets[i].wealth() / float64(len(l.bets))
	}
	return mean
}

// sentence says what the bet that has won most saw since the share changed.
func (l *latency) sentence() string {
	best := 0
	for i := range l.bets {
		if l.bets[i].wealth() > l.bets[best].wealth() {
			best = i
		}
	}
	above, _ := l.known.Slow()
	bound := above[best]
	c, s := l.seen[best].canary, l.seen[best].stable
	const slow = "%.0f of %.0f answers of canary took over %s, of stable %.0f of %.0f "
	if l.percent < 100 {
		return fmt.Sprintf(slow+"in the same time", c.bad, c.n, evidence.Bound(bound), s.bad, s.n)
	}
	was := l.was(bound)
	return fmt.Sprintf(slow+"over %s before: nothing goes to stable now, so what would slow both cannot be told apart",
		c.bad, c.n, evidence.Bound(bound+leeway), was.bad, was.n, evidence.Bound(bound))
}
