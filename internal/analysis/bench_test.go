package analysis_test

import (
	"runtime"
	"testing"
	"time"

	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// everything judges by all there is.
func everything(t *evidence.Trial) {
	compared(t)
	t.Before = record(1000, 20)
	t.Policy.Judgement = delivery.Judgement{
		FalseAlarmRate: 0.01, FailurePercent: 50, FailureMinimum: 20, LatencyTolerance: 1.5, ErrorMargin: 1e-5, MaxFailedAttempts: 1e9, MaxUsersHurt: 1e9,
	}
}

// next is the interval that follows one, of a version as good as stable.
func next(iv evidence.Interval) evidence.Interval {
	iv.From = iv.To
	iv.To = iv.From.Add(time.Second)
	iv.Canary, iv.Stable = caller(250, 2), caller(750, 6)
	iv.Canary.Caller.Latency, iv.Stable.Caller.Latency = evidence.Latency{5: 240, 9: 8}, evidence.Latency{5: 720, 9: 24}
	return iv
}

// BenchmarkLook is the cost of one judgement by all judges at once, an hour into a rollout.
func BenchmarkLook(b *testing.B) {
	p := analysis.New(trial(everything))
	iv := evidence.Interval{To: start, Percent: 25, Shifted: start, Waited: start, Checks: []evidence.Check{{Passed: true}}}
	for range 3600 {
		iv = next(iv)
		p.Look(iv)
	}
	b.ReportAllocs()
	for b.Loop() {
		iv = next(iv)
		p.Look(iv)
	}
}

// A panel's memory does not grow with the rollout's age.
func TestMemoryDoesNotGrow(t *testing.T) {
	p := analysis.New(trial(everything))
	iv := evidence.Interval{To: start, Percent: 25, Shifted: start, Waited: start}
	used := func(looks int) uint64 {
		for range looks {
			iv = next(iv)
			if v := p.Look(iv); v.Outcome == evidence.Failing {
				t.Fatal(v.Reason)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used(3600)
	after := used(4 * 3600)
	if after > before+64<<10 {
		t.Errorf("after an hour %d bytes are in use, after five %d", before, after)
	}
	runtime.KeepAlive(p)
}
