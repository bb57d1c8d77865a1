package lab

import (
	"fmt"
	"math"
	"testing"
)

// moments draws often, and compares mean and variance with theory. Five standard errors are allowed, of which that of
// the variance is estimated from the draws.
func moments(t *testing.T, mean, variance float64, draw func() float64) {
	t.Helper()
	const n = 200_000
	var sum, squares, fourths float64
	for range n {
		d := draw() - mean
		sum, squares, fourths = sum+d, squares+d*d, fourths+d*d*d*d
	}
	if off, allowed := sum/n, 5*math.Sqrt(variance/n); math.Abs(off) > allowed {
		t.Errorf("the mean is %g off %g, more than %g", off, mean, allowed)
	}
	seen := squares / n
	if allowed := 5 * math.Sqrt((fourths/n-seen*seen)/n); math.Abs(seen-variance) > allowed {
		t.Errorf("the variance is %g, want %g within %g", seen, variance, allowed)
	}
}

func TestRandomHasTheMomentsOfItsDistribution(t *testing.T) {
	for _, mean := range []float64{0.001, 0.7, 11.9, 12.1, 90, 9000} {
		t.Run(fmt.Sprint("poisson ", mean), func(t *testing.T) {
			r, p := newRandom(1, t.Name(), 0), poisson{}
			p.set(mean)
			moments(t, mean, mean, func() float64 { return float64(p.draw(r)) })
		})
	}
	for _, test := range []struct {
		n uint64
		p float64
	}{{1, 0.2}, {40, 0.01}, {40, 0.5}, {40, 0.93}} {
		t.Run(fmt.Sprint("binomial ", test), func(t *testing.T) {
			r, n := newRandom(1, t.Name(), 0), float64(test.n)
			moments(t, n*test.p, n*test.p*(1-test.p), func() float64 { return float64(r.binomial(test.n, test.p)) })
		})
	}
	for _, m := range []float64{1.5, 3} {
		t.Run(fmt.Sprint("geometric ", m), func(t *testing.T) {
			r := newRandom(1, t.Name(), 0)
			moments(t, m, m*(m-1), func() float64 { return float64(r.geometric(m)) })
		})
		t.Run(fmt.Sprint("clustered ", m), func(t *testing.T) {
			r := newRandom(1, t.Name(), 0)
			moments(t, 7*m, 7*m*(m-1), func() float64 { return float64(r.clustered(7, m)) })
		})
	}
}

func TestPoissonHasItsDistribution(t *testing.T) {
	for _, mean := range []float64{0.3, 5, 30, 400} {
		r, p, seen := newRandom(2, "", 0), poisson{}, map[uint64]float64{}
		p.set(mean)
		const n = 300_000
		for range n {
			seen[p.draw(r)]++
		}
		chi, cells := 0.0, 0.0
		for k := range uint64(2 * (mean + 20)) {
			factorial, _ := math.Lgamma(float64(k) + 1)
			if want := n * math.Exp(float64(k)*math.Log(mean)-mean-factorial); want > 20 {
				chi, cells = chi+(seen[k]-want)*(seen[k]-want)/want, cells+1
			}
		}
		if allowed := cells + 5*math.Sqrt(2*cells); chi > allowed {
			t.Errorf("mean %g: chi² is %.0f over %.0f values, more than %.0f", mean, chi, cells, allowed)
		}
	}
}

func TestCertaintiesOfBinomial(t *testing.T) {
	r := newRandom(1, "", 0)
	for _, test := range []struct {
		n    uint64
		p    float64
		want uint64
	}{{0, 0.5, 0}, {9, 0, 0}, {9, 1, 9}} {
		if got := r.binomial(test.n, test.p); got != test.want {
			t.Errorf("%d tries with chance %g succeed %d times, want %d", test.n, test.p, got, test.want)
		}
	}
}
