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
