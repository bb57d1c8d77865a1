package evidence

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// Buckets is how many buckets a [Latency] has.
const Buckets = 31

// Latency counts attempts by the time from the request's first byte to the answer's. Bucket i holds those that took
// longer than Bound(i-1) and at most Bound(i); the last has no upper bound. The bounds are five to a decade from
// 100 µs to 63 s, rounded to two digits as Envoy's own histograms are, so that its counts come through exactly.
type Latency [Buckets]uint64

var decade = [...]float64{1, 1.6, 2.5, 4, 6.3}

// Bound is the upper bound of a bucket; the last one's is the largest time there is.
func Bound(i int) time.Duration {
	if i >= Buckets-1 {
		return math.MaxInt64
	}
	return time.Duration(math.Round(decade[i%len(decade)] * math.Pow10(i/len(decade)) * float64(100*time.Microsecond)))
}

// BucketOf gives the bucket that an attempt of that length is counted in.
func BucketOf(d time.Duration) int {
	i, _ := slices.BinarySearchFunc(bounds[:], d, func(b, d time.Duration) int { return int(min(1, max(-1, b-d))) })
	return i
}

var bounds = func() (all [Buckets - 1]time.Duration) {
	for i := range all {
		all[i] = Bound(i)
	}
	return all
}()

// Total counts all attempts.
func (l Latency) Total() (n uint64) {
	for _, x := range l {
		n += x
	}
	return n
}

// Over counts the attempts in the buckets above one.
func (l Latency) Over(bucket int) (n uint64) {
	for _, x := range l[min(Buckets, bucket+1):] {
		n += x
	}
	return n
}

// Quantiles are the shares of a deployment's answers that are not slow: half of them, nineteen of twenty, all but a
// hundredth.
var Quantiles = [...]float64{0.5, 0.95, 0.99}

// enough is how many answers it takes to know what is slow.
const enough = 200

// Slow gives, for each of Quantiles, the lowest bucket at or below whose bound at least that share of all attempts ended:
// what is above it is slow. ok is false when there are too few to know.
func (l *Latency) Slow() (above [len(Quantiles)]int, ok bool) {
	total := l.Total()
	var below uint64
	next := 0
	for i, x := range l {
		below += x
		for next < len(Quantiles) && float64(below) >= Quantiles[next]*float64(total) {
			above[next] = i
			next++
		}
	}
	return above, total >= enough
}

// Add sums bucket by bucket.
func (l Latency) Add(m Latency) Latency {
	l.add(&m)
	return l
}

func (l *Latency) add(m *Latency) {
	for i, n := range m {
		l[i] += n
	}
}

// MarshalJSON leaves out the buckets after the last that is not zero: there are evidence lines by the million. JSON
// that lacks them is read as if they were zero.
func (l Latency) MarshalJSON() ([]byte, error) {
	used := l[:]
	for len(used) > 0 && used[len(used)-1] == 0 {
		used = used[:len(used)-1]
	}
	return json.Marshal(used)
}

// each subtracts an earlier reading bucket by bucket.
func (l Latency) each(m Latency, less func(a, b uint64) uint64) Latency {
	if m == (Latency{}) {
		return l
	}
	for i := range l {
		l[i] = less(l[i], m[i])
	}
	return l
}
