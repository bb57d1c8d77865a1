package lab

import "math"

// poisson draws Poisson numbers. What depends on the mean alone is kept between draws.
type poisson struct {
	mean                  float64
	none                  float64 // small means: the chance of 0
	a, b, vr, invAlpha, l float64 // large means: Hörmann's constants
}

// few is the mean from which on rejection is faster than counting up.
const few = 12

// set changes the mean, in attempts a draw.
func (p *poisson) set(mean float64) {
	switch {
	case mean == p.mean && (p.none != 0 || p.b != 0):
	case mean < few:
		*p = poisson{mean: mean, none: math.Exp(-mean)}
	default:
		b := 0.931 + 2.53*math.Sqrt(mean)
		*p = poisson{
			mean: mean, b: b, a: -0.059 + 0.02483*b, vr: 0.9277 - 3.6224/(b-2), invAlpha: 1.1239 + 1.1328/(b-3.4),
			l: math.Log(mean),
		}
	}
}

func (p *poisson) draw(r *random) uint64 {
	switch {
	case p.mean <= 0:
		return 0
	case p.mean < few:
		return p.countUp(r)
	}
	return p.reject(r)
}

// countUp inverts the distribution function from 0 on.
func (p *poisson) countUp(r *random) uint64 {
	u, term := r.uniform(), p.none
	for k := 1.0; ; k++ {
		// Rounding may leave a little of u beyond all terms.
		if u < term || term == 0 {
			return uint64(k) - 1
		}
		u -= term
		term *= p.mean / k
	}
}

// reject is algorithm PTRS of Hörmann, Insurance: Mathematics and Economics 12, 1993.
func (p *poisson) reject(r *random) uint64 {
	for {
		u, v := r.uniform()-0.5, r.uniform()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*p.a/us+p.b)*u + p.mean + 0.43)
		if us >= 0.07 && v <= p.vr {
			return uint64(k)
		}
		if k < 0 || (us < 0.013 && v > us) {
			continue
		}
		factorial, _ := math.Lgamma(k + 1)
		if math.Log(v*p.invAlpha/(p.a/(us*us)+p.b)) <= k*p.l-p.mean-factorial {
			return uint64(k)
		}
	}
}

// poisson draws once.
func (r *random) poisson(mean float64) uint64 {
	var p poisson
	p.set(mean)
	return p.draw(r)
}
