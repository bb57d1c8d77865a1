package xds

import (
	"net/http"
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
