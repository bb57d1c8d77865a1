package lab

// Bursts are clients that hammer on a URL that fails, whichever version answers: failures that come over seconds,
// more than the cells' clusters do.
type Bursts struct {
	Share     float64 // of all attempts, in the mean, that are theirs
	Seconds   float64 // how long one lasts, in the mean; the distribution is geometric
	PerSecond float64 // its attempts, in the mean, each of which fails
	Sticky    bool    // a client meets one version throughout; else each of its attempts meets either, by weight
}

// hammering is how many clients hammer now. Those that stick to no version are counted on stable's side.
type hammering struct{ canary, stable uint64 }

// second lets clients come and go, and gives the failures that each version has by them. Rate is the service's
// first attempts a second, share the canary's part of them.
func (h *hammering) second(r *random, b *Bursts, rate, share float64) (canary, stable uint64) {
	if b == nil {
		return 0, 0
	}
	starts := b.Share * rate / (b.Seconds * b.PerSecond)
	stuck := 0.0
	if b.Sticky {
		stuck = share
	}
	h.canary = r.binomial(h.canary, 1-1/b.Seconds) + r.poisson(starts*stuck)
	h.stable = r.binomial(h.stable, 1-1/b.Seconds) + r.poisson(starts*(1-stuck))
	canary, stable = r.poisson(float64(h.canary)*b.PerSecond), r.poisson(float64(h.stable)*b.PerSecond)
	if !b.Sticky {
		canary = r.binomial(stable, share)
		stable -= canary
	}
	return canary, stable
}
