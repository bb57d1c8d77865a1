package analysis

import (
	"fmt"
	"math"
	"time"
)

// noninferiority lets a version be promoted only when it is surely not worse than stable by more than a margin: the
// upper end of a confidence sequence for the new version's rate of failures, less the lower end of stable's, is below
// it. Both hold at all times at once with promotionConfidence, so that one may look until they meet.
//
// For any λ, Π (1+m(e^λ-1))^-n · e^(λc) over intervals has mean at most 1 when m is the mean of the rates so far,
// which may vary (log(1+m·x) is concave in m). The end of the sequence is the m at which the mean over some λ is
// 2/(1-confidence) (Waudby-Smith and Ramdas, JRSS-B 86, 2024, section 3; the grid stands for their mixture). The
// logarithm is divided by the dispersion.
//
// It begins anew with each shift: what a version did at a tenth of the traffic is no proof for all of it. At 100 %
// stable's record is what it is compared with.
type noninferiority struct {
	margin         float64
	shifted        time.Time
	canary, stable pair
	seconds        float64

	// What the last look found.
	settled bool
	other   pair // what the new version is compared with
	phi     float64
}

const promotionConfidence = 0.95

// look takes an interval and stable's record, and tells whether there is enough.
func (n *noninferiority) look(g *glance, before *record) (enough bool) {
	if n.margin == 0 {
		return true
	}
	if !g.shifted.Equal(n.shifted) {
		*n = noninferiority{margin: n.margin, shifted: g.shifted}
	}
	if n.settled = g.settled(); !n.settled {
		return false
	}
	n.canary, n.stable = n.canary.add(g.first), n.stable.add(g.beside)
	n.seconds += g.seconds
	n.other, n.phi = n.beside(g, before), before.dispersion()
	return n.surely()
}

// surely tells whether the ends are less than the margin apart. Stable's lower end takes a search, which is spared where
// it would do if it were zero, and where it would not if it were stable's rate.
func (n *noninferiority) surely() bool {
	below := func(m float64) bool { return m > 1 || wealthAgainst(n.canary, m, n.phi, falling) >= wanted }
	return below(n.margin) || below(n.other.rate()+n.margin) && below(lowerEnd(n.other, n.phi)+n.margin)
}

// missing says what the last look had not enough of: a sentence, about how many more attempts of the new version, and
// how long that takes.
func (n *noninferiority) missing() (reason string, more uint64, after time.Duration) {
	if !n.settled {
		return "the shift is not acknowledged yet", 0, 0
	}
	upper, lower := upperEnd(n.canary, n.phi), lowerEnd(n.other, n.phi)
	more = n.more(lower, n.phi)
	if n.canary.n > 0 && more > 0 {
		after = time.Duration(float64(more) / n.canary.n * n.seconds * float64(time.Second))
	}
	return n.sentence(upper-lower, more, after), more, after
}

// beside is what the new version is compared with: stable as it is now, or as it was. At 100 % what stable still ends
// is what it was sent before, too little to compare with.
func (n *noninferiority) beside(g *glance, before *record) pair {
	if n.stable.n > 0 && g.percent < 100 {
		return n.stable
	}
	return before.total
}

func (n *noninferiority) sentence(worst float64, more uint64, after time.Duration) string {
	text := fmt.Sprintf("it may still fail up to %.2g %% more often than stable, and is promoted when that is surely below %.4g %%", 100*worst, 100*n.margin)
	switch {
	case after > 0:
		text += fmt.Sprintf(": about %s more, %s at this rate", attempts(more), span(after))
	case more > 0:
		text += fmt.Sprintf(": about %s more", attempts(more))
	}
	return text
}

// more is about how many further attempts would do if it went on failing as it does; 0 when none would. It solves
// the bound's normal and Poisson parts together: margin = sqrt(2p(1-p)L/n) + L/n.
func (n *noninferiority) more(lower, phi float64) uint64 {
	rate := n.canary.rate()
	room := n.margin + lower - rate
	if room <= 0 {
		return 0
	}
	l := phi * wanted
	slope := math.Sqrt(2 * rate * (1 - rate) * l)
	root := (math.Sqrt(slope*slope+4*l*room) - slope) / (2 * l)
	needed := math.Ceil(1/(root*root) - n.canary.n)
	if needed > never {
		return 0
	}
	return uint64(max(1, needed))
}

// never is a number of attempts that nobody waits for.
const never = 1e9

// wanted is the logarithm of the wealth at which an end of the sequence is.
var wanted = math.Log(2 / (1 - promotionConfidence))

// upperEnd is the highest mean rate that such counts do not speak against.
func upperEnd(p pair, phi float64) float64 {
	return end(p.rate(), 1, func(m float64) float64 { return wealthAgainst(p, m, phi, falling) })
}

// lowerEnd is the lowest.
func lowerEnd(p pair, phi float64) float64 {
	return end(p.rate(), 0, func(m float64) float64 { return wealthAgainst(p, m, phi, rising) })
}

// end searches from the seen rate outwards for where the wealth crosses.
func end(seen, limit float64, wealth func(m float64) float64) float64 {
	if wealth(limit) < wanted {
		return limit
	}
	return crossing(seen, limit, func(m float64) bool { return wealth(m) >= wanted })
}

// tilts are λ: below 0 for upper ends, above for lower ones.
type tilts [6]float64

var (
	falling = tilts{math.Log(0.001), math.Log(0.25), math.Log(0.5), math.Log(0.75), math.Log(0.9), math.Log(0.97)}
	rising  = tilts{-falling[0], -falling[1], -falling[2], -falling[3], -falling[4], -falling[5]}
)

// wealthAgainst is the logarithm of what bets against the mean rate m have won, all tilts having an equal share of
// the stake: at least what the best of them has.
func wealthAgainst(p pair, m, phi float64, over tilts) float64 {
	best := math.Inf(-1)
	for _, lambda := range over {
		best = max(best, p.bad*lambda-p.n*math.Log1p(m*math.Expm1(lambda)))
	}
	return best/phi - math.Log(float64(len(over)))
}
