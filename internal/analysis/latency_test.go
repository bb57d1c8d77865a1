package analysis

import (
	"math"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// answers are so many, of which some are slow.
func answers(n, slow uint64) *evidence.Latency { return &evidence.Latency{5: n - slow, 12: slow} }

func tolerant(before evidence.Record) *latency {
	return newLatency(evidence.Trial{
		Before: before, Policy: delivery.Policy{Judgement: delivery.Judgement{LatencyTolerance: 1.5}},
	}, 0.001)
}

// Slow answers that come in clusters say less than ones that come one by one, beside stable and without it.
func TestClustersOfSlowAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		glance glance
		canary *evidence.Latency
		stable *evidence.Latency
	}{
		{"beside stable", glance{percent: 25, seconds: 1}, answers(25, 6), answers(75, 3)},
		{"at 100 %", glance{percent: 100, seconds: 1}, answers(100, 30), answers(0, 0)},
	} {
		var wealth [2]float64
		for i, cluster := range []int{1, 2} {
			var before evidence.Record
			for s := range 3600 {
				var slow uint64
				if s%cluster == 0 {
					slow = 4 * uint64(cluster)
				}
				before.Observe(&evidence.Interval{}, &evidence.Tally{Caller: evidence.Counts{Attempts: 100, Latency: *answers(100, slow)}})
			}
			l := tolerant(before)
			for range 4 {
				wealth[i] = l.look(&test.glance, test.canary, test.stable)
			}
		}
		if wealth[0] < 50*wealth[1] || wealth[1] < 1 || wealth[1] > 1e4 {
			t.Errorf("%s: of single ones it makes %g, of clusters %g", test.name, wealth[0], wealth[1])
		}
	}
}

// The limit at 100 % is what tolerance and margin make of what stable surely did at most, whose estimate clusters widen.
func TestLatencyLimit(t *testing.T) {
	l := tolerant(evidence.Record{})
	l.known = *answers(10_000, 400)
	one, five := l.limit(5, 1), l.limit(5, 5)
	if least := slack + drift*1.5*0.04; one < least || one > 1.25*least || five < 1.1*one || five > 2*one {
		t.Errorf("of a share of 0.04 it is %g, and of clusters %g, at least %g", one, five, least)
	}
}

// Until enough of stable's answers are known nothing is called slow.
func TestLatencyOfAnUnknownStable(t *testing.T) {
	l := tolerant(evidence.Record{})
	for range 49 {
		if got := l.look(&glance{percent: 50, seconds: 1}, answers(4, 4), answers(4, 0)); math.Abs(got-1) > 1e-9 {
			t.Fatalf("it made %g of it", got)
		}
	}
}

// Where nothing is beside it, a version may take half as long again as stable did: all of its answers may.
func TestLeeway(t *testing.T) {
	var before evidence.Record
	for range 600 {
		before.Observe(&evidence.Interval{}, &evidence.Tally{Caller: evidence.Counts{Attempts: 100, Latency: *answers(100, 0)}})
	}
	for _, test := range []struct {
		bucket int
		fails  bool
	}{{5, false}, {6, false}, {7, true}} {
		l := tolerant(before)
		var canary evidence.Latency
		canary[test.bucket] = 100
		var wealth float64
		for range 20 {
			wealth = l.look(&glance{percent: 100, seconds: 1}, &canary, answers(0, 0))
		}
		if fails := wealth > 1000; fails != test.fails {
			t.Errorf("all answers in bucket %d, of stable in 5: it makes %g", test.bucket, wealth)
		}
	}
}

// Where half of stable's answers are above a bound no version's can be three times as many, so that bound is not asked.
func TestCrowded(t *testing.T) {
	l := newLatency(evidence.Trial{Policy: delivery.Policy{Judgement: delivery.Judgement{LatencyTolerance: 3}}}, 0.001)
	l.known = *answers(10_000, 5000)
	for range 20 {
		if got := l.look(&glance{percent: 25, seconds: 1}, answers(25, 25), answers(75, 37)); math.Abs(got-1) > 1e-9 {
			t.Fatalf("twice as many are slow, of which three times as many may be: it makes %g", got)
		}
	}
}
