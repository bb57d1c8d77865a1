package rivals

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// sample is two samples, and the shift between them.
type sample struct {
	Name                            string
	Confidence, Low, High, Estimate float64
	Experiment, Control             []float64
}

// wilcox gives the samples of Kayenta's MannWhitneySuite (kayenta-mannwhitney, at a69573b), with what R's wilcox.test
// finds in them, which Kayenta's authors noted there.
func wilcox(t *testing.T) (all []sample) {
	data, err := os.ReadFile("testdata/wilcox.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestShiftAgreesWithR has the tolerances of that suite.
func TestShiftAgreesWithR(t *testing.T) {
	all := wilcox(t)
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			slices.Sort(s.Experiment)
			slices.Sort(s.Control)
			both := samples{s.Experiment, s.Control}
			low, high, estimate := both.low(s.Confidence), both.shiftAt(-normal(s.Confidence)), both.estimate()
			if math.Abs(low-s.Low) > 1e-6 || math.Abs(high-s.High) > 1e-6 || math.Abs(estimate-s.Estimate) > 1e-4 {
				t.Errorf("got from %v to %v, at %v; want from %v to %v, at %v", low, high, estimate, s.Low, s.High, s.Estimate)
			}
		})
	}
	if len(all) == 0 {
		t.Error("there are no samples")
	}
}
