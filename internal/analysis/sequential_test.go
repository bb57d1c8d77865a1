package analysis

import (
	"testing"

	"serin.dev/serin/internal/evidence"
)

// The two bets have one stake between them: before anything is won there is 1.
func TestSequentialHasOneStake(t *testing.T) {
	s := newSequential(evidence.Trial{}, 0.001)
	if got := s.wealth(); got != 1 {
		t.Errorf("it begins with %g", got)
	}
	iv := evidence.Interval{Percent: 25, Canary: evidence.Tally{Caller: evidence.Counts{Attempts: 5}}, Stable: evidence.Tally{Caller: evidence.Counts{Attempts: 5}}}
	g := glanceAt(&iv)
	if got := s.look(&g); got != 1 {
		t.Errorf("nothing failed, and it has %g", got)
	}
}

// At 100 % the bet is one on failures, too: it loses where none come, though there is nothing beside the new version.
func TestFrozenLosesOnSuccess(t *testing.T) {
	trial := evidence.Trial{}
	trial.Before.Observe(&evidence.Interval{}, &evidence.Tally{Caller: evidence.Counts{Attempts: 1e5, Errors5xx: 1000}})
	s := newSequential(trial, 0.001)
	iv := evidence.Interval{Percent: 100, Canary: evidence.Tally{Caller: evidence.Counts{Attempts: 100}}}
	g := glanceAt(&iv)
	before := s.wealth()
	for range 5 {
		after := s.look(&g)
		if after >= before {
			t.Errorf("nothing failed, and it went from %g to %g", before, after)
		}
		before = after
	}
}

// The limit follows the record.
func TestFrozenLimitFollowsTheRecord(t *testing.T) {
	f := frozen{delta: 0.001}
	r := record{}
	if got := f.limit(&r); got != worst {
		t.Errorf("without a record it is %g", got)
	}
	var last float64
	for _, bad := range []float64{1, 10, 100} {
		r.total = pair{10_000, bad}
		got := f.limit(&r)
		if got <= last || got <= f.least(&r) || got != f.limit(&r) {
			t.Errorf("of %v it is %g, at least %g; before it was %g", r.total, got, f.least(&r), last)
		}
		last = got
	}

	// Clusters widen what stable may have had, and no more than that.
	for second := range 100 {
		r.errors.Observe(100, uint64(10*(second%2)))
	}
	if clustered := new(frozen{delta: 0.001}).limit(&r); clustered < 1.1*last || clustered > 3*last {
		t.Errorf("of failures in clusters it is %g, of single ones %g", clustered, last)
	}
}
