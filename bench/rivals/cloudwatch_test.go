package rivals

import (
	"testing"
	"time"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

func TestCloudWatch(t *testing.T) {
	one := good.until(70, always(counts{canary: 10, canaryFailed: 1, stable: 90})).until(71, good)
	expectRollback(t, cloudWatch(), failing, time.Hour, time.Minute)
	expectRollback(t, cloudWatch(), one, time.Hour, 2*time.Minute)
	last := good.until(59, always(counts{canary: 10, canaryFailed: 1, stable: 90})).until(60, good)
	expectRollback(t, cloudWatch(), last, time.Hour, time.Minute)
	expectRollback(t, cloudWatch(), good, time.Hour, 0)
	expectRollback(t, cloudWatch(), uncalled, time.Hour, 0) // no data is no breach
	expectRollback(t, cloudWatch(), nobody, time.Hour, 0)
}

// TestCloudWatchCountsMinutesOfTheClock: a rollout that begins at 12:00:40 is judged at 12:01 first.
func TestCloudWatchCountsMinutesOfTheClock(t *testing.T) {
	j := cloudWatch().New(evidence.Trial{})
	for second := 40; second < 60; second++ {
		want := lab.GoOn
		if second == 59 {
			want = lab.RollBack
		}
		if got := j.Look(interval(second, 10, failing(second))); got != want {
			t.Errorf("after second %d: %v, want %v", second, got, want)
		}
	}
}

func TestCloudWatchWatchesEverything(t *testing.T) {
	j := cloudWatch().New(evidence.Trial{})
	for second := range 60 {
		j.Look(interval(second, 100, failing(second)))
	}
	if j.Promote() {
		t.Error("nobody looked at 100 %")
	}
}
