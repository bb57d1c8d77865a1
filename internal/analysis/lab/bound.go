package lab

import "math"

// upperBound is the largest chance at which k or fewer of n runs would still be seen one time in twenty: the
// one-sided 95 % bound of Clopper and Pearson (Biometrika 26, 1934).
func upperBound(k, n int) float64 {
	if k >= n {
		return 1
	}
	low, high := float64(k)/float64(n), 1.0
	for range 60 {
		if p := (low + high) / 2; atMost(k, n, p) > 0.05 {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// atMost is the chance of k or fewer successes among n tries.
func atMost(k, n int, p float64) (sum float64) {
	all, _ := math.Lgamma(float64(n) + 1)
	for i := range k + 1 {
		some, _ := math.Lgamma(float64(i) + 1)
		rest, _ := math.Lgamma(float64(n-i) + 1)
		sum += math.Exp(all - some - rest + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return sum
}
