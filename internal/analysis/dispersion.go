package analysis

import "serin.dev/serin/internal/evidence"

// How clustered failures are taken to be before anybody has seen many: as if priorHits intervals with failures had
// shown a dispersion of priorDispersion. What comes out is multiplied by dispersionMargin, since it is an estimate.
const (
	priorDispersion  = 5
	priorHits        = 6
	dispersionMargin = 1.05
)

// dispersion is the over-dispersion φ ≥ 1 that a test must allow for, from how failures came until now, of one version
// or of both: were they alike, theirs would be, too.
//
// Failures that come in clusters break the independence that a bet is priced by. Its logarithm is divided by φ, as
// in quasi-likelihood (McCullagh and Nelder, Generalized Linear Models, 1989, 4.5). For φ ≥ 1 that keeps a valid bet
// valid (Jensen's inequality), and for clusters of up to φ it makes one valid that is not; beyond, docs/judgement.md
// shows by simulation how the rate holds.
func dispersion(of ...*evidence.Spread) float64 {
	fine, coarse := shrunk{priorDispersion * priorHits, priorHits}, shrunk{priorDispersion * priorHits, priorHits}
	for _, s := range of {
		fine.add(&s.Fine)
		coarse.add(&s.Coarse)
	}
	return max(1, fine.mean(), coarse.mean()) * dispersionMargin
}

// recurrence is how much intervals with failures follow each other, as φ of such intervals in ten: 1 when each comes
// for itself. Clusters within an interval do not raise it, ones that go on for seconds do.
func recurrence(s *evidence.Spread) float64 {
	mean := shrunk{priorHits, priorHits}
	mean.add(&s.Coarse)
	return max(1, mean.mean())
}

// shrunk is a mean of dispersions, each with the weight of the intervals with failures that it was seen in, shrunk
// towards a prior.
type shrunk struct{ sum, hits float64 }

func (m *shrunk) add(d *evidence.Differences) {
	phi, _ := d.Dispersion()
	m.sum, m.hits = m.sum+phi*d.Hit, m.hits+d.Hit
}

func (m *shrunk) mean() float64 { return m.sum / m.hits }

// capped bounds what one interval pays, a logarithm. A payment that is cut off only makes a bet worse, so it stays
// valid; and it keeps a single cluster, of whatever size, from deciding alone: of sizes that are geometric, θ^(K/φ) has no mean at large θ.
// Where failures are known to come one by one there is less to fear.
func capped(pay, phi float64) float64 {
	most := 4.0
	if phi < 1.3 {
		most = 8
	}
	return min(pay, most)
}
