package xds

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
)

const shopURL = "http://240.240.0.1:8080/"

// shop is a world with a caller and the service shop in two deployments, all traffic at the first.
func shop(t testing.TB, first, second http.HandlerFunc) (*world, *task) {
	w := newWorld(t)
	w.service("shop", delivery.HTTP, 1)
	front := w.task(taskID("front", 1, 0), delivery.HTTP)
	w.task(taskID("shop", 1, 0), delivery.HTTP).app(first)
	w.task(taskID("shop", 2, 0), delivery.HTTP).app(second)
	w.declare(func(*topology.Environment) {})
	w.configured()
	return w, front
}

func TestWeightsAreHonouredOnceAcknowledged(t *testing.T) {
	w, front := shop(t, says("one"), says("two"))
	for _, percent := range []int{0, 10, 50, 100, 0} {
		w.shiftAndWait("shop", delivery.Split(1, 2, percent), 1, 1, 2)
		const n = 1000
		got := map[string]int{}
		for range n {
			status, body, err := front.ask(http.MethodGet, shopURL)
			if err != nil || status != 200 {
				t.Fatalf("at %d %%: %d %q %v", percent, status, body, err)
			}
			got[body]++
		}
		want := n * percent / 100
		if d := got["two"] - want; percent%100 == 0 && d != 0 || d < -60 || d > 60 {
			t.Errorf("at %d %% the canary had %d of %d requests", percent, got["two"], n)
		}
	}
	w.until("all requests are in the evidence", func() bool {
		return w.counts("shop", 1, evidence.Caller).Attempts+w.counts("shop", 2, evidence.Caller).Attempts == 5000 &&
			w.counts("shop", 1, evidence.Ingress).Attempts+w.counts("shop", 2, evidence.Ingress).Attempts == 5000
	})
}

func TestACanarysFailuresAreAnsweredByStableAndCounted(t *testing.T) {
	w, front := shop(t, says("one"), fails(500))
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	const n = 200
	for range n {
		if status, body, err := front.ask(http.MethodGet, shopURL); err != nil || status != 200 || body != "one" {
			t.Fatalf("GET: %d %q %v", status, body, err)
		}
	}
	w.until("every attempt is counted once", func() bool {
		one, two := w.counts("shop", 1, evidence.Caller), w.counts("shop", 2, evidence.Caller)
		return one.Attempts == n && one.Failed() == 0 && one.FallbackServed == two.Attempts &&
			two.Attempts > 0 && two.Errors5xx == two.Attempts && two.Failed() == two.Attempts
	})
	hidden := w.counts("shop", 2, evidence.Caller)

	// A POST that was processed is not repeated: the failure is the user's, and is counted like the others.
	failed := uint64(0)
	for range n {
		status, _, err := front.ask(http.MethodPost, shopURL)
		if err != nil {
			t.Fatal(err)
		}
		if status == 500 {
			failed++
		}
	}
	if failed == 0 || failed == n {
		t.Fatalf("%d of %d POSTs failed at 50 %%", failed, n)
	}
	w.until("the failures users saw are counted once", func() bool {
		return w.counts("shop", 2, evidence.Caller).Errors5xx == hidden.Errors5xx+failed &&
			w.counts("shop", 2, evidence.Ingress).Errors5xx == hidden.Errors5xx+failed
	})
}

func TestWhatNeverReachedTheCanaryIsAnsweredByStable(t *testing.T) {
	w := newWorld(t)
	w.service("shop", delivery.HTTP, 1)
	front := w.task(taskID("front", 1, 0), delivery.HTTP)
	w.task(taskID("shop", 1, 0), delivery.HTTP).app(says("one"))
	canary := w.task(taskID("shop", 2, 0), delivery.HTTP) // its app does not listen
	w.declare(func(*topology.Environment) {})
	w.configured()
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	post := func() {
		t.Helper()
		for range 100 {
			if status, body, err := front.ask(http.MethodPost, shopURL); err != nil || status != 200 || body != "one" {
				t.Fatalf("POST: %d %q %v", status, body, err)
			}
		}
	}
	post()
	w.until("the app's refusals are counted at the canary's ingress", func() bool {
		c := w.counts("shop", 2, evidence.Ingress)
		return c.Attempts > 0 && c.ConnectFailed == c.Attempts
	})
	before := w.counts("shop", 2, evidence.Caller)
	canary.envoy.kill()
	canary.envoy = nil
	post()
	w.until("the refusals of the canary's proxy are counted at its caller", func() bool {
		return w.counts("shop", 2, evidence.Caller).ConnectFailed > before.ConnectFailed
	})
	w.declare(func(env *topology.Environment) { // the engine saw it; the address may be another's soon
		env.Tasks[2].ProxyAlive = false
	})
	w.configured()
	post()
}

func TestShiftsUnderLoadFailNothing(t *testing.T) {
	w, front := shop(t, says("one"), says("two"))
	traffic := load(front, 4)
	for range 3 {
		for percent := 10; percent <= 100; percent += 30 {
			w.shiftAndWait("shop", delivery.Split(1, 2, percent), 1, 1, 2)
			traffic.more(50)
		}
		w.shiftAndWait("shop", delivery.All(1), 1, 1, 2)
	}
	traffic.stop()
}

// TestRemovalUnderLoad removes a deployment that has half of the weight, in one declaration: the mesh itself keeps
// its clusters until no proxy routes to it.
func TestRemovalUnderLoadFailsNothing(t *testing.T) {
	slow := make(chan struct{})
	w, front := shop(t, says("one"), func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-slow
		}
		says("two")(rw, r)
	})
	w.shiftAndWait("shop", delivery.All(2), 2, 1, 2)
	answered := make(chan string, 1)
	go func() {
		_, body, err := front.ask(http.MethodPost, shopURL+"slow")
		answered <- body + errorText(err)
	}()
	w.until("the slow request is in flight", func() bool { return w.seen("shop").InFlight[2] >= 2 }) // at its caller and at its ingress
	traffic := load(front, 4)
	for range 10 {
		w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
		traffic.more(50)
		w.shiftAndWait("shop", delivery.All(1), 1, 1)
		traffic.more(50)
	}
	w.shiftAndWait("shop", delivery.All(1), 1, 1)
	traffic.stop()
	close(slow)
	if got := <-answered; got != "two" {
		t.Errorf("the request in flight to the removed deployment ended with %q", got)
	}
	w.until("nothing is in flight to the removed deployment", func() bool {
		n, known := w.seen("shop").InFlight[2]
		return known && n == 0
	})
}

// TestAChangedClusterFailsNothing: a control plane of another version may make clusters otherwise.
func TestAChangedClusterFailsNothing(t *testing.T) {
	w, front := shop(t, says("one"), says("two"))
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	traffic := load(front, 4)
	for _, p := range []delivery.Protocol{delivery.HTTP2, delivery.HTTP, delivery.HTTP2} {
		w.declare(func(env *topology.Environment) { env.Services[0].Protocol = p })
		w.configured()
		traffic.more(1000)
	}
	traffic.stop()
}

// traffic is load on the shop until it is stopped.
type traffic struct {
	total, failed atomic.Int64
	world         *world
	end           chan struct{}
	all           sync.WaitGroup
}

// load makes GETs and POSTs from a task.
func load(from *task, clients int) *traffic {
	l := &traffic{world: from.world, end: make(chan struct{})}
	for i := range clients {
		method := []string{http.MethodGet, http.MethodPost}[i%2]
		l.all.Go(func() {
			for {
				select {
				case <-l.end:
					return
				default:
				}
				status, body, err := from.ask(method, shopURL)
				l.total.Add(1)
				if (err != nil || status != 200) && l.failed.Add(1) < 5 {
					l.world.Errorf("%s: %d %q %v", method, status, body, err)
				}
			}
		})
	}
	return l
}

// more waits for n more requests.
func (l *traffic) more(n int64) {
	l.world.Helper()
	wanted := l.total.Load() + n
	l.world.until("more requests were made", func() bool { return l.total.Load() >= wanted })
}

// stop ends it and fails the test if any request failed.
func (l *traffic) stop() {
	l.world.Helper()
	close(l.end)
	l.all.Wait()
	l.world.Logf("%d requests, %d failed", l.total.Load(), l.failed.Load())
	if l.failed.Load() > 0 {
		l.world.Errorf("%d of %d requests failed", l.failed.Load(), l.total.Load())
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
