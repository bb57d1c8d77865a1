package rivals

import "math"

// samples are two, in ascending order, of which x may lie above y by some shift. What it is, and how sure, is found as
// Kayenta finds it (kayenta-mannwhitney, MannWhitney.scala), which does what R's wilcox.test with conf.int does where
// it approximates by the normal distribution (Bauer, J. Amer. Statist. Assoc. 67, 1972).
type samples struct{ x, y []float64 }

// estimate is Hodges and Lehmann's: the shift at which the Mann-Whitney statistic is what it is on average of samples
// that are alike. NaN when all values are tied at the largest or least shift there can be.
func (s samples) estimate() float64 { return s.shiftAt(0) }

// low is the lower end of a confidence interval: of the shifts that the Mann-Whitney test would not reject. Of samples
// so small that it rejects nothing, it is the least shift at which they touch.
func (s samples) low(confidence float64) float64 { return s.shiftAt(normal(confidence)) }

// normal is how far from its average, in standard deviations, a normal variable is with the given chance at most.
func normal(confidence float64) float64 { return math.Sqrt2 * math.Erfinv(confidence) }

// shiftAt is where the statistic is z standard deviations from its average.
func (s samples) shiftAt(z float64) float64 {
	least, largest := s.x[0]-s.y[len(s.y)-1], s.x[len(s.x)-1]-s.y[0]
	f := func(shift float64) float64 { return s.standardised(shift) - z }
	atLeast, atLargest := f(least), f(largest)
	switch {
	case math.IsNaN(atLeast) || math.IsNaN(atLargest):
		return math.NaN()
	case z != 0 && atLeast <= 0:
		return least
	case z != 0 && atLargest >= 0:
		return largest
	}
	return zero(f, least, largest, atLeast, atLargest)
}

// standardised is the Mann-Whitney statistic of x - shift and y, in standard deviations from its average, with the
// corrections for continuity and for ties. NaN when all values are tied.
func (s samples) standardised(shift float64) float64 {
	m, n := float64(len(s.x)), float64(len(s.y))
	ranks, ties := s.ranks(shift)
	d := ranks - m*(m+1)/2 - m*n/2
	variance := m * n / 12 * (m + n + 1 - ties/((m+n)*(m+n-1)))
	if variance == 0 {
		return math.NaN()
	}
	return (d - sign(d)/2) / math.Sqrt(variance)
}

// ranks sums those that x - shift has among all values, tied ones having their average; ties is the sum of t³-t over
// all groups of t tied values.
func (s samples) ranks(shift float64) (sum, ties float64) {
	for i, j := 0, 0; i < len(s.x) || j < len(s.y); {
		least := math.Inf(1)
		if i < len(s.x) {
			least = s.x[i] - shift
		}
		if j < len(s.y) {
			least = min(least, s.y[j])
		}
		before, ofX := i+j, i
		for i < len(s.x) && s.x[i]-shift == least {
			i++
		}
		for j < len(s.y) && s.y[j] == least {
			j++
		}
		t := float64(i + j - before)
		sum += float64(i-ofX) * (float64(before) + (t+1)/2)
		ties += t*t*t - t
	}
	return sum, ties
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
