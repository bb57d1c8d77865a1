package analysis

import (
	"fmt"
	"math"
	"time"
)

// absence notices that evidence is missing: the new version gets far fewer requests than its share says, or a proxy
// that counted has gone silent. That is nothing against the version, but it is not judged by what it did not get.
//
// The share is tested as the rate of failures is, from below: e(θ) = θ^n_c / (1-ρ/2+θρ/2)^N for θ < 1, whose mean is
// at most 1 as long as each of the N attempts goes to the new version with a chance of ρ/2 or more, of a share ρ.
type absence struct {
	shifted time.Time
	percent int
	seen    pair                                           // attempts at both versions, and of them the new one's
	wealth  [len(scarcities)]float64                       // its logarithm
	pays    [len(scarcities)]struct{ canary, any float64 } // an attempt at the new version, and at whichever
}

var scarcities = [...]float64{0.5, 0.1, 0.01}

// poorest keeps a long time in which nothing was missing from hiding that it is now: the logarithm of a thousandth.
var poorest = math.Log(1e-3)

// missingAt is the logarithm of the e-value from which attempts are called missing: one false word in a thousand.
var missingAt = math.Log(1e3)

// look takes an interval, and gives a sentence when something is missing.
func (a *absence) look(g *glance) string {
	if len(g.silent) > 0 {
		return fmt.Sprintf("the proxy of %s has not reported lately", g.silent[0])
	}
	if !g.shifted.Equal(a.shifted) || g.percent != a.percent {
		a.begin(g)
	}
	if !g.settled() || g.percent >= 100 {
		return ""
	}
	went := pair{g.first.n + g.beside.n, g.first.n}
	a.seen = a.seen.add(went)
	rich := false
	for i := range a.pays {
		a.wealth[i] = max(poorest, a.wealth[i]+went.bad*a.pays[i].canary+went.n*a.pays[i].any)
		rich = rich || a.wealth[i] >= missingAt
	}
	if !rich || a.mean() < missingAt {
		return ""
	}
	return fmt.Sprintf("only %.0f of %s since the shift went to the new version, whose share is %d %%", a.seen.bad, attempts(uint64(a.seen.n)), g.percent)
}

// begin watches another share, and knows what attempts pay: see payRate.
func (a *absence) begin(g *glance) {
	*a = absence{shifted: g.shifted, percent: g.percent}
	for i, theta := range scarcities {
		a.pays[i].canary, a.pays[i].any = math.Log(theta), -math.Log1p(float64(g.percent)/200*(theta-1))
	}
}

// mean is the logarithm of what all bets together have.
func (a *absence) mean() float64 {
	mean := 0.0
	for _, w := range a.wealth {
		mean += math.Exp(w) / float64(len(a.wealth))
	}
	return math.Log(mean)
}
