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
