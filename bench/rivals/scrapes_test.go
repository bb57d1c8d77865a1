package rivals

import (
	"math"
	"slices"
	"testing"
	"time"

	"serin.dev/serin/internal/evidence"
)

func TestScrapes(t *testing.T) {
	s := scrapes{every: 15 * time.Second, keep: 2}
	for second := range 60 {
		iv := interval(second, 10, counts{canary: uint64(second), canaryFailed: 1, stable: 1})
		s.observe(iv)
	}
	tests := []struct {
		scrapes, ago           int
		attempts, failed, upTo uint64
	}{
		{1, 0, 45 + 46 + 47 + 48 + 49 + 50 + 51 + 52 + 53 + 54 + 55 + 56 + 57 + 58 + 59, 15, 1770},
		{2, 0, 30*15 + 14*15/2 + 45*15 + 14*15/2, 30, 1770},
		{1, 1, 30*15 + 14*15/2, 15, 990},
	}
	for _, test := range tests {
		in, total := s.canary.increase(test.scrapes, test.ago)
		if in.attempts != test.attempts || in.failed != test.failed || total.attempts != test.upTo {
			t.Errorf("%d scrapes, %d ago: %d, %d failed, of %d", test.scrapes, test.ago, in.attempts, in.failed, total.attempts)
		}
	}
	if n := len(s.canary.read); n != 3 {
		t.Errorf("%d scrapes are kept, want 3", n)
	}
}

// TestScrapesWithinAnInterval: what happened in an interval is seen by the first scrape that is not before its end.
func TestScrapesWithinAnInterval(t *testing.T) {
	s := scrapes{every: 10 * time.Second, keep: 10}
	iv := interval(0, 10, counts{canary: 7})
	iv.To = iv.From.Add(35 * time.Second)
	s.observe(iv)
	if _, total := s.canary.increase(1, 0); len(s.canary.read) != 4 || total.attempts != 0 {
		t.Errorf("after 35 s: %d scrapes, %d attempts in the last", len(s.canary.read), total.attempts)
	}
	iv.From, iv.To, iv.Canary = iv.To, iv.To.Add(5*time.Second), evidence.Tally{}
	s.observe(iv)
	if in, _ := s.canary.increase(1, 0); in.attempts != 7 {
		t.Errorf("after 40 s: %d attempts since the last scrape, want 7", in.attempts)
	}
}

func TestOnlyFirstAttemptsCount(t *testing.T) {
	var r reading
	r.add(&evidence.Counts{Attempts: 10, Errors5xx: 3, FallbackServed: 4, FallbackFailed: 2})
	if r.attempts != 6 || r.failed != 1 {
		t.Errorf("%d attempts, %d failed; want 6 and 1", r.attempts, r.failed)
	}
}

func TestSchedule(t *testing.T) {
	s, looks := every(10*time.Second), []time.Duration(nil)
	for _, now := range []time.Duration{1, 9, 10, 11, 20, 55, 60, 65, 75} {
		if s.due(now*time.Second, 10*time.Second) {
			looks = append(looks, now)
		}
	}
	if want := []time.Duration{10, 20, 55, 65, 75}; !slices.Equal(looks, want) {
		t.Errorf("looked at %v, want %v", looks, want)
	}
}

func TestQuantile(t *testing.T) {
	var l evidence.Latency
	if got := quantile(0.99, l); !math.IsNaN(got) {
		t.Errorf("of nothing: %g, want NaN", got)
	}
	l[evidence.BucketOf(100*time.Millisecond)] = 100 // over 63 and up to 100 ms
	for q, want := range map[float64]float64{0.5: 81.5, 1: 100, 0.99: 99.63} {
		if got := quantile(q, l); math.Abs(got-want) > 1e-9 {
			t.Errorf("%g: %g, want %g", q, got, want)
		}
	}
	l[evidence.Buckets-1] = 100
	if got := quantile(0.99, l); got != milliseconds(evidence.Buckets-2) {
		t.Errorf("of the last bucket: %g, want where it begins", got)
	}
}
