package rivals

import (
	"math"
	"testing"
	"time"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

// TestClassify has the cases of Kayenta's ClassifierSuite (kayenta-judge, at a69573b) for a metric that may not
// increase, with its tolerance of 0.1 and confidence of 95 %.
func TestClassify(t *testing.T) {
	tests := []struct {
		name             string
		canary, baseline []float64
		want             kayentaLabel
	}{
		{"high", []float64{20, 22, 21, 25, 30}, []float64{1, 2.2, 1.1, 2.5, 3}, high},
		{"low", []float64{2, 2, 2, 2, 3}, []float64{10, 20.2, 10.1, 20.5, 30}, pass},
		{"tied observations", []float64{1, 1, 1}, []float64{1, 1}, pass},
		{"identical populations", []float64{1, 2, 3, 4, 5}, []float64{5, 4, 3, 2, 1}, pass},
		{"one is larger", []float64{1, 1, 1, 1, 10}, []float64{1, 1, 1, 1, 1}, pass},
		{"tied ranks", []float64{10, 10, 10, 10, 10}, []float64{1, 1, 1, 1, 1}, high},
		{"tied ranks with zeros", []float64{10, 10, 10, 10, 10}, []float64{0, 0, 0, 0, 0}, high},
		{"zero mean", []float64{54.9, 54.5, 55.1, 55.6, 57.4}, []float64{0, 0, 0, 0, 0}, high},
		{"both zero", []float64{0, 0, 0, 0, 0}, []float64{0, 0, 0, 0, 0}, pass},
		{"no canary data", nil, []float64{1, 2, 3, 4, 5}, noData},
		{"no data", nil, nil, noData},
	}
	for _, test := range tests {
		if got := classifyAt(test.canary, test.baseline, 0.1, 0.95); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestClassifyMostlyZero has the suite's large sample, of percentages that are zero but for a few: the shift is zero up
// to the tolerance of the search for it, and still above a tenth of itself.
func TestClassifyMostlyZero(t *testing.T) {
	for _, s := range wilcox(t) {
		if s.Name != "intermediate values" {
			continue
		}
		if got := classifyAt(s.Experiment, s.Control, 0.1, 0.95); got != high {
			t.Errorf("%v, want high", got)
		}
		return
	}
	t.Error("the sample is gone")
}

// TestClassifyExamples has the worked examples of docs/guides/user/canary/judge of spinnaker.io.
func TestClassifyExamples(t *testing.T) {
	zeros, errors := make([]float64, 60), make([]float64, 60)
	latency, slower, noisy := make([]float64, 60), make([]float64, 60), make([]float64, 60)
	for i := range errors {
		errors[i] = 0.01 + 0.001*float64(i%7)
		latency[i] = 100 + 3*float64(i%11)
		slower[i] = 1.6 * latency[i]
		noisy[i] = 120 + 400*math.Sin(float64(i)) // 1.04 times as much on average
	}
	tests := []struct {
		name             string
		canary, baseline []float64
		want             kayentaLabel
	}{
		{"A: errors beside a baseline without", errors, zeros, high},
		{"B: no errors on either side", zeros, zeros, pass},
		{"C: an increase within what is noise", noisy, latency, pass},
		{"surely higher, by more than a quarter of that", []float64{1.2, 1.5, 2, 4, 8, 12, 16, 20}, []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, high},
		{"surely higher, by how much is anyone's guess", []float64{1.2, 1.5, 2, 10, 20, 30, 40, 50}, []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, pass},
		{"D: latency increased by 60 %", slower, latency, high},
	}
	for _, test := range tests {
		if got := classify(test.canary, test.baseline); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestKayentaScore has the rules of that page's step 4.
func TestKayentaScore(t *testing.T) {
	tests := []struct {
		labels []kayentaLabel
		want   float64
	}{
		{[]kayentaLabel{pass, pass}, 100},
		{[]kayentaLabel{pass, high}, 50},
		{[]kayentaLabel{high, high}, 0},
		{[]kayentaLabel{pass, noData}, 0}, // 50 % without data
		{[]kayentaLabel{pass, pass, noData}, 100},
		{[]kayentaLabel{pass, broken}, 100},
		{[]kayentaLabel{high}, 0},
	}
	for _, test := range tests {
		if got := kayentaScore(test.labels); got != test.want {
			t.Errorf("%v: %g, want %g", test.labels, got, test.want)
		}
	}
}

func TestKayenta(t *testing.T) {
	expectRollback(t, kayentaDocumented(), failing, 2*time.Hour, time.Hour)
	expectRollback(t, kayentaDocumented(), good, time.Hour, 0)
	expectRollback(t, kayentaTuned(), failing, time.Hour, 5*time.Minute)
	expectRollback(t, kayentaTuned(), good, time.Hour, 0)
	expectRollback(t, kayentaTightest(), failing, time.Hour, time.Minute)
	expectRollback(t, kayentaTightest(), good, time.Hour, 0)
	expectRollback(t, kayentaTuned(), uncalled, time.Hour, 5*time.Minute)
	expectRollback(t, kayentaTuned(), nobody, time.Hour, 5*time.Minute)
}

// TestKayentaLastJudgement: one that does not pass fails the canary.
func TestKayentaLastJudgement(t *testing.T) {
	_, j := told(t, kayentaDocumented(), failing, 10*time.Minute)
	if j.Promote() {
		t.Error("it promotes a version that fails everything")
	}
	if j.Look(interval(600, 10, counts{})) != lab.RollBack {
		t.Error("the canary did not fail")
	}
}

func TestKayentaLatency(t *testing.T) {
	answers := func(took time.Duration) (l evidence.Latency) {
		l[evidence.BucketOf(took)] = 100
		return l
	}
	j, once := kayentaTuned().New(evidence.Trial{}), kayentaDocumented().New(evidence.Trial{})
	for minute := range 5 {
		iv := interval(60*minute, 10, counts{canary: 100, stable: 100})
		iv.To = iv.From.Add(time.Minute)
		iv.Canary.Caller.Latency, iv.Stable.Caller.Latency = answers(60*time.Millisecond), answers(20*time.Millisecond)
		if got := j.Look(iv); (got == lab.RollBack) != (minute == 4) {
			t.Errorf("minute %d: %v", minute, got)
		}
		once.Look(iv)
	}
	if once.Promote() { // a score of 50
		t.Error("it promotes a version that is slow")
	}
}
