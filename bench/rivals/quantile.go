package rivals

import (
	"math"

	"serin.dev/serin/internal/evidence"
)

// quantile is histogram_quantile of Prometheus, in milliseconds, and NaN when there are no answers: it takes a
// bucket's answers to be spread evenly over it, and those of the last bucket to have taken as long as that begins
// (Prometheus 3, documentation page "Query functions", histogram_quantile of classic histograms).
func quantile(q float64, l evidence.Latency) float64 {
	total := float64(l.Total())
	if total == 0 {
		return math.NaN()
	}
	rank, below, from := q*total, 0.0, 0.0
	for i, n := range l[:evidence.Buckets-1] {
		to := milliseconds(i)
		if n := float64(n); n > 0 && below+n >= rank {
			return from + (to-from)*(rank-below)/n
		} else {
			below, from = below+n, to
		}
	}
	return from
}

func milliseconds(bucket int) float64 { return evidence.Bound(bucket).Seconds() * 1000 }
