package lab

import (
	"math"
	"testing"
	"time"

	"serin.dev/serin/internal/evidence"
)

// steady is a service in which both versions do the same all the time.
func steady(v Version) Scenario {
	return Scenario{Name: "steady", Kind: Good, Bake: time.Hour, Bakes: 1, At: always(alike(v))}
}

// near fails unless got is within a share of want.
func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within*want {
		t.Errorf("%s: got %g, want %g within %g %%", what, got, want, 100*within)
	}
}

func TestTrafficIsSplitByWeightAndFailsAtItsRate(t *testing.T) {
	for _, phi := range []float64{1, 2, 5} {
		sim := newSimulation(steady(Version{Errors: 0.02}), Cell{Weight: 25, Rate: 200, Phi: phi}, 1, 0)
		var canary, stable evidence.Counts
		var fails, squares float64
		const seconds = 40_000
		for range seconds {
			var iv evidence.Interval
			sim.second(&iv)
			canary, stable = canary.Add(iv.Canary.Caller), stable.Add(iv.Stable.Caller)
			_, failed := iv.Stable.Caller.First()
			fails, squares = fails+float64(failed), squares+float64(failed*failed)
		}
		n, failed := stable.First()
		near(t, "canary's attempts a second", float64(canary.Attempts)/seconds, 50, 0.01)
		near(t, "stable's attempts a second", float64(n)/seconds, 150, 0.01)
		near(t, "canary's failures", float64(canary.Errors5xx)/float64(canary.Attempts), 0.02, 0.03)
		near(t, "stable's failures", float64(failed)/float64(n), 0.02, 0.03)
		mean := fails / seconds
		near(t, "dispersion of stable's failures", (squares/seconds-mean*mean)/mean, phi, 0.05)
		if stable.FallbackServed != canary.Failed() {
			t.Errorf("stable was asked %d times for what the canary failed %d times", stable.FallbackServed, canary.Failed())
		}
		near(t, "retries that fail", float64(stable.FallbackFailed)/float64(stable.FallbackServed), 0.02, 0.15)
		if sim.hurt != stable.FallbackFailed || sim.failed != canary.Failed() {
			t.Errorf("users hurt: %d of %d, want %d of %d", sim.hurt, sim.failed, stable.FallbackFailed, canary.Failed())
		}
	}
}

func TestClustersHaveTheirSizes(t *testing.T) {
	// So few failures that a second with any has one cluster.
	sim := newSimulation(steady(Version{Errors: 0.001}), Cell{Weight: 100, Rate: 10, Phi: 5}, 1, 0)
	var n, sum, squares float64
	for range 2_000_000 {
		var iv evidence.Interval
		sim.second(&iv)
		if k := float64(iv.Canary.Caller.Errors5xx); k > 0 {
			n, sum, squares = n+1, sum+k, squares+k*k
		}
	}
	near(t, "failures of a cluster", sum/n, 3, 0.05)
	near(t, "their E[K²]/E[K]", squares/sum, 5, 0.05)
}

func TestAnswersTakeTheirTime(t *testing.T) {
	sim := newSimulation(steady(Version{Errors: 0.01, Answers: answers(wide, 3, 0.05)}), Cell{Weight: 10, Rate: 1000, Phi: 1}, 1, 0)
	var all evidence.Counts
	for range 2000 {
		var iv evidence.Interval
		sim.second(&iv)
		if c := iv.Canary.Caller; c.Latency.Total() != c.Attempts {
			t.Fatalf("%d answer times of %d attempts", c.Latency.Total(), c.Attempts)
		}
		all = all.Add(iv.Canary.Caller)
	}
	for _, bound := range []time.Duration{25, 63, 160, 630} {
		over := float64(all.Latency.Over(evidence.BucketOf(bound*time.Millisecond))) / float64(all.Attempts)
		x := float64(bound) / 60
		near(t, "answers later than "+(bound*time.Millisecond).String(), over, 0.95*(1-lognormal(x, wide))+0.05*(1-lognormal(x/10, wide)), 0.05)
	}
}

func TestBurstsAreTheirShareAndStickOrSplit(t *testing.T) {
	for _, sticky := range []bool{false, true} {
		s := steady(Version{})
		s.Bursts = &Bursts{Share: 0.02, Seconds: 5, PerSecond: 4, Sticky: sticky}
		sim := newSimulation(s, Cell{Weight: 50, Rate: 10, Phi: 1}, 1, 0)
		var canary, stable, product float64
		const seconds = 400_000
		for range seconds {
			var iv evidence.Interval
			sim.second(&iv)
			_, failed := iv.Stable.Caller.First()
			canary, stable = canary+float64(iv.Canary.Caller.Errors5xx), stable+float64(failed)
			product += float64(iv.Canary.Caller.Errors5xx) * float64(failed)
		}
		near(t, "canary's failures a second", canary/seconds, 0.1, 0.08)
		near(t, "stable's failures a second", stable/seconds, 0.1, 0.08)
		covariance := product/seconds - canary/seconds*stable/seconds
		// Clients who meet either version hurt both at the same time: their number is a Poisson one of mean 1/20, and
		// each makes 2 attempts a second at each version.
		want := 2 * 2 / 20.0
		if sticky {
			want = 0
		}
		near(t, "covariance, above 1", 1+covariance, 1+want, 0.03)
		if sim.hurt != sim.failed {
			t.Errorf("%d of %d failures were saved by asking stable, which fails alike", sim.failed-sim.hurt, sim.failed)
		}
	}
}

func TestHistoryIsAnHourOfStable(t *testing.T) {
	s := steady(Version{Errors: 0.1})
	trial := newSimulation(s, Cell{Weight: 10, Rate: 50, Phi: 5}, 1, 0).trial()
	sum := trial.Before.Summary()
	near(t, "attempts", float64(sum.Counts.Attempts), 50*3600, 0.02)
	near(t, "failures", float64(sum.Counts.Errors5xx), 5*3600, 0.05)
	phi, _ := sum.Errors.Fine.Dispersion()
	near(t, "dispersion", phi, 5, 0.3)
	if sum.Seconds != 3600 || !trial.Before.Began.Equal(trial.Start.Add(-time.Hour)) {
		t.Errorf("%g s from %s on, want the hour until %s", sum.Seconds, trial.Before.Began, trial.Start)
	}
}

func TestIntervalsFollowEachOther(t *testing.T) {
	for _, rate := range []float64{0, minutely, slow} {
		sim := newSimulation(steady(Version{Errors: 0.5}), Cell{Weight: 50, Rate: rate, Phi: 1}, 1, 0)
		last, looks := sim.trial().Start, 0
		var iv evidence.Interval
		for ; iv.To.Before(sim.start.Add(time.Hour)); looks++ {
			sim.next(&iv)
			if !iv.From.Equal(last) || iv.Seconds() > 10 || (iv.Seconds() > 1 && rate >= quiet) {
				t.Fatalf("at %s: an interval from %s to %s follows one that ended at %s", perSecond(rate), iv.From, iv.To, last)
			}
			last = iv.To
		}
		if !last.Equal(sim.start.Add(time.Hour)) {
			t.Errorf("at %s: the hour ends at %s", perSecond(rate), last)
		}
		if rate == minutely && looks > 500 {
			t.Errorf("an hour of 60 requests takes %d looks", looks)
		}
	}
}

func TestLateFailureComesWithTheWholeTraffic(t *testing.T) {
	sim := newSimulation(named(t, "late failure"), Cell{Weight: 100, Rate: usual, Phi: 1}, 1, 0)
	sim.trial()
	var iv evidence.Interval
	var before, after evidence.Counts
	for range 1200 {
		sim.next(&iv)
		if iv.Percent == 10 {
			before = before.Add(iv.Canary.Caller)
		} else if n, _ := iv.Stable.Caller.First(); n == 0 && iv.Shifted.Equal(sim.start.Add(10*time.Minute)) {
			after = after.Add(iv.Canary.Caller)
		}
	}
	near(t, "attempts at 10 %", float64(before.Attempts), 6000, 0.05)
	near(t, "attempts at 100 %", float64(after.Attempts), 60_000, 0.02)
	near(t, "failures at 100 %", float64(after.Errors5xx), 3000, 0.1)
	if before.Errors5xx > 20 {
		t.Errorf("%d failures at 10 %%", before.Errors5xx)
	}
}
