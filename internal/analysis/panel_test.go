package analysis_test

import (
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func caller(attempts, errors uint64) evidence.Tally {
	return evidence.Tally{Caller: evidence.Counts{Attempts: attempts, Errors5xx: errors}}
}

// record is an hour in which stable had that many attempts a second, and one failure in each so many seconds.
func record(attempts uint64, oneIn int) (r evidence.Record) {
	for s := range 3600 {
		at := start.Add(time.Duration(s-3600) * time.Second)
		var failed uint64
		if oneIn > 0 && s%oneIn == 0 {
			failed = 1
		}
		r.Observe(&evidence.Interval{From: at, To: at.Add(time.Second)}, new(caller(attempts, failed)))
	}
	return r
}

// second is what happened in one second of a rollout at a share that all have acknowledged since the start.
type second struct {
	percent        int
	canary, stable evidence.Tally
	checks         []evidence.Check
	shifting       bool
}

func run(t evidence.Trial, seconds ...second) evidence.Verdict {
	var intervals []evidence.Interval
	shifted, percent := start, 0
	for i, s := range seconds {
		iv := evidence.Interval{
			From: start.Add(time.Duration(i) * time.Second), To: start.Add(time.Duration(i+1) * time.Second),
			Percent: max(1, s.percent), Canary: s.canary, Stable: s.stable, Checks: s.checks,
		}
		if iv.Percent != percent {
			shifted, percent = iv.From, iv.Percent
		}
		if !s.shifting {
			iv.Shifted, iv.Waited = shifted, shifted
		}
		intervals = append(intervals, iv)
	}
	return last(t, intervals)
}

// last is the verdict after a whole record of a rollout.
func last(t evidence.Trial, intervals []evidence.Interval) (v evidence.Verdict) {
	p := analysis.New(t)
	for _, iv := range intervals {
		v = p.Look(iv)
	}
	return v
}

func times(n int, s second) []second {
	all := make([]second, n)
	for i := range all {
		all[i] = s
	}
	return all
}

func trial(change func(*evidence.Trial)) evidence.Trial {
	service := delivery.ServiceID{Environment: "prod", Name: "shop"}
	t := evidence.Trial{
		Deployment: delivery.DeploymentID{Service: service, Number: 2}, Stable: delivery.DeploymentID{Service: service, Number: 1},
		Policy: delivery.Policy{FailureWindow: 10 * time.Minute}, Start: start,
	}
	if change != nil {
		change(&t)
	}
	return t
}

func compared(t *evidence.Trial) { t.Policy.FailureValue = -1 }
func first(t *evidence.Trial)    { t.Stable = delivery.DeploymentID{} }

func TestPanel(t *testing.T) {
	passed, notYet := []evidence.Check{{Passed: true}}, []evidence.Check{{Passed: true}, {}}
	quarter := second{percent: 25, canary: caller(25, 0), stable: caller(75, 0)}
	tests := []struct {
		name    string
		trial   evidence.Trial
		seconds []second
		want    evidence.Outcome
		reason  string
	}{
		{"attempts without a failure", trial(nil), times(2, quarter), evidence.Healthy, "50 attempts since the shift, 0 of stable's 150, 0 failed within 10m0s, at most 0 may"},
		{"one failure where none may be", trial(nil), []second{{canary: caller(20, 1)}}, evidence.Failing, "1 of 20 attempts failed within 10m0s, at most 0 may: 1 answered 5xx"},
		{"as many failures as may be", trial(func(t *evidence.Trial) { t.Policy.FailureValue = 3 }), []second{{canary: caller(20, 3)}}, evidence.Healthy, "3 failed within"},
		{"one more than may be", trial(func(t *evidence.Trial) { t.Policy.FailureValue = 3 }), []second{{canary: caller(20, 4)}}, evidence.Failing, "4 of 20"},
		{"failures of the step before count on", trial(nil), []second{{percent: 25, canary: caller(4, 1)}, {percent: 50, canary: caller(5, 0)}}, evidence.Failing, "1 of 9"},
		{"failures before the window do not", trial(func(t *evidence.Trial) { t.Policy.FailureWindow = 2 * time.Second; t.Policy.FailureValue = 1 }), []second{{canary: caller(4, 1)}, {canary: caller(4, 0)}, {canary: caller(4, 1)}}, evidence.Healthy, "1 failed within 2s"},
		{"the ingress saw more", trial(nil), []second{{canary: evidence.Tally{Ingress: evidence.Counts{Attempts: 3, Resets: 2}}}}, evidence.Failing, "2 reset"},
		{"connects that failed", trial(nil), []second{{canary: evidence.Tally{Caller: evidence.Counts{Attempts: 3, ConnectFailed: 3}}}}, evidence.Failing, "3 not connected"},
		{"a gRPC error", trial(nil), []second{{canary: evidence.Tally{Caller: evidence.Counts{Attempts: 3, ErrorsGRPC: 1}}}}, evidence.Failing, "1 answered a gRPC error"},
		{"timeouts", trial(nil), []second{{canary: evidence.Tally{Caller: evidence.Counts{Attempts: 3, Timeouts: 1}}}}, evidence.Failing, "1 timed out"},
		{"a failing check speaks against any number", trial(nil), []second{{canary: caller(1000, 0), checks: []evidence.Check{{Passed: true}, {Failing: true, Detail: "connection refused"}}}}, evidence.Failing, "connection refused"},
		{"too large a share", trial(func(t *evidence.Trial) {
			compared(t)
			t.Policy.Judgement.FailurePercent, t.Policy.Judgement.FailureMinimum = 5, 20
		}), []second{{canary: caller(20, 2)}}, evidence.Failing, "2 of 20 attempts failed within 10m0s, at most 5 % may"},
		{"as large a share as may be", trial(func(t *evidence.Trial) {
			compared(t)
			t.Policy.Judgement.FailurePercent, t.Policy.Judgement.FailureMinimum = 5, 20
		}), []second{{canary: caller(20, 1)}}, evidence.Healthy, ""},
		{"hardly too large a share", trial(func(t *evidence.Trial) {
			compared(t)
			t.Policy.Judgement.FailurePercent, t.Policy.Judgement.FailureMinimum = 5, 20
		}), []second{{canary: caller(100, 6)}}, evidence.Failing, "6 of 100"},
		{"too large a share of too few", trial(func(t *evidence.Trial) {
			compared(t)
			t.Policy.Judgement.FailurePercent, t.Policy.Judgement.FailureMinimum = 5, 20
		}), []second{{canary: caller(19, 2)}}, evidence.Healthy, "19 attempts"},

		{"silence while stable is called", trial(nil), []second{{stable: caller(5, 0), checks: passed}}, evidence.NotEnough, "while stable got 5 attempts"},
		{"silence after there was traffic", trial(nil), []second{{percent: 25, canary: caller(1, 0)}, {percent: 50, checks: passed}}, evidence.NotEnough, "after 1 attempt before"},
		{"a service that nobody calls, checks passed", trial(nil), []second{{checks: passed}}, evidence.Healthy, "gets no traffic"},
		{"a service that nobody calls, checks did not pass throughout", trial(nil), []second{{checks: notYet}}, evidence.NotEnough, "not passed throughout"},
		{"a service that nobody calls, without checks", trial(nil), []second{{}}, evidence.NotEnough, "not passed throughout"},
		{"first deployment, checks passed", trial(first), []second{{percent: 100, checks: passed}}, evidence.Healthy, "first deployment"},
		{"first deployment, checks did not pass throughout", trial(first), []second{{percent: 100, checks: notYet}}, evidence.NotEnough, "first deployment"},
		{"first deployment of which nothing succeeds, and any number may fail", trial(func(t *evidence.Trial) { first(t); compared(t) }), times(3, second{percent: 100, canary: caller(5, 5), checks: passed}), evidence.NotEnough, "since the shift nothing succeeded: it failed 15 attempts"},
		{"first deployment that fails its callers", trial(first), []second{{percent: 100, canary: caller(2, 2), checks: passed}}, evidence.Failing, "2 of 2"},

		{"a first deployment that fails nearly all", trial(func(t *evidence.Trial) { compared(t); first(t) }), times(10, second{percent: 100, canary: caller(20, 19), checks: passed}), evidence.Failing, "canary failed"},
		{"a first deployment that fails some", trial(func(t *evidence.Trial) { compared(t); first(t) }), times(10, second{percent: 100, canary: caller(20, 5), checks: passed}), evidence.Healthy, ""},
		{"it fails far more often than stable", trial(compared), times(4, second{percent: 25, canary: caller(25, 8), stable: caller(75, 0)}), evidence.Failing, "canary failed 32 of 100 attempts, stable 0 of 300 in the same 4s; false-alarm rate at most 1 %"},
		{"it fails as often as stable", trial(compared), times(600, second{percent: 25, canary: caller(25, 1), stable: caller(75, 3)}), evidence.Healthy, "600 of them failed, 1800 of stable's 45000"},
		{"it fails less often than stable", trial(compared), times(600, second{percent: 25, canary: caller(25, 0), stable: caller(75, 3)}), evidence.Healthy, ""},
		{"it fails at 100 % as stable never did", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 0) }), times(3, second{percent: 100, canary: caller(100, 5)}), evidence.Failing, "stable 0 of 360000 before: nothing goes to stable now, so what would hit both cannot be told apart"},
		{"it fails at 100 % as stable did", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 1) }), times(600, second{percent: 100, canary: caller(100, 1)}), evidence.Healthy, ""},
		{"retries of others' failures are no fair sample", trial(compared), times(9, second{percent: 25, canary: evidence.Tally{Caller: evidence.Counts{Attempts: 25, Errors5xx: 9, FallbackServed: 9, FallbackFailed: 9}}, stable: caller(75, 0)}), evidence.Healthy, ""},
		{"it fails in a row, as stable did now and then", trial(func(t *evidence.Trial) {
			compared(t)
			for s := range 3600 {
				at := start.Add(time.Duration(s-3600) * time.Second)
				var failed uint64
				if s%400 < 10 {
					failed = 1
				}
				t.Before.Observe(&evidence.Interval{From: at, To: at.Add(time.Second)}, new(caller(100, failed)))
			}
		}), times(8, second{percent: 10, canary: caller(10, 1), stable: caller(90, 0)}), evidence.Healthy, ""},
		{"it fails in a row, as stable never did", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 40) }), times(8, second{percent: 10, canary: caller(10, 1), stable: caller(90, 0)}), evidence.Failing, "canary failed"},
		{"both fail alike", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 100) }), times(20, second{percent: 25, canary: caller(25, 5), stable: caller(75, 15)}), evidence.SharedFate, "both versions fail alike: the new one 100 of 500 attempts, stable 300 of 1500 attempts within 30s"},
		{"stable fails, and it failed twice", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 100) }), append(times(19, second{percent: 25, canary: caller(25, 0), stable: caller(75, 15)}), second{percent: 25, canary: caller(25, 2), stable: caller(75, 15)}), evidence.Healthy, ""},
		{"both failed alike, and do no more", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 100) }), append(times(20, second{percent: 25, canary: caller(25, 5), stable: caller(75, 15)}), times(40, quarter)...), evidence.Healthy, ""},

		{"it gets hardly any of its share", trial(compared), times(60, second{percent: 25, canary: caller(1, 0), stable: caller(99, 0)}), evidence.NotEnough, "only 60 of 6000 attempts since the shift went to the new version, whose share is 25 %"},
		{"it got its share, and gets it no more", trial(compared), append(times(900, quarter), times(60, second{percent: 25, canary: caller(1, 0), stable: caller(99, 0)})...), evidence.NotEnough, "whose share is 25 %"},
		{"it gets hardly any of its share while the shift goes on", trial(compared), append(times(2, quarter), times(60, second{percent: 50, canary: caller(1, 0), stable: caller(99, 0), shifting: true})...), evidence.Healthy, ""},
		{"it gets its share, with luck", trial(compared), times(60, second{percent: 25, canary: caller(20, 0), stable: caller(80, 0)}), evidence.Healthy, ""},

		{"not surely better than the margin", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 0); t.Policy.Judgement.ErrorMargin = 0.01 }), times(10, quarter), evidence.NotEnough, "is promoted when that is surely below 1 %: about"},
		{"surely better than the margin", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 0); t.Policy.Judgement.ErrorMargin = 0.01 }), times(200, quarter), evidence.Healthy, ""},
		{"surely not worse than a bad stable", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 1); t.Policy.Judgement.ErrorMargin = 0.02 }), times(600, second{percent: 50, canary: caller(50, 1), stable: caller(50, 1)}), evidence.Healthy, ""},
		{"what it did at a smaller share is no proof", trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 0); t.Policy.Judgement.ErrorMargin = 0.01 }), append(times(200, quarter), second{percent: 50, canary: caller(50, 0), stable: caller(50, 0)}), evidence.NotEnough, "about"},

		{"it has cost all it may", trial(func(t *evidence.Trial) { compared(t); t.Policy.Judgement.MaxFailedAttempts = 3 }), times(2, second{percent: 25, canary: caller(25, 2), stable: caller(75, 6)}), evidence.Failing, "it failed 4 attempts, its rollout may cost 3"},
		{"it has cost as much as it may", trial(func(t *evidence.Trial) { compared(t); t.Policy.Judgement.MaxFailedAttempts = 4 }), times(2, second{percent: 25, canary: caller(25, 2), stable: caller(75, 6)}), evidence.Healthy, ""},
		{"retries saved its users", trial(func(t *evidence.Trial) { compared(t); t.Policy.Judgement.MaxUsersHurt = 1 }), times(2, second{percent: 25, canary: caller(25, 2), stable: evidence.Tally{Caller: evidence.Counts{Attempts: 77, FallbackServed: 2}}}), evidence.Healthy, ""},
		{"retries did not save its users", trial(func(t *evidence.Trial) { compared(t); t.Policy.Judgement.MaxUsersHurt = 1 }), times(2, second{percent: 25, canary: caller(25, 2), stable: evidence.Tally{Caller: evidence.Counts{Attempts: 77, Errors5xx: 1, FallbackServed: 2, FallbackFailed: 1}}}), evidence.Failing, "2 of the 4 attempts that it failed were not saved by a retry, its rollout may cost 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := run(test.trial, test.seconds...)
			if got.Outcome != test.want || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("got %s (%s): %s; want %s: …%s…", got.Outcome, got.Judge, got.Reason, test.want, test.reason)
			}
		})
	}
}

// At 100 % the margin is held against stable's record, whatever stable still ends of what it was sent before.
func TestMarginAtAHundredPercent(t *testing.T) {
	judged := trial(func(t *evidence.Trial) {
		compared(t)
		t.Before = record(100, 1)
		t.Policy.Judgement.ErrorMargin = 0.005
	})
	seconds := times(1800, second{percent: 100, canary: caller(100, 1)})
	seconds[0].stable = caller(1, 0)
	if got := run(judged, seconds...); got.Outcome != evidence.Healthy {
		t.Errorf("got %s (%s): %s", got.Outcome, got.Judge, got.Reason)
	}
}

// What is shown as evidence is held against what is shown as the rate: no sooner and no later it fails.
func TestBasisSaysWhenItFails(t *testing.T) {
	judged := trial(func(t *evidence.Trial) { compared(t); t.Policy.Judgement.FalseAlarmRate = 0.07 })
	for n := 1; ; n++ {
		got := run(judged, times(n, second{percent: 25, canary: caller(25, 1), stable: caller(75, 0)})...)
		if failing := got.Outcome == evidence.Failing; failing != (got.Basis.Against*got.Basis.FalseAlarmRate >= 1) {
			t.Fatalf("after %d s it is %s at %g, and fails at %g", n, got.Outcome, got.Basis.Against, 1/got.Basis.FalseAlarmRate)
		} else if failing {
			if !strings.HasSuffix(got.Reason, "at most 7 %") {
				t.Errorf("the reason is %q", got.Reason)
			}
			return
		}
	}
}

// Checks are known to have passed in the present wait, not in those before it.
func TestChecksPassedInThePresentWait(t *testing.T) {
	got := last(trial(first), []evidence.Interval{{
		From: start, To: start.Add(time.Minute), Percent: 100, Shifted: start, Waited: start.Add(45 * time.Second), Checks: []evidence.Check{{Passed: true}},
	}})
	if got.Outcome != evidence.Healthy || !strings.Contains(got.Reason, "passed throughout 15s") {
		t.Errorf("got %s: %s", got.Outcome, got.Reason)
	}
}

// A clock that is set back, as at a restart, does not end judgement.
func TestClockSetBack(t *testing.T) {
	bad := evidence.Interval{From: start.Add(time.Hour), To: start, Percent: 25, Shifted: start, Canary: caller(25, 0), Stable: caller(75, 0)}
	intervals := []evidence.Interval{bad}
	for s := range 10 {
		at := start.Add(time.Duration(s) * time.Second)
		intervals = append(intervals, evidence.Interval{From: at, To: at.Add(time.Second), Percent: 25, Shifted: start, Canary: caller(25, 20), Stable: caller(75, 0)})
	}
	if got := last(trial(compared), intervals); got.Outcome != evidence.Failing || got.Judge != "sequential" {
		t.Errorf("got %s (%s), evidence %g", got.Outcome, got.Judge, got.Basis.Against)
	}
}

func slow(over, of uint64) evidence.Tally {
	return evidence.Tally{Caller: evidence.Counts{Attempts: of, Latency: evidence.Latency{5: of - over, 12: over}}}
}

// A version that answers well and slowly is found; one that is a little slower than tolerance allows is not.
func TestLatency(t *testing.T) {
	judged := trial(func(t *evidence.Trial) {
		compared(t)
		t.Policy.Judgement.LatencyTolerance = 1.5
		for s := range 600 {
			at := start.Add(time.Duration(s-600) * time.Second)
			t.Before.Observe(&evidence.Interval{From: at, To: at.Add(time.Second)}, new(slow(4, 100)))
		}
	})
	got := run(judged, times(60, second{percent: 25, canary: slow(10, 25), stable: slow(3, 75)})...)
	if got.Outcome != evidence.Failing || got.Judge != "latency" || !strings.Contains(got.Reason, "of 1500 answers of canary took over 1ms, of stable 180 of 4500 in the same time") {
		t.Errorf("slow: got %s (%s): %s", got.Outcome, got.Judge, got.Reason)
	}
	if got := run(judged, times(600, second{percent: 25, canary: slow(1, 25), stable: slow(3, 75)})...); got.Outcome != evidence.Healthy {
		t.Errorf("as slow: got %s: %s", got.Outcome, got.Reason)
	}
	if got := run(judged, times(600, second{percent: 25, canary: slow(1, 25), stable: slow(2, 75)})...); got.Outcome != evidence.Healthy {
		t.Errorf("one and a half times as often slow, as tolerance allows: got %s: %s", got.Outcome, got.Reason)
	}
	got = run(judged, times(60, second{percent: 100, canary: slow(20, 100)})...)
	if got.Outcome != evidence.Failing || got.Judge != "latency" || !strings.Contains(got.Reason, "1200 of 6000 answers of canary took over 1.6ms, of stable 2400 of 60000 over 1ms before: nothing goes to stable now") {
		t.Errorf("slow, with all traffic: got %s (%s): %s", got.Outcome, got.Judge, got.Reason)
	}
	rest := times(60, second{percent: 100, canary: slow(20, 100)})
	rest[0].stable = slow(3, 75) // as it is while the shift goes on
	if got := run(judged, rest...); !strings.Contains(got.Reason, "of stable 2403 of 60075 over 1ms before") {
		t.Errorf("slow, with all traffic but at first: got %s (%s): %s", got.Outcome, got.Judge, got.Reason)
	}
	if got := run(judged, times(600, second{percent: 100, canary: slow(12, 100)})...); got.Outcome != evidence.Healthy {
		t.Errorf("three times as often slow as before, which the margin allows: got %s: %s", got.Outcome, got.Reason)
	}
	if got := run(judged, times(600, second{percent: 50, canary: slow(20, 100)})...); got.Judge == "latency" {
		t.Errorf("nothing beside it, with half of the traffic: got %s: %s", got.Outcome, got.Reason)
	}
	if got := run(trial(compared), times(60, second{percent: 25, canary: slow(25, 25), stable: slow(3, 75)})...); got.Outcome != evidence.Healthy {
		t.Errorf("not judged: got %s: %s", got.Outcome, got.Reason)
	}
}

// What NotEnough says it waits for is about what it takes.
func TestAbout(t *testing.T) {
	judged := trial(func(t *evidence.Trial) { compared(t); t.Before = record(100, 0); t.Policy.Judgement.ErrorMargin = 0.01 })
	quarter := second{percent: 25, canary: caller(25, 0), stable: caller(75, 0)}
	early := run(judged, times(10, quarter)...)
	took := 10
	for run(judged, times(took, quarter)...).Outcome != evidence.Healthy {
		took++
	}
	waited := time.Duration(took-10) * time.Second
	if early.After < waited/2 || early.After > 2*waited || early.More < uint64(25*(took-10))/2 {
		t.Errorf("it said %d more, %s, and it took %d, %s", early.More, early.After, 25*(took-10), waited)
	}
}

// A version that was good for long is found as surely as a new one, if not as fast.
func TestLateFailure(t *testing.T) {
	good := second{percent: 10, canary: caller(10, 0), stable: caller(90, 1)}
	bad := second{percent: 10, canary: caller(10, 5), stable: caller(90, 1)}
	if got := run(trial(compared), append(times(1800, good), times(15, bad)...)...); got.Outcome != evidence.Failing {
		t.Errorf("15 s after it began to fail: %s: %s", got.Outcome, got.Reason)
	}
}

// Told the same again, a panel finds the same: a restart goes on where it was.
func TestPanelIsDeterministic(t *testing.T) {
	seconds := append(times(30, second{percent: 25, canary: caller(25, 1), stable: caller(75, 3)}), times(30, second{percent: 50, canary: caller(50, 3), stable: caller(50, 2)})...)
	judged := trial(func(t *evidence.Trial) {
		compared(t)
		t.Before = record(100, 30)
		t.Policy.Judgement.ErrorMargin = 0.01
	})
	if a, b := run(judged, seconds...), run(judged, seconds...); a != b {
		t.Errorf("%+v, then %+v", a, b)
	}
}
