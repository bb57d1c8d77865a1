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
		s = s.Observe(1000, failed)
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
		s = s.Observe(100, failed)
	}
	if got := dispersion(&s); got > 1.3 {
		t.Errorf("it is %g", got)
	}
}
