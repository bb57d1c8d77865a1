package analysis

import (
	"math"
	"testing"
)

func TestPoissonAtMost(t *testing.T) {
	for _, delta := range []float64{0.1, 0.001} {
		for _, k := range []float64{0, 1, 7, 300} {
			u := poissonAtMost(k, delta)
			below := 0.0
			for i := 0.0; i <= k; i++ {
				l, _ := math.Lgamma(i + 1)
				below += math.Exp(i*math.Log(u) - u - l)
			}
			if below > delta*(1+1e-9) {
				t.Errorf("%g seen, level %g: at %g so few have a chance of %g", k, delta, u, below)
			}
			if below < delta/100 {
				t.Errorf("%g seen, level %g: %g is far too high, the chance is %g", k, delta, u, below)
			}
		}
	}
}

// The bound is above the chance it bounds, and not by much on a logarithmic scale.
func TestChernoff(t *testing.T) {
	for _, test := range []struct{ n, bad, limit float64 }{{100, 30, 0.2}, {20, 9, 0.1}, {1000, 30, 0.01}} {
		tail := 0.0
		for k := test.bad; k <= test.n; k++ {
			a, _ := math.Lgamma(test.n + 1)
			b, _ := math.Lgamma(k + 1)
			c, _ := math.Lgamma(test.n - k + 1)
			tail += math.Exp(a - b - c + k*math.Log(test.limit) + (test.n-k)*math.Log1p(-test.limit))
		}
		got := chernoff(pair{test.n, test.bad}, test.limit)
		if got < tail || math.Log(got) > 0.6*math.Log(tail) {
			t.Errorf("%g of %g at %g: the chance is %g, the bound %g", test.bad, test.n, test.limit, tail, got)
		}
	}
	if got := chernoff(pair{10, 10}, 1); got != 1 {
		t.Errorf("at a limit of 1 it is %g", got)
	}
}
