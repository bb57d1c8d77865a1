package analysis

import (
	"math"
	"math/rand/v2"
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

// The end of a confidence sequence holds at all times at once.
func TestConfidenceSequenceCovers(t *testing.T) {
	const runs, rate = 1000, 0.02
	rng := rand.New(rand.NewPCG(1, 2))
	missedUpper, missedLower := 0, 0
	for range runs {
		var seen pair
		upper, lower := false, false
		for range 400 {
			seen.n += 10
			for range 10 {
				if rng.Float64() < rate {
					seen.bad++
				}
			}
			upper = upper || wealthAgainst(seen, rate, 1, falling) >= wanted
			lower = lower || wealthAgainst(seen, rate, 1, rising) >= wanted
		}
		if upper {
			missedUpper++
		}
		if lower {
			missedLower++
		}
	}
	// Each may miss in half of 5 % of the runs; 2.5 % and three standard deviations.
	if most := 40; missedUpper > most || missedLower > most {
		t.Errorf("of %d runs the upper end missed %d, the lower %d", runs, missedUpper, missedLower)
	}
	if missedUpper+missedLower == 0 {
		t.Error("no end ever missed: they are much looser than they must be")
	}
}

func TestEnds(t *testing.T) {
	p := pair{1000, 20}
	upper, lower := upperEnd(p, 1), lowerEnd(p, 1)
	if lower <= 0.008 || lower >= 0.02 || upper <= 0.02 || upper >= 0.04 {
		t.Errorf("20 of 1000: from %g to %g", lower, upper)
	}
	if got := upperEnd(pair{}, 1); got != 1 {
		t.Errorf("of nothing the upper end is %g", got)
	}
	if got := lowerEnd(pair{100, 0}, 1); got != 0 {
		t.Errorf("of no failure the lower end is %g", got)
	}
	if clustered := upperEnd(p, 4); clustered <= upper {
		t.Errorf("clustered failures tell as much: %g, and %g", clustered, upper)
	}
}

// What nobody can wait for is not said to be waited for.
func TestNeverIsNotAwaited(t *testing.T) {
	for _, room := range []float64{-0.001, 0, 1e-10} {
		n := noninferiority{margin: 0.01 + room, canary: pair{6000, 60}}
		if more := n.more(0, 1); more != 0 {
			t.Errorf("%g from where it would never do, it takes %d more", room, more)
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

// What is still missing is about what it takes when stable fails, too: its failures make room.
func TestMoreMakesRoomForStablesFailures(t *testing.T) {
	n := noninferiority{margin: 0.01, canary: pair{1000, 20}}
	if got := n.more(0, 1); got != 0 {
		t.Errorf("of a version that fails 2 %% where 1 %% may be, %d more would do", got)
	}
	if got := n.more(0.018, 1); got == 0 {
		t.Error("beside a stable version that fails 1.8 % none would do")
	}
}
