package lab

import (
	"math"
	"time"

	"serin.dev/serin/internal/evidence"
)

// Answers is a distribution of answer times: for each bucket of evidence.Latency, the share of answers in it.
type Answers [evidence.Buckets]float64

// The answer times of a healthy version are lognormal, and a few of them are a tail, tenfold.
const (
	middling = 20 * time.Millisecond // their median
	wide     = 0.6                   // sigma, of their logarithm
	narrow   = 0.2                   // the same of a service whose answers all take about as long
	tail     = 0.01
	tenfold  = 10
)

// answers gives a version whose answers take slower times as long as a healthy one's, and of which a share, from 0
// to 1, is in the tail.
func answers(sigma, slower, tail float64) *Answers {
	var a Answers
	below := 0.0
	for i := range a {
		x := evidence.Bound(i).Seconds() / (middling.Seconds() * slower)
		upTo := (1-tail)*lognormal(x, sigma) + tail*lognormal(x/tenfold, sigma)
		a[i], below = upTo-below, upTo
	}
	return &a
}

// lognormal is the share of answers that took at most x times the median.
func lognormal(x, sigma float64) float64 { return math.Erfc(-math.Log(x)/(sigma*math.Sqrt2)) / 2 }

// draw gives the bucket of one answer.
func (a *Answers) draw(r *random) int {
	u := r.uniform()
	for i, share := range a {
		if u -= share; u < 0 {
			return i
		}
	}
	return evidence.Buckets - 1
}
