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
	seen      [len(evidence.Quantiles)][2]pair // of both versions since the share changed, by the bounds of the time
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
		l.percent, l.seen = g.percent, [len(evidence.Quantiles)][2]pair{}
	}
	known := l.known.Total() >= evidence.EnoughForQuantiles
	for i, q := range evidence.Quantiles {
		l.bets[i].lay(stake)
		bound, _ := l.known.Quantile(q)
		c, s := over(canary, bound), over(stable, bound)
		if !known || c.n == 0 || l.tolerance*(1-q) > crowded {
			continue
		}
		phi := dispersion(&l.spread[i])
		switch {
		case s.n > 0:
			l.bets[i].settle(func(on odds) float64 { return capped(payTwoSample(on, c, s, l.tolerance)/phi, phi) })
			l.spread[i].Observe(uint64(s.n), uint64(s.bad))
		case g.percent == 100:
			if limit := l.limit(bound, phi); limit < 1 {
				l.bets[i].settle(func(on odds) float64 { return capped(payRate(on, c, limit)/phi, phi) })
			}
		default:
			continue
		}
		l.seen[i] = [2]pair{l.seen[i][0].add(c), l.seen[i][1].add(s)}
	}
	l.known = l.known.Add(*stable)
	return l.wealth()
}

// limit is the share of slow answers up to which nothing speaks against a version that has all the traffic: what
// tolerance allows of the share that stable surely had at most, with the margin of frozen.
func (l *latency) limit(bound int, phi float64) float64 {
	was := over(&l.known, bound)
	return slack + drift*l.tolerance*poissonAtMost(was.bad/phi, l.delta)*phi/was.n
}

func over(l *evidence.Latency, bucket int) pair {
	return pair{float64(l.Total()), float64(l.Over(bucket))}
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
	bound, _ := l.known.Quantile(evidence.Quantiles[best])
	c, s := l.seen[best][0], l.seen[best][1]
	slow := fmt.Sprintf("%.0f of %.0f answers of canary took over %s", c.bad, c.n, evidence.Bound(bound))
	if s.n > 0 {
		return fmt.Sprintf("%s, of stable %.0f of %.0f in the same time", slow, s.bad, s.n)
	}
	was := over(&l.known, bound)
	return fmt.Sprintf("%s, of stable %.0f of %.0f before: nothing goes to stable now, so what would slow both cannot be told apart", slow, was.bad, was.n)
}
