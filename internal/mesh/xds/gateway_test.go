package xds

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/topology"
)

// visit asks the gateway as a user on the host would.
func (w *world) visit(gateway *task, host, path string) (int, string) {
	w.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: w.network.hub.dial}, Timeout: patience}
	defer client.CloseIdleConnections()
	r, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://%s:%d%s", gateway.place.address, topology.GatewayPort, path), nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Host = host
	resp, err := client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestTheGatewayRoutesByHostAndPath(t *testing.T) {
	w := newWorld(t)
	gateway := w.task(delivery.GatewayTask("demo"), "")
	w.declare(func(*topology.Environment) {})
	w.configured()
	if status, body := w.visit(gateway, "any", "/"); status != 404 || !strings.Contains(body, "No exposed service") {
		t.Fatalf("an empty gateway answered %d %q", status, body)
	}
	w.service("shop", delivery.HTTP, 1)
	w.service("api", delivery.HTTP, 1)
	w.service("later", delivery.HTTP, 1)
	w.service("down", delivery.HTTP, 0)
	for i, s := range w.env.Services {
		w.env.Services[i].Exposed = true
		if s.ID.Name == "api" {
			w.env.Services[i].Path = "/api"
		}
		if s.ID.Name == "down" {
			w.env.Services[i].Route = delivery.Route{Service: s.ID, Generation: 1}
			w.env.Services[i].Hosts = []string{"down.example"}
		}
	}
	for _, name := range []string{"shop", "api", "later"} {
		w.task(taskID(name, 1, 0), delivery.HTTP).app(func(rw http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(rw, "%s %s %s %s", name, r.Host, r.URL.Path, r.Header.Get("X-Forwarded-For"))
		})
	}
	w.task(taskID("shop", 2, 0), delivery.HTTP).app(fails(500))
	w.declare(func(*topology.Environment) {})
	w.configured()
	for _, c := range []struct{ host, path, want string }{
		{"shop.example:8080", "/", "shop shop.example:8080 / 10.161.0.1"},
		{"any", "/api/x", "api any /api/x 10.161.0.1"},
		{"any", "/apix", "shop any /apix 10.161.0.1"},
		{"down.example", "/", "Service down has no deployment that serves: deploy one, or see why the last one failed.\n"},
	} {
		if _, body := w.visit(gateway, c.host, c.path); body != c.want {
			t.Errorf("%s%s: %q, want %q", c.host, c.path, body, c.want)
		}
	}
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	for range 50 {
		if status, body := w.visit(gateway, "any", "/"); status != 200 {
			t.Fatalf("with a canary that fails: %d %q", status, body)
		}
	}
	w.until("the canary's failures at the gateway are counted, and stable's times", func() bool {
		one := w.counts("shop", 1, evidence.Caller)
		return w.counts("shop", 2, evidence.Caller).Errors5xx > 0 && one.Latency.Total() == one.Attempts-one.FallbackServed
	})
}

func TestGRPCFailuresAreSeen(t *testing.T) {
	w := newWorld(t)
	w.service("shop", delivery.GRPC, 1)
	front := w.task(taskID("front", 1, 0), delivery.HTTP)
	statusOf := func(code string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/grpc")
			rw.Header().Set("Trailer", "Grpc-Status")
			rw.WriteHeader(200)
			_, _ = rw.Write([]byte{0, 0, 0, 0, 0})
			rw.Header().Set("Grpc-Status", code)
		}
	}
	w.task(taskID("shop", 1, 0), delivery.GRPC).app(statusOf("5"))  // not found: an answer
	w.task(taskID("shop", 2, 0), delivery.GRPC).app(statusOf("14")) // unavailable: a failure
	w.declare(func(*topology.Environment) {})
	w.configured()
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{DialContext: front.place.dial, Protocols: &p}, Timeout: patience}
	const n = 100
	for range n {
		r, _ := http.NewRequest(http.MethodPost, shopURL+"shop.Shop/Buy", strings.NewReader("\x00\x00\x00\x00\x00"))
		r.Header.Set("Content-Type", "application/grpc")
		r.Header.Set("Te", "trailers")
		resp, err := client.Do(r)
		if err != nil || resp.StatusCode != 200 || resp.ProtoMajor != 2 {
			t.Fatalf("%v %v", resp, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	w.until("failures in trailers are counted, on both sides", func() bool {
		one, two := w.counts("shop", 1, evidence.Caller), w.counts("shop", 2, evidence.Caller)
		return one.Attempts+two.Attempts == n && one.Failed() == 0 && one.Latency.Total() == one.Attempts &&
			two.Attempts > 0 && two.ErrorsGRPC == two.Attempts && two.Failed() == two.Attempts && two.Latency.Total() == 0 &&
			w.counts("shop", 2, evidence.Ingress).ErrorsGRPC == two.Attempts
	})
}

func TestUnhealthyTasksGetNothingWhileOthersAreHealthy(t *testing.T) {
	w := newWorld(t)
	w.service("shop", delivery.HTTP, 1)
	front := w.task(taskID("front", 1, 0), delivery.HTTP)
	w.task(taskID("shop", 1, 0), delivery.HTTP).app(says("good"))
	bad := w.task(taskID("shop", 1, 1), delivery.HTTP)
	bad.app(says("bad"))
	w.declare(func(*topology.Environment) {})
	w.configured()
	bad.report(agentpb.Health_UNHEALTHY)
	unhealthy := func() bool {
		return w.server.Observe("demo").Tasks[bad.id].Health == topology.Unhealthy
	}
	w.until("the task is seen to be unhealthy", unhealthy)
	w.configured()
	only := func(want string) bool {
		for range 40 {
			if _, body, _ := front.ask(http.MethodGet, shopURL); body != want {
				return false
			}
		}
		return true
	}
	if !only("good") {
		t.Error("an unhealthy task was asked")
	}
	bad.report(agentpb.Health_HEALTHY)
	w.until("the task is asked again", func() bool { return !only("good") })
}

func TestWhatPassesIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.service("shop", delivery.HTTP, 1)
	front := w.task(taskID("front", 1, 0), delivery.HTTP)
	w.task(taskID("shop", 1, 0), delivery.HTTP).app(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			c, rest, _ := rw.(http.Hijacker).Hijack()
			fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = io.Copy(c, rest)
			c.Close()
			return
		}
		rw.Header().Set("Server", "the app")
		fmt.Fprintf(rw, "%s %s %s", r.Host, r.URL.EscapedPath(), r.Header.Get("X-Forwarded-For"))
	})
	w.declare(func(*topology.Environment) {})
	w.configured()
	r, _ := http.NewRequest(http.MethodGet, shopURL+"a/../b%2Fc//d", nil)
	r.URL.Opaque = "/a/../b%2Fc//d"
	r.Host = "shop:8080"
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	resp, err := front.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if want := "shop:8080 /a/../b%2Fc//d 192.0.2.1"; string(body) != want {
		t.Errorf("the app saw %q, want %q", body, want)
	}
	for name, want := range map[string]string{"Server": "the app", "X-Envoy-Upstream-Service-Time": "", "X-Serin-Unreached": ""} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}

	r, _ = http.NewRequest(http.MethodGet, shopURL+"socket", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	resp, err = front.http.Transport.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v %v", resp, err)
	}
	socket := resp.Body.(io.ReadWriteCloser)
	fmt.Fprint(socket, "hello")
	echo := make([]byte, 5)
	if _, err := io.ReadFull(socket, echo); err != nil || string(echo) != "hello" {
		t.Errorf("the socket said %q, %v", echo, err)
	}
	w.until("the socket is in flight at both ends", func() bool { return w.seen("shop").InFlight[1] == 2 })
	socket.Close()
	w.until("the socket has ended", func() bool {
		n, known := w.seen("shop").InFlight[1]
		return known && n == 0
	})
}
