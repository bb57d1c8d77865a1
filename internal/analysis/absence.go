package analysis

import (
	"fmt"
	"time"
)

// absence notices that evidence is missing: the new version gets far fewer requests than its share says, or a proxy
// that counted has gone silent. That is nothing against the version, but it is not judged by what it did not get.
//
// The share is tested as the rate of failures is, from below: e(θ) = θ^n_c / (1-ρ/2+θρ/2)^N for θ < 1, whose mean is
// at most 1 as long as each of the N attempts goes to the new version with a chance of ρ/2 or more, of a share ρ.
type absence struct {
	shifted time.Time
	seen    pair // attempts at both versions, and of them the new one's
	wealth  [len(scarcities)]float64
}

var scarcities = [...]float64{0.5, 0.1, 0.01}

// poorest keeps a long time in which nothing was missing from hiding that it is now.
const poorest = 1e-3

// missingAt is the e-value from which attempts are called missing: one false word in a thousand.
const missingAt = 1000

// look takes an interval, and gives a sentence when something is missing.
func (a *absence) look(g *glance) string {
	if len(g.silent) > 0 {
		return fmt.Sprintf("the proxy of %s has not reported lately", g.silent[0])
	}
	if !g.shifted.Equal(a.shifted) {
		*a = absence{shifted: g.shifted, wealth: [...]float64{1, 1, 1}}
	}
	if !g.settled() || g.percent >= 100 {
		return ""
	}
	went := pair{g.first.n + g.beside.n, g.first.n}
	a.seen = a.seen.add(went)
	mean := 0.0
	for i, theta := range scarcities {
		a.wealth[i] = max(poorest, grown(a.wealth[i], payRate(theta, went, float64(g.percent)/200)))
		mean += a.wealth[i] / float64(len(scarcities))
	}
	if mean < missingAt {
		return ""
	}
	return fmt.Sprintf("only %.0f of %s since the shift went to the new version, whose share is %d %%", a.seen.bad, attempts(uint64(a.seen.n)), g.percent)
}
