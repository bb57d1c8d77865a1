package rivals

import (
	"math"
	"testing"
	"time"

	flagger "github.com/fluxcd/flagger/pkg/apis/flagger/v1beta1"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

func TestFlagger(t *testing.T) {
	// docs/gitbook/usage/deployment-strategies.md: failing checks roll back after interval * threshold; by the code
	// they do so at the next tick.
	expectRollback(t, flaggerDefaults(), failing, time.Hour, (5+1)*time.Minute)
	expectRollback(t, flaggerDefaults(), good, time.Hour, 0)
	expectRollback(t, flaggerTightest(), failing, time.Hour, (1+1)*10*time.Second)
	expectRollback(t, flaggerTightest(), good, time.Hour, 0)
}

func TestFlaggerClampsWhatIsAskedFor(t *testing.T) {
	if got := flaggerTightest().Looks; got != 10*time.Second {
		t.Errorf("the tightest interval is %s, want 10 s", got)
	}
	if got := flaggerDefaults().Looks; got != time.Minute {
		t.Errorf("the default interval is %s, want 1 min", got)
	}
}

// TestFlaggerWithoutTraffic: "If the target workload doesn't receive any traffic during the canary analysis, Flagger
// metric checks will fail" (usage/webhooks.md).
func TestFlaggerWithoutTraffic(t *testing.T) {
	for _, s := range []story{uncalled, nobody} {
		expectRollback(t, flaggerDefaults(), s, time.Hour, 6*time.Minute)
		expectRollback(t, flaggerTightest(), s, time.Hour, 20*time.Second)
	}
}

// TestFlaggerForgetsNoFailedCheck: advancement between two failed checks takes none of them back.
func TestFlaggerForgetsNoFailedCheck(t *testing.T) {
	everyOtherMinute := func(second int) counts {
		if second/60%2 == 0 {
			return failing(second)
		}
		return good(second)
	}
	// Checks fail after minutes 1, 3, 5, 7 and 9; the tick after the last sees it.
	expectRollback(t, flaggerDefaults(), everyOtherMinute, time.Hour, 10*time.Minute)
}

func TestFlaggerHaltsWhileACheckFails(t *testing.T) {
	_, j := told(t, flaggerDefaults(), good.until(120, failing), 3*time.Minute)
	if j.Promote() {
		t.Error("it promotes a version whose last check failed")
	}
}

func TestFlaggerRange(t *testing.T) {
	bound := 1.0
	lower, upper := flagger.CanaryThresholdRange{Min: &bound}, flagger.CanaryThresholdRange{Max: &bound}
	tests := []struct {
		value  float64
		within flagger.CanaryThresholdRange
		want   bool
	}{
		{1, lower, true},
		{0.9, lower, false},
		{1.1, lower, true},
		{math.NaN(), lower, false},
		{1, upper, true},
		{0.9, upper, true},
		{1.1, upper, false},
		{math.NaN(), upper, false},
	}
	for _, test := range tests {
		if got := within(test.value, test.within); got != test.want {
			t.Errorf("%v: %v, want %v", test.value, got, test.want)
		}
	}
}

// TestFlaggerChecks has the lines of docs/gitbook/usage/monitoring.md: a success rate of 98.69 % and a duration of
// 1.515 s halt, against 99 % and 500 ms.
func TestFlaggerChecks(t *testing.T) {
	answers := func(slow uint64) (l evidence.Latency) {
		l[evidence.BucketOf(20*time.Millisecond)] = 10_000 - slow
		l[evidence.BucketOf(1515*time.Millisecond)] = slow
		return l
	}
	tests := []struct {
		name    string
		failed  uint64
		latency evidence.Latency
		want    bool
	}{
		{"98.69 %", 131, evidence.Latency{}, false},
		{"99 %", 100, evidence.Latency{}, true},
		{"more than 1 % took 1.5 s", 0, answers(101), false},
		{"1 % did", 0, answers(100), true},
	}
	for _, test := range tests {
		iv := interval(0, 10, counts{canary: 10_000, canaryFailed: test.failed})
		iv.To, iv.Canary.Caller.Latency = iv.From.Add(time.Minute), test.latency
		j := flaggerTightest().New(evidence.Trial{})
		if j.Look(iv) != lab.GoOn || j.Promote() != test.want {
			t.Errorf("%s: passed is %v, want %v", test.name, !test.want, test.want)
		}
	}
}
