package analysis

import "math"

// pair is how many attempts were made of one version in an interval, and how many of them were bad.
type pair struct{ n, bad float64 }

func (p pair) add(q pair) pair { return pair{p.n + q.n, p.bad + q.bad} }

func (p pair) subtract(q pair) pair { return pair{p.n - q.n, p.bad - q.bad} }

func (p pair) rate() float64 {
	if p.n == 0 {
		return 0
	}
	return p.bad / p.n
}

// versions are the attempts of both.
type versions struct{ canary, stable pair }

func (v *versions) add(w versions) {
	v.canary, v.stable = v.canary.add(w.canary), v.stable.add(w.stable)
}

func (v *versions) subtract(w versions) {
	v.canary, v.stable = v.canary.subtract(w.canary), v.stable.subtract(w.stable)
}

// payTwoSample is the logarithm of what a bet on θ pays for one interval in which both versions had attempts. tolerance
// is how many times as often as stable the new version may do badly, 1 or more.
//
// Let N = n_c + n_s attempts, K = c + s of them bad, ρ = n_c/N, π = K/N. Were the versions alike, then, given N, K
// and n_c, c would be hypergeometric, whatever the rate of bad attempts was and whatever it is in the next interval:
// an outage that both share pays nothing. e = θ^c / E[θ^c] has mean 1 then. A hypergeometric variable is smaller in
// convex order than the binomials of the same mean (Hoeffding, JASA 58, 1963, theorem 4), both the one of K trials
// and the one of n_c trials, so that with either for E[θ^c] the mean is at most 1:
//
//	e(θ) = θ^c / min{ (1-ρ+ρθ)^K, (1-π+πθ)^n_c }
//
// The first is the test of arXiv 2011.03567 and 2205.14762; the second is nearly exact where it is weak: at high
// rates. With a tolerance, ρ is n_c·τ/(n_c·τ+n_s) and π the rate at which that many come to n_c.
func payTwoSample(on odds, canary, stable pair, tolerance float64) float64 {
	bad := canary.bad + stable.bad
	if bad == 0 || canary.n == 0 {
		return 0
	}
	rho := canary.n * tolerance / (canary.n*tolerance + stable.n)
	pi := min(1, rho*bad/canary.n)
	expected := min(bad*math.Log1p(rho*(on.theta-1)), canary.n*math.Log1p(pi*(on.theta-1)))
	return canary.bad*on.log - expected
}

// payEvents is the same for whether anything bad happened at all: bad attempts of one version in one interval count
// as one, as they would if one cause had made them all. If clusters of any size come to each version as a Poisson
// process in proportion to its attempts, then of the intervals in which exactly one version saw any, the new one's
// share is at most ρ as long as ρ ≤ 1/2: (e^λρ - 1)/(e^λρ + e^λ(1-ρ) - 2) is ρ for small λ and falls from there.
// Above 1/2 it pays nothing.
func payEvents(on odds, canary, stable pair) float64 {
	rho := canary.n / (canary.n + stable.n)
	if rho > 0.5 || (canary.bad > 0) == (stable.bad > 0) {
		return 0
	}
	return payOne(on, canary.bad > 0, rho)
}

// payRate is the logarithm of what a bet on θ pays against "the rate of bad attempts is at most limit", for the new
// version alone: θ^c / (1-limit+limit·θ)^n, whose mean is at most 1 for any rates up to limit.
func payRate(on odds, canary pair, limit float64) float64 {
	return canary.bad*on.log - canary.n*math.Log1p(limit*(on.theta-1))
}

// payRateEvents is the same for whether anything bad happened: its chance is at most n·limit, however clustered.
func payRateEvents(on odds, canary pair, limit float64) float64 {
	return payOne(on, canary.bad > 0, min(1, canary.n*limit))
}

func payOne(on odds, happened bool, chance float64) float64 {
	pay := -math.Log1p(chance * (on.theta - 1))
	if happened {
		pay += on.log
	}
	return pay
}
