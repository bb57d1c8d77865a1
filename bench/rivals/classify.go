package rivals

import (
	"math"
	"math/rand/v2"
	"slices"
)

// kayentaLabel is what Kayenta finds about a metric.
type kayentaLabel int

const (
	pass kayentaLabel = iota
	high
	noData
	broken // the test could not be made
)

// The constants of NetflixACAJudge, which nobody can change.
const (
	kayentaConfidence = 0.98
	kayentaTolerance  = 0.25
)

// classify is Kayenta's MannWhitneyClassifier for a metric that may not increase (direction increase, measure
// meanRatio, allowedIncrease 1, not critical).
func classify(canary, baseline []float64) kayentaLabel {
	return classifyAt(canary, baseline, kayentaTolerance, kayentaConfidence)
}

// classifyAt calls a metric high when the shift from baseline to canary is, with that confidence, above a band around
// zero of that share of the shift itself, and the canary's mean is no lower than the baseline's.
func classifyAt(canary, baseline []float64, tolerance, confidence float64) kayentaLabel {
	if len(canary) == 0 || len(baseline) == 0 {
		return noData
	}
	canary, baseline = slices.Sorted(slices.Values(canary)), slices.Sorted(slices.Values(baseline))
	if slices.Equal(canary, baseline) || constant(canary) && constant(baseline) && canary[0] == baseline[0] {
		return pass
	}
	if constant(canary) && constant(baseline) {
		canary, baseline = jitter(canary), jitter(baseline)
	}
	both := samples{canary, baseline}
	low := both.low(confidence)
	switch {
	case math.IsNaN(low):
		return broken
	case low <= 0: // as most often: the rest takes time
		return pass
	case low > tolerance*math.Abs(both.estimate()) && ratioAllows(canary, baseline):
		return high
	}
	return pass
}

func constant(sorted []float64) bool { return sorted[0] == sorted[len(sorted)-1] }

// jitter adds a hundred-thousandth of noise to values that are all the same, since the test cannot do without: two
// samples of one value each would be tied throughout.
func jitter(values []float64) []float64 {
	random := rand.New(rand.NewPCG(1, 1))
	noisy := make([]float64, len(values))
	for i, v := range values {
		noisy[i] = v + 1e-5*v*random.NormFloat64()
	}
	slices.Sort(noisy)
	return noisy
}

// ratioAllows compares the means, and does not where one is zero: their ratio says nothing then.
func ratioAllows(canary, baseline []float64) bool {
	c, b := mean(canary), mean(baseline)
	return c == 0 || b == 0 || c/b >= 1
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
