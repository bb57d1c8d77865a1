package analysis

import "math"

// chernoff bounds the chance that so many of n independent attempts, or more, are bad at a rate of at most limit,
// for a rate seen above limit: exp(-n·KL(seen, limit)) (Hoeffding, JASA 58, 1963, theorem 1).
func chernoff(p pair, limit float64) float64 {
	if limit >= 1 || p.n == 0 {
		return 1
	}
	return math.Exp(-p.n * divergence(p.rate(), limit))
}

// divergence is the Kullback-Leibler divergence of one Bernoulli rate from another.
func divergence(p, q float64) float64 {
	part := func(a, b float64) float64 {
		if a == 0 {
			return 0
		}
		return a * math.Log(a/b)
	}
	return part(p, q) + part(1-p, 1-q)
}

// poissonAtMost is an upper confidence bound, of level 1-delta, for the mean of a Poisson variable that was k:
// the u ≥ k with u - k + k·ln(k/u) = ln(1/delta) (Chernoff).
func poissonAtMost(k, delta float64) float64 {
	wanted := math.Log(1 / delta)
	excess := func(u float64) float64 {
		if k == 0 {
			return u
		}
		return u - k + k*math.Log(k/u)
	}
	low, high := k, k+wanted+math.Sqrt(2*k*wanted)+1
	for excess(high) < wanted {
		high *= 2
	}
	return crossing(low, high, func(u float64) bool { return excess(u) >= wanted })
}

// crossing searches between a point on this side of a line and one beyond it, and gives one that is barely beyond: by
// a ten-thousandth at most.
func crossing(within, beyond float64, crossed func(float64) bool) float64 {
	for range 64 {
		mid := (within + beyond) / 2
		if crossed(mid) {
			beyond = mid
		} else {
			within = mid
		}
		if math.Abs(beyond-within) <= 1e-4*max(math.Abs(within), math.Abs(beyond)) {
			break
		}
	}
	return beyond
}
