package analysis

import (
	"math"
	"testing"
)

// hypergeometric gives the chance of each number of bad attempts that the new version has, when of n = nc+ns attempts
// k are bad and the odds of one of the new version's being bad are omega times those of stable's.
func hypergeometric(nc, ns, k int, omega float64) []float64 {
	choose := func(n, k int) float64 {
		if k < 0 || k > n {
			return math.Inf(-1)
		}
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	chances, sum := make([]float64, k+1), 0.0
	for c := range chances {
		chances[c] = math.Exp(choose(nc, c) + choose(ns, k-c) + float64(c)*math.Log(omega))
		sum += chances[c]
	}
	for c := range chances {
		chances[c] /= sum
	}
	return chances
}

// Under the null no bet pays more than 1 on average, whatever was tried and however much of it was bad: the exact
// conditional law of the counts, all of them.
func TestTwoSampleIsFair(t *testing.T) {
	tightest := 0.0
	for _, tolerance := range []float64{1, 1.5, 3} {
		for nc := 1; nc <= 14; nc++ {
			for ns := 1; ns <= 14; ns++ {
				for k := 0; k <= nc+ns; k++ {
					chances := hypergeometric(nc, ns, k, tolerance)
					for _, on := range thetas {
						mean := 0.0
						for c, chance := range chances {
							mean += chance * math.Exp(payTwoSample(on, pair{float64(nc), float64(c)}, pair{float64(ns), float64(k - c)}, tolerance))
						}
						if mean > 1+1e-9 {
							t.Fatalf("%d and %d attempts, %d bad, tolerance %g, θ %g: it pays %g on average", nc, ns, k, tolerance, on.theta, mean)
						}
						if k > 0 && tolerance == 1 {
							tightest = max(tightest, mean)
						}
					}
				}
			}
		}
	}
	if tightest < 0.99 {
		t.Errorf("the fairest bet pays %g: the bound is looser than it must be", tightest)
	}
}

// The bound of the second binomial is what keeps the power at high rates.
func TestTwoSampleAtHighRates(t *testing.T) {
	canary, stable := pair{100, 80}, pair{900, 450}
	first := canary.bad*math.Log(2) - (canary.bad+stable.bad)*math.Log1p(0.1)
	if got := payTwoSample(oddsOf(2), canary, stable, 1); got < first+5 {
		t.Errorf("it pays e^%.1f, the binomial of all failures alone e^%.1f", got, first)
	}
}

// A worse version is what pays, and nothing else: swap the two, or let nothing happen, and it does not.
func TestTwoSampleHasASign(t *testing.T) {
	for _, on := range thetas {
		if pay := payTwoSample(on, pair{100, 50}, pair{100, 2}, 1); pay <= 0 {
			t.Errorf("θ %g: a worse version pays e^%g", on.theta, pay)
		}
		if pay := payTwoSample(on, pair{100, 2}, pair{100, 50}, 1); pay >= 0 {
			t.Errorf("θ %g: a better version pays e^%g", on.theta, pay)
		}
		if pay := payTwoSample(on, pair{100, 0}, pair{100, 0}, 1); pay != 0 {
			t.Errorf("θ %g: nothing pays e^%g", on.theta, pay)
		}
	}
}

// Clusters of any size, on each version in proportion to its attempts, do not make the bet on events unfair.
func TestEventsAreFair(t *testing.T) {
	for _, rho := range []float64{0.01, 0.1, 0.25, 0.5, 0.75} {
		for _, clusters := range []float64{0.001, 0.1, 1, 5, 20} {
			c, s := 1-math.Exp(-clusters*rho), 1-math.Exp(-clusters*(1-rho))
			for _, on := range thetas {
				mean := 0.0
				for _, x := range []struct{ canary, stable, chance float64 }{{0, 0, (1 - c) * (1 - s)}, {7, 0, c * (1 - s)}, {0, 7, (1 - c) * s}, {3, 9, c * s}} {
					mean += x.chance * math.Exp(payEvents(on, pair{1000 * rho, x.canary}, pair{1000 * (1 - rho), x.stable}))
				}
				if mean > 1+1e-12 {
					t.Errorf("share %g, %g clusters, θ %g: it pays %g on average", rho, clusters, on.theta, mean)
				}
			}
		}
	}
	if pay := payEvents(oddsOf(16), pair{10, 3}, pair{90, 0}); pay <= 0 {
		t.Errorf("failures of the new version alone pay e^%g", pay)
	}
}

func TestRateIsFair(t *testing.T) {
	const n, limit = 40, 0.05
	for _, rate := range []float64{0, 0.01, limit} {
		chances := make([]float64, n+1)
		for c := range chances {
			a, _ := math.Lgamma(n + 1)
			b, _ := math.Lgamma(float64(c + 1))
			d, _ := math.Lgamma(float64(n - c + 1))
			chances[c] = math.Exp(a-b-d) * math.Pow(rate, float64(c)) * math.Pow(1-rate, float64(n-c))
		}
		for _, on := range thetas {
			counts, events := 0.0, 0.0
			for c, chance := range chances {
				counts += chance * math.Exp(payRate(on, pair{n, float64(c)}, limit))
				events += chance * math.Exp(payRateEvents(on, pair{n, float64(c)}, limit))
			}
			if counts > 1+1e-9 || events > 1+1e-9 {
				t.Errorf("rate %g, θ %g: counts pay %g, events %g on average", rate, on.theta, counts, events)
			}
			if fair := rate == limit; fair && math.Abs(counts-1) > 1e-9 {
				t.Errorf("θ %g: at the limit counts pay %g on average, not 1", on.theta, counts)
			}
		}
	}
}

// An event's price is exact: at its chance the bet is worth 1, neither more nor less.
func TestOneIsExact(t *testing.T) {
	for _, on := range thetas {
		for _, chance := range []float64{0.01, 0.3, 1} {
			mean := chance*math.Exp(payOne(on, true, chance)) + (1-chance)*math.Exp(payOne(on, false, chance))
			if math.Abs(mean-1) > 1e-12 {
				t.Errorf("chance %g, θ %g: it is worth %g", chance, on.theta, mean)
			}
		}
		if pay := payRateEvents(on, pair{10, 3}, 0.01); pay <= 0 {
			t.Errorf("θ %g: a failure of ten attempts, at a rate of 0.01, pays e^%g", on.theta, pay)
		}
	}
}
