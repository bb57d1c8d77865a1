package rivals

import (
	"math"
	"testing"
	"time"
)

// TestPipeCDCompare has the cases of metrics_analyzer_test.go of pipe-cd/pipecd at 7e22859 with a deviation of HIGH.
func TestPipeCDCompare(t *testing.T) {
	low, much := []float64{0.1, 0.2, 0.3, 0.4, 0.5}, []float64{10.1, 10.2, 10.3, 10.4, 10.5}
	tests := []struct {
		name             string
		canary, baseline []float64
		want             bool
	}{
		{"no point of the canary", nil, low, false},
		{"no point of the baseline", low, nil, false},
		{"no point at all", nil, nil, true},
		{"alike", low, low, true},
		{"lower", low, much, true},
		{"higher", much, low, false},
		{"higher, p = 0.048", []float64{5, 6, 7, 8, 10}, []float64{1, 2, 3, 4, 9}, false},
		{"higher, p = 0.075", []float64{5, 6, 7, 8, 11}, []float64{1, 2, 3, 5.5, 9}, true},
		{"all the same", []float64{0, 0}, []float64{0, 0}, true},
	}
	for _, test := range tests {
		if got := pipecdCompare(test.canary, test.baseline); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestPipeCDNeedsFourPoints: up to an interval of 2 minutes, which has three points, nothing is ever significant.
func TestPipeCDNeedsFourPoints(t *testing.T) {
	for n := 1; n < 6; n++ {
		var canary, baseline []float64
		for i := range n {
			canary, baseline = append(canary, 1+float64(i)), append(baseline, -float64(i))
		}
		if got, want := pipecdCompare(canary, baseline), n < 4; got != want {
			t.Errorf("%d points, all higher: %v, want %v", n, got, want)
		}
	}
}

// TestPipeCDThreshold has the cases of the same file: one point out of range is enough.
func TestPipeCDThreshold(t *testing.T) {
	tests := []struct {
		name   string
		points []float64
		want   bool
	}{
		{"one point is larger", []float64{0.9, 1.1, 0.8}, false},
		{"none is", []float64{0.9, 0.9, 0.8}, true},
		{"as large as may be", []float64{1}, true},
		{"no number", []float64{0.9, math.NaN()}, false},
		{"no point", nil, true},
	}
	for _, test := range tests {
		read := make([]reading, len(test.points)) // as many as there are points, one a minute
		next := 0
		given := func(reading, reading) (float64, bool) {
			next++
			return test.points[next-1], true
		}
		s := &scrapes{canary: series{read: read}}
		if got := atMost(given, 1)(s, len(test.points)-1); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestPipeCD(t *testing.T) {
	expectRollback(t, pipecdThreshold(), failing, time.Hour, time.Minute)
	expectRollback(t, pipecdThreshold(), good, time.Hour, 0)
	expectRollback(t, pipecdMannWhitney(), failing, time.Hour, 5*time.Minute)
	expectRollback(t, pipecdMannWhitney(), good, time.Hour, 0)
	expectRollback(t, pipecdWithLatency(), good, time.Hour, 0) // nobody measured answer times
}

// TestPipeCDWithoutTraffic: what was never called has no points. That passes a threshold, and the comparison too
// while stable is not called either. What is called no more is at 0/0, and fails.
func TestPipeCDWithoutTraffic(t *testing.T) {
	expectRollback(t, pipecdThreshold(), uncalled, time.Hour, 0)
	expectRollback(t, pipecdThreshold(), nobody, time.Hour, 0)
	expectRollback(t, pipecdMannWhitney(), uncalled, time.Hour, 5*time.Minute)
	expectRollback(t, pipecdMannWhitney(), nobody, time.Hour, 0)
	quiet := good.until(90, uncalled)
	expectRollback(t, pipecdThreshold(), quiet, time.Hour, 3*time.Minute)
	expectRollback(t, pipecdMannWhitney(), quiet, time.Hour, 10*time.Minute)
}
