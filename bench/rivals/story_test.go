package rivals

import (
	"testing"
	"time"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

// counts are one second's attempts, and how many of them failed.
type counts struct{ canary, canaryFailed, stable, stableFailed uint64 }

// story is what happens in each second since the rollout began, from the first, 0, on.
type story func(second int) counts

func always(c counts) story { return func(int) counts { return c } }

// until tells another story from some second on.
func (s story) until(second int, then story) story {
	return func(now int) counts {
		if now < second {
			return s(now)
		}
		return then(now)
	}
}

var (
	good      = always(counts{canary: 10, stable: 90})
	failing   = always(counts{canary: 10, canaryFailed: 10, stable: 90})
	uncalled  = always(counts{stable: 100})
	nobody    = always(counts{})
	startTime = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) // a whole minute
)

// told plays a story at 10 % to a contestant, for so long, and gives when it was rolled back; zero when it was not.
func told(t *testing.T, c lab.Contestant, s story, length time.Duration) (rolledBack time.Duration, j lab.Judge) {
	t.Helper()
	j = c.New(evidence.Trial{Start: startTime})
	for second := range int(length / time.Second) {
		if decided := j.Look(interval(second, 10, s(second))); decided == lab.RollBack {
			return time.Duration(second+1) * time.Second, j
		} else if decided != lab.GoOn {
			t.Fatalf("%s decided %v after %d s", c.Name, decided, second)
		}
	}
	return 0, j
}

func interval(second, percent int, c counts) *evidence.Interval {
	from := startTime.Add(time.Duration(second) * time.Second)
	return &evidence.Interval{
		From: from, To: from.Add(time.Second), Percent: percent,
		Canary: evidence.Tally{Caller: evidence.Counts{Attempts: c.canary, Errors5xx: c.canaryFailed}},
		Stable: evidence.Tally{Caller: evidence.Counts{Attempts: c.stable, Errors5xx: c.stableFailed}},
	}
}

// expectRollback wants a rollback at a time, or with zero a promotion.
func expectRollback(t *testing.T, c lab.Contestant, s story, length, want time.Duration) {
	t.Helper()
	got, j := told(t, c, s, length)
	if got != want {
		t.Errorf("%s rolled back after %s, want %s", c.Name, got, want)
	}
	if want == 0 && !j.Promote() {
		t.Errorf("%s does not promote", c.Name)
	}
}
