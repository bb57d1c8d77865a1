package evidence

// Spread tells how clustered a deployment's failures are, without keeping them: sums over neighbouring intervals, on
// two scales of time. Failures that come one by one, each for itself, have a dispersion of 1. Ones that come in
// clusters of m have one of m, and of more where the clusters differ in size.
type Spread struct {
	Fine   Differences `json:"fine"`   // interval by interval
	Coarse Differences `json:"coarse"` // ten intervals by ten
	Ten    Block       `json:"ten"`    // the ten under way
	Count  int         `json:"count"`  // how many of them there are
}

const coarse = 10

// Observe adds the attempts of one interval, and how many of them failed.
func (s *Spread) Observe(attempts, failed uint64) {
	b := Block{float64(attempts), float64(failed)}
	s.Fine.observe(b)
	s.Ten, s.Count = s.Ten.add(b), s.Count+1
	if s.Count == coarse {
		s.Coarse.observe(s.Ten)
		s.Ten, s.Count = Block{}, 0
	}
}

// Add joins what was seen at two times.
func (s Spread) Add(t Spread) Spread {
	return Spread{Fine: s.Fine.add(t.Fine), Coarse: s.Coarse.add(t.Coarse)}
}

// Block is a stretch of time.
type Block struct {
	N float64 `json:"n"` // attempts
	K float64 `json:"k"` // failures
}

func (b Block) add(c Block) Block { return Block{b.N + c.N, b.K + c.K} }

// Differences are sums over neighbouring blocks of time, of which n attempts were made and k failed in each.
//
// The variance comes from the differences of neighbours (von Neumann, Ann. Math. Stat. 12, 1941), so that a rate
// that drifts, or an outage that both versions share, does not look like clusters.
type Differences struct {
	N    float64 `json:"n"`    // attempts, all blocks
	K    float64 `json:"k"`    // failures, all blocks
	Hit  float64 `json:"hit"`  // blocks with a failure
	Both float64 `json:"both"` // sum of n of a block and its predecessor
	KK   float64 `json:"kk"`   // sum of (difference in k)²
	KN   float64 `json:"kn"`   // sum of difference in k × difference in n
	NN   float64 `json:"nn"`   // sum of (difference in n)²
	Last Block   `json:"last"` // the block before
	Any  bool    `json:"any"`  // there is one
}

func (d *Differences) observe(b Block) {
	d.N, d.K = d.N+b.N, d.K+b.K
	if b.K > 0 {
		d.Hit++
	}
	if d.Any {
		dn, dk := b.N-d.Last.N, b.K-d.Last.K
		d.Both, d.KK, d.KN, d.NN = d.Both+b.N+d.Last.N, d.KK+dk*dk, d.KN+dk*dn, d.NN+dn*dn
	}
	d.Last, d.Any = b, true
}

func (d Differences) add(e Differences) Differences {
	return Differences{
		N: d.N + e.N, K: d.K + e.K, Hit: d.Hit + e.Hit,
		Both: d.Both + e.Both, KK: d.KK + e.KK, KN: d.KN + e.KN, NN: d.NN + e.NN,
	}
}

// Dispersion is the variance of the failures in a block, measured, over that which independent attempts would have.
// ok is false when nothing failed.
func (d *Differences) Dispersion() (phi float64, ok bool) {
	if d.K <= 0 || d.Both <= 0 {
		return 0, false
	}
	p := d.K / d.N
	// Where all fail there is no variance to compare with.
	expected := max(p*(1-p), 1e-12) * d.Both
	return (d.KK - 2*p*d.KN + p*p*d.NN) / expected, true
}
