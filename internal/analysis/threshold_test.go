package analysis_test

import (
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

func TestThreshold(t *testing.T) {
	now := time.Unix(1000, 0)
	caller := func(attempts, errors uint64) evidence.Tally {
		return evidence.Tally{Caller: evidence.Counts{Attempts: attempts, Errors5xx: errors}}
	}
	passed, notYet := []evidence.Check{{Passed: true}}, []evidence.Check{{Passed: true}, {}}
	tests := []struct {
		name   string
		trial  evidence.Trial
		want   evidence.Outcome
		reason string
	}{
		{"attempts without a failure", evidence.Trial{Recent: caller(20, 0), Canary: caller(20, 0)}, evidence.Passing, "20 attempts since the shift, 0 failed"},
		{"one failure where none may be", evidence.Trial{Recent: caller(20, 1), Canary: caller(20, 1)}, evidence.Failing, "1 of 20 attempts failed within 10m0s, at most 0 may: 1 answered 5xx"},
		{"as many failures as may be", evidence.Trial{Policy: delivery.Policy{FailureValue: 3}, Recent: caller(20, 3), Canary: caller(20, 3)}, evidence.Passing, "3 failed within"},
		{"one more than may be", evidence.Trial{Policy: delivery.Policy{FailureValue: 3}, Recent: caller(20, 4), Canary: caller(20, 4)}, evidence.Failing, "4 of 20"},
		{"failures of the step before count on", evidence.Trial{Recent: caller(9, 1), Canary: caller(5, 0)}, evidence.Failing, "1 of 9"},
		{"the ingress saw more", evidence.Trial{Recent: evidence.Tally{Ingress: evidence.Counts{Attempts: 3, Resets: 2}}, Canary: caller(3, 0)}, evidence.Failing, "2 reset"},
		{"connects that failed", evidence.Trial{Recent: evidence.Tally{Caller: evidence.Counts{Attempts: 3, ConnectFailed: 3}}}, evidence.Failing, "3 not connected"},
		{"timeouts", evidence.Trial{Recent: evidence.Tally{Caller: evidence.Counts{Attempts: 3, Timeouts: 1}}}, evidence.Failing, "1 timed out"},
		{"a failing check speaks against any number", evidence.Trial{Canary: caller(1000, 0), Checks: []evidence.Check{{Passed: true}, {Failing: true, Detail: "connection refused"}}}, evidence.Failing, "connection refused"},
		{"silence while stable is called", evidence.Trial{Stable: caller(5, 0), Traffic: 5, Checks: passed}, evidence.NotEnough, "while stable got 5 attempts"},
		{"silence after there was traffic", evidence.Trial{Traffic: 1, Checks: passed}, evidence.NotEnough, "after 1 attempt before"},
		{"a service that nobody calls, checks passed", evidence.Trial{Checks: passed}, evidence.Passing, "gets no traffic"},
		{"a service that nobody calls, checks did not pass throughout", evidence.Trial{Checks: notYet}, evidence.NotEnough, "not passed throughout"},
		{"a service that nobody calls, without checks", evidence.Trial{}, evidence.NotEnough, "not passed throughout"},
		{"first deployment, checks passed", evidence.Trial{First: true, Checks: passed}, evidence.Passing, "first deployment"},
		{"first deployment, checks did not pass throughout", evidence.Trial{First: true, Checks: notYet}, evidence.NotEnough, "first deployment"},
		{"first deployment that fails its callers", evidence.Trial{First: true, Recent: caller(2, 2), Canary: caller(2, 2), Checks: passed}, evidence.Failing, "2 of 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.trial.Now, test.trial.Shifted, test.trial.Policy.FailureWindow = now, now.Add(-time.Minute), 10*time.Minute
			got := analysis.Threshold{}.Judge(test.trial)
			if got.Outcome != test.want || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("got %s: %s; want %s: …%s…", got.Outcome, got.Reason, test.want, test.reason)
			}
		})
	}
}
