package lab

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
)

// random draws the simulator's numbers. All distributions are exact, up to the 53 bits of a uniform number.
type random struct {
	pcg *rand.PCG
	rng *rand.Rand // on the same generator, for normal and exponential variates
}

// newRandom gives the numbers of one run. Each run has its own, so that it matters neither which worker plays it nor
// what else is played.
func newRandom(seed uint64, cell string, run int) *random {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d", seed, cell, run))
	pcg := rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:]))
	return &random{pcg, rand.New(pcg)}
}

// uniform is in [0, 1).
func (r *random) uniform() float64 { return float64(r.pcg.Uint64()>>11) / (1 << 53) }

// geometric is at least 1, with the given mean ≥ 1.
func (r *random) geometric(mean float64) uint64 {
	if mean <= 1 {
		return 1
	}
	return 1 + uint64(r.rng.ExpFloat64()/-math.Log1p(-1/mean))
}

// binomial counts successes among n tries. It steps from success to success by geometric gaps, so its time is
// proportional to the rarer outcome.
func (r *random) binomial(n uint64, p float64) uint64 {
	switch {
	case n == 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - r.binomial(n, 1-p)
	}
	var k uint64
	left, scale := float64(n), -math.Log1p(-p)
	for {
		gap := math.Floor(r.rng.ExpFloat64()/scale) + 1
		if gap > left {
			return k
		}
		left -= gap
		k++
	}
}

// clustered sums n geometric numbers of the given mean: n plus a negative binomial number, which is a Poisson number
// with a gamma mean.
func (r *random) clustered(n uint64, mean float64) uint64 {
	if n == 0 || mean <= 1 {
		return n
	}
	var rest poisson
	rest.set(r.gamma(float64(n)) * (mean - 1))
	return n + rest.draw(r)
}

// gamma has a shape of at least 1 and a scale of 1 (Marsaglia and Tsang, ACM TOMS 26, 2000).
func (r *random) gamma(shape float64) float64 {
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		u := r.uniform()
		if u < 1-0.0331*x*x*x*x || math.Log(u) < 0.5*x*x+d*(1-v+math.Log(v)) {
			return d * v
		}
	}
}
