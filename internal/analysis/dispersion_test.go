package analysis

import (
	"math/rand/v2"
	"testing"

	"serin.dev/serin/internal/evidence"
)

// clustered is a record of failures in geometric clusters whose dispersion is phi, each within one interval.
func clustered(rng *rand.Rand, phi, clustersPerSecond float64, seconds int) (s evidence.Spread) {
	mean := (phi + 1) / 2
	for range seconds {
		var failed uint64
		for p := rng.ExpFloat64(); p < clustersPerSecond; p += rng.ExpFloat64() {
			failed++
			for rng.Float64() > 1/mean {
				failed++
			}
		}
		s.Observe(1000, failed)
	}
	return s
}

func TestDispersion(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	if got := dispersion(&evidence.Spread{}); got < 5 {
		t.Errorf("of what nobody has seen it is %g: too bold", got)
	}
	for _, phi := range []float64{1, 2, 5} {
		sum := 0.0
		const runs = 50
		for range runs {
			s := clustered(rng, phi, 0.3, 3600)
			sum += dispersion(&s)
		}
		if got := sum / runs; got < phi || got > 1.35*phi {
			t.Errorf("of failures with %g it is %g", phi, got)
		}
	}
}

// A rate that drifts, or jumps once, does not look like clusters.
func TestDispersionOfADrift(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var s evidence.Spread
	for second := range 3600 {
		rate := 0.2 + 3*float64(second)/3600
		var failed uint64
		for p := rng.ExpFloat64(); p < rate; p += rng.ExpFloat64() {
			failed++
		}
		s.Observe(100, failed)
	}
	if got := dispersion(&s); got > 1.3 {
		t.Errorf("it is %g", got)
	}
}

// Failures that come in runs of intervals do so more than by chance; ones that come by themselves do not.
func TestRecurrence(t *testing.T) {
	var alone, inRuns evidence.Spread
	rng := rand.New(rand.NewPCG(5, 6))
	for second := range 3600 {
		var failed uint64
		if rng.IntN(20) == 0 {
			failed = 1
		}
		alone.Observe(1, failed)
		failed = 0
		if second%200 < 10 {
			failed = 1
		}
		inRuns.Observe(1, failed)
	}
	if got := recurrence(&alone); got < 1 || got > 1.3 {
		t.Errorf("by themselves: %g", got)
	}
	if got := recurrence(&inRuns); got < 3 {
		t.Errorf("ten in a row: %g", got)
	}
	if got := recurrence(&evidence.Spread{}); got != 1 {
		t.Errorf("of nothing: %g", got)
	}
}

// Where the number of attempts swings, failures that follow it are no clusters.
func TestDispersionOfSwingingTraffic(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var s evidence.Spread
	for second := range 3600 {
		n := uint64(20)
		if second%2 == 0 {
			n = 400
		}
		var failed uint64
		for range n {
			if rng.IntN(10) == 0 {
				failed++
			}
		}
		s.Observe(n, failed)
	}
	if got := dispersion(&s); got > 1.2 {
		t.Errorf("it is %g", got)
	}
}

// A single interval pays less where failures come in clusters.
func TestCapped(t *testing.T) {
	if alone, clustered := capped(100, 1), capped(100, 5); alone != 8 || clustered != 4 || capped(-3, 5) != -3 {
		t.Errorf("it pays at most e^%g, and e^%g of clusters", alone, clustered)
	}
}
