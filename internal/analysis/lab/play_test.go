package lab

import (
	"math"
	"testing"
	"time"

	"serin.dev/serin/internal/evidence"
)

// strict rolls back at the nth failure, holds from a number of seconds on, and promotes from another number on.
type strict struct {
	failures, hold, promote int
	seconds                 float64
	failed                  uint64
}

func (s *strict) Look(iv *evidence.Interval) Decision {
	_, failed := iv.Canary.Caller.First()
	s.failed, s.seconds = s.failed+failed, s.seconds+iv.Seconds()
	switch {
	case s.failures > 0 && s.failed >= uint64(s.failures):
		return RollBack
	case s.hold > 0 && s.seconds >= float64(s.hold):
		return Hold
	}
	return GoOn
}

func (s *strict) Promote() bool { return s.promote > 0 && s.seconds >= float64(s.promote) }

// fresh is a contestant whose judges share nothing.
func fresh(name string, s strict) Contestant {
	return Contestant{Name: name, Source: "this test", Looks: time.Second, New: func(evidence.Trial) Judge { own := s; return &own }}
}

func TestDetectionTakesTheTimeOfSoManyFailures(t *testing.T) {
	s := named(t, "step 5% later")
	s.Cells = []Cell{{Weight: 10, Rate: 100, Phi: 1}}
	report, err := Run(t.Context(), Options{Contestants: []Contestant{fresh("twenty", strict{failures: 20})}, Scenarios: []Scenario{s}, Runs: 400, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	row := report.Rows[0]
	// 3 failures are expected in the 300 s before, and one in 2 s after.
	near(t, "median time", *row.DetectP50, (20-3)/0.5, 0.1)
	near(t, "median of failures", row.FailedP50, 20, 0.01)
	if row.RolledBack != 400 || row.Early != 0 || row.DetectP95 == nil || *row.DetectP95 <= *row.DetectP50 || *row.Median != *row.DetectP50 {
		t.Errorf("got %+v", row)
	}
	if row.HurtP50 != row.FailedP50 || row.HurtRetryP50 > 1 {
		t.Errorf("%g users hurt, %g with retries, of %g failures", row.HurtP50, row.HurtRetryP50, row.FailedP50)
	}
}

func TestEndsOfARollout(t *testing.T) {
	s := named(t, "step 5% later")
	c := Cell{Weight: 10, Rate: 100, Phi: 1}
	for _, test := range []struct {
		judge strict
		end   End
		after time.Duration
	}{
		{strict{failures: 1}, RolledBack, -1}, // before the failure began
		{strict{promote: 600}, Promoted, 10 * time.Minute},
		{strict{promote: 601}, Promoted, 20 * time.Minute}, // it bakes again
		{strict{promote: 1, hold: 600}, Held, 30 * time.Minute},
		{strict{}, Waiting, 30 * time.Minute},
	} {
		got := play(newSimulation(s, c, 1, 0), []Contestant{fresh("", test.judge)})[0]
		if got.end != test.end || (got.after != test.after && (test.after > 0 || got.after > 0)) {
			t.Errorf("%+v: %s after %s, want %s after %s", test.judge, got.end, got.after, test.end, test.after)
		}
	}
}

func TestContestantsSeeTheSame(t *testing.T) {
	s, c := named(t, "step 5%"), Cell{Weight: 10, Rate: 100, Phi: 1}
	alone := play(newSimulation(s, c, 7, 3), []Contestant{fresh("", strict{failures: 30})})
	together := play(newSimulation(s, c, 7, 3), []Contestant{fresh("", strict{failures: 1}), fresh("", strict{failures: 30}), fresh("", strict{})})
	if alone[0] != together[1] {
		t.Errorf("beside others a judge's run ends %+v, alone %+v", together[1], alone[0])
	}
}

func TestReplay(t *testing.T) {
	start := time.Unix(1000, 0)
	var intervals []evidence.Interval
	for i := range 30 {
		iv := evidence.Interval{From: start.Add(time.Duration(i) * time.Second), To: start.Add(time.Duration(i+1) * time.Second)}
		iv.Canary.Caller = evidence.Counts{Attempts: 10, Errors5xx: 1}
		intervals = append(intervals, iv)
	}
	got := Replay(evidence.Trial{Start: start}, intervals, []Contestant{
		fresh("twelve", strict{failures: 12}), fresh("kind", strict{promote: 1}), fresh("shy", strict{hold: 3}), fresh("mute", strict{}),
	})
	want := []Replayed{
		{"twelve", RolledBack, 12 * time.Second, 12},
		{"kind", Promoted, 30 * time.Second, 30},
		{"shy", Held, 30 * time.Second, 30},
		{"mute", Waiting, 30 * time.Second, 30},
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}

func TestUpperBound(t *testing.T) {
	near(t, "of none in 100", upperBound(0, 100), 1-math.Pow(0.05, 0.01), 1e-6)
	near(t, "the chance at the bound of 30 in 1000", atMost(30, 1000, upperBound(30, 1000)), 0.05, 1e-6)
	near(t, "of all", upperBound(10, 10), 1, 0)
	near(t, "the chance of at most 1 in 3", atMost(1, 3, 0.5), 0.5, 1e-9)
}

func TestMedianCountsRunsThatFindNothing(t *testing.T) {
	found := []float64{4, 1, 3, 2}
	for n, want := range map[int]float64{4: 2, 6: 3, 8: 4} {
		if got := median(found, n); got == nil || *got != want {
			t.Errorf("of %d runs, 4 found: got %v, want %g", n, got, want)
		}
	}
	if got := median(found, 9); got != nil {
		t.Errorf("of 9 runs, 4 found: got %g", *got)
	}
}
