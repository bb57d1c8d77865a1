package xds

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
)

// after answers when as much time has passed as the path says, in the way that next does.
func after(next http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		d, _ := time.ParseDuration(r.URL.Path[1:])
		<-time.After(d)
		next(rw, r)
	}
}

// took makes requests, each for an answer after delay, and tells how long each took here: longer than at Envoy.
func (x *task) took(n int, delay time.Duration, want int) (times []time.Duration) {
	x.world.Helper()
	for range n {
		began := time.Now()
		status, body, err := x.ask(http.MethodGet, shopURL+delay.String())
		if err != nil || status != want {
			x.world.Fatalf("%d %q %v, want %d", status, body, err, want)
		}
		times = append(times, time.Since(began))
	}
	return times
}

func TestTimesAreCountedWhereTheyBelong(t *testing.T) {
	w, front := shop(t, after(says("one")), after(fails(500)))
	delays := map[time.Duration]int{0: 200, 30 * time.Millisecond: 30, 300 * time.Millisecond: 5}
	var least, most evidence.Latency // as many in each bucket if Envoy saw nothing but the delay, and if it saw what the caller did
	total := 0
	for delay, n := range delays {
		for _, took := range front.took(n, delay, 200) {
			least[evidence.BucketOf(delay)]++
			most[evidence.BucketOf(took)]++
		}
		total += n
	}
	one := func() evidence.Counts { return w.counts("shop", 1, evidence.Caller) }
	w.until("every attempt is counted", func() bool { return one().Attempts == uint64(total) })
	got := one().Latency
	t.Logf("counted %v", got)
	if got.Total() != uint64(total) {
		t.Errorf("%d of %d attempts have a time", got.Total(), total)
	}
	for i := range evidence.Buckets {
		if n := got.Over(i); n < least.Over(i) || n > most.Over(i) {
			t.Errorf("%d attempts took longer than %s, of %d that must have and %d that may have", n, evidence.Bound(i), least.Over(i), most.Over(i))
		}
	}
	if at := w.counts("shop", 1, evidence.Ingress); at.Latency.Total() != 0 {
		t.Errorf("the deployment's own proxy counted times: %v", at.Latency)
	}

	// What failed has no time, nor has what was tried elsewhere before.
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	const n = 100
	front.took(n, 0, 200)
	w.until("first attempts at stable alone have times", func() bool {
		two := w.counts("shop", 2, evidence.Caller)
		return two.Attempts > 0 && two.Errors5xx == two.Attempts && two.Latency.Total() == 0 &&
			one().Attempts == uint64(total+n) && one().FallbackServed == two.Attempts && one().FallbackFailed == 0 &&
			one().Latency.Total() == one().Attempts-one().FallbackServed
	})
}

func TestWhatFailsOnTheFallbackTooIsCountedApart(t *testing.T) {
	w, front := shop(t, fails(503), fails(500))
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	const n = 50
	front.took(n, 0, 503)
	w.until("every attempt is counted once", func() bool {
		one, two := w.counts("shop", 1, evidence.Caller), w.counts("shop", 2, evidence.Caller)
		first, failed := one.First()
		return two.Attempts > 0 && first+two.Attempts == n && failed == first &&
			one.FallbackServed == 2*n && one.FallbackFailed == 2*n && one.Failed() == one.Attempts // a first attempt is retried twice
	})
}

// TestAnOlderProxyIsLeftAsItIs: a control plane that has learnt to count times meets proxies of before.
func TestAnOlderProxyIsLeftAsItIs(t *testing.T) {
	w := newWorld(t)
	w.template = 1
	w.service("shop", delivery.HTTP, 1)
	front := w.task(taskID("front", 1, 0), delivery.HTTP)
	w.task(taskID("shop", 1, 0), delivery.HTTP).app(says("one"))
	w.declare(func(*topology.Environment) {})
	w.configured()
	before := front.applied()
	w.end()
	w.start(w.address)
	w.declare(func(*topology.Environment) {}) // before it listens, and knows who comes
	w.configured()
	if after := front.applied(); len(before) < 4 || !slices.Equal(after, before) {
		t.Errorf("the configuration was applied anew at %q, it was at %q", after, before)
	}
	front.took(10, 0, 200)
	one := func() evidence.Counts { return w.counts("shop", 1, evidence.Caller) }
	w.until("it counts as it did", func() bool { return one().Attempts == 10 && one().Latency.Total() == 0 })

	front.envoy.kill()
	w.template = 2
	front.start()
	w.configured()
	front.took(10, 0, 200)
	w.until("the one that comes instead counts times", func() bool { return one().Latency.Total() == 10 })
}
