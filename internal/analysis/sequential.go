package analysis

import "serin.dev/serin/internal/evidence"

// sequential compares how often the two versions fail, at every look, with a false-alarm rate that holds over all
// looks together. While stable has traffic beside the new version it is the comparison of the two (see
// payTwoSample); when all traffic goes to the new version, that of the new one with stable's record (see frozen).
//
// Two bets have half the stake each. One counts failures, and is divided by the dispersion φ; it is the fast one
// where φ is known to be small. The other counts intervals with failures, is divided by their recurrence, and is the
// fast one where failures are so rare that φ cannot be known. Only first attempts count: a retry is no independent try.
type sequential struct {
	counts, events bet
	stakes         stakes
	block          block
	record         record
	frozen         frozen
	phi, again     float64 // the dispersion and recurrence that the block is priced by, from before it began
}

func newSequential(t evidence.Trial, delta float64) *sequential {
	return &sequential{record: recordOf(t), frozen: frozen{delta: delta}}
}

// look takes an interval, and gives the wealth.
func (s *sequential) look(g *glance) float64 {
	if g.first.n+g.beside.n == 0 {
		s.block.wait(g)
		return s.wealth()
	}
	if s.block.empty() {
		s.phi, s.again = s.record.dispersion(), recurrence(&s.record.events)
	}
	if whole := s.block.add(g); whole {
		s.bet(s.block.take())
	}
	s.record.add(g.first, g.beside) // after the bets: what decides how one is priced must be known before it
	return s.wealth()
}

func (s *sequential) bet(b block) {
	stake := s.stakes.next(b.seconds, b.shifted)
	s.counts.lay(stake)
	s.events.lay(stake)
	if b.stable.n > 0 && b.canary.bad+b.stable.bad == 0 {
		return // nothing is won or lost on nothing
	}
	phi, again := s.phi, s.again
	switch {
	case b.stable.n == 0:
		limit := s.frozen.limit(&s.record)
		s.counts.settle(func(on odds) float64 { return capped(payRate(on, b.canary, limit)/phi, phi) })
		s.events.settle(func(on odds) float64 { return payRateEvents(on, b.canary, limit) / again })
	default:
		s.counts.settle(func(on odds) float64 { return capped(payTwoSample(on, b.canary, b.stable, 1)/phi, phi) })
		s.events.settle(func(on odds) float64 { return payEvents(on, b.canary, b.stable) / again })
	}
}

func (s *sequential) wealth() float64 { return (s.counts.wealth() + s.events.wealth()) / 2 }

// frozen is stable's record as a limit for a version that has all the traffic. There is no telling then whether an
// outage is the version's fault or would have hit stable too, so the limit has a margin for what a rate does by
// itself: twice the rate that stable had at most, and a tenth of a percent besides.
type frozen struct {
	delta float64 // the chance that stable's true rate was above the bound that is taken for it
	of    pair    // the record whose limit is known
	known float64
}

const (
	drift = 2
	slack = 0.001
	worst = 0.5 // what no version may fail of its attempts, whatever its record does not say
)

// limit is the rate of failures up to which nothing speaks against the new version.
func (f *frozen) limit(r *record) float64 {
	if r.total.n == 0 {
		return worst
	}
	if r.total != f.of {
		phi := dispersion(&r.errors)
		most := max(worst, f.least(r))
		f.of, f.known = r.total, min(1, most, slack+drift*poissonAtMost(r.total.bad/phi, f.delta)*phi/r.total.n)
	}
	return f.known
}

// least is what limit is at least, for less work.
func (f *frozen) least(r *record) float64 { return slack + drift*r.total.rate() }
