package analysis

import (
	"fmt"
	"time"
)

// sharedFate notices that both versions do badly alike: a backend of both is down, say. Then the new version is not
// to blame, and what was counted speaks for nobody. Over the last sharedWindow the rate of each must be above what
// stable's record allows (see frozen), and surely: by Chernoff's bound so many failures have a chance of at most
// sharedUnheard and sharedAtAll at that rate.
type sharedFate struct {
	recent window[versions, *versions]
	frozen frozen
}

const (
	sharedWindow  = 30 * time.Second
	sharedUnheard = 1e-6 // of stable
	sharedAtAll   = 1e-2 // of the new version, which has the smaller share
)

func newSharedFate(delta float64) *sharedFate {
	return &sharedFate{recent: window[versions, *versions]{length: sharedWindow}, frozen: frozen{delta: delta}}
}

// look takes an interval and stable's record until it, and gives a sentence while fate is shared.
func (s *sharedFate) look(g *glance, before *record) string {
	sum := s.recent.add(g.to, versions{g.first, g.beside})
	canary, stable := sum.canary, sum.stable
	if least := s.frozen.least(before); canary.rate() <= least || stable.rate() <= least {
		return ""
	}
	limit := s.frozen.limit(before)
	if !above(canary, limit, sharedAtAll) || !above(stable, limit, sharedUnheard) {
		return ""
	}
	return fmt.Sprintf("both versions fail alike: the new one %.0f of %s, stable %.0f of %s within %s, where stable's record allows %.2g %%",
		canary.bad, attempts(uint64(canary.n)), stable.bad, attempts(uint64(stable.n)), span(sharedWindow), 100*limit)
}

// above tells whether so many failures have at most that chance at the rate limit.
func above(p pair, limit, chance float64) bool {
	return p.rate() > limit && chernoff(p, limit) <= chance
}
