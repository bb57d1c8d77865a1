package xds

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/service/metrics/v3"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/topology"
)

func TestARestartDisturbsNothing(t *testing.T) {
	w, front := shop(t, says("one"), says("two"))
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	before := front.applied()
	traffic := load(front, 4)
	traffic.more(100)
	w.end()
	traffic.more(100) // nobody to ask: Envoy goes on with what it has
	w.start(w.address)
	w.declare(func(*topology.Environment) {}) // before it listens
	w.configured()
	traffic.more(100)
	traffic.stop()
	if after := front.applied(); len(before) < 5 || !slices.Equal(after, before) {
		t.Errorf("the configuration was applied anew at %q, it was at %q", after, before)
	}
	w.until("the route is acknowledged again", func() bool { return w.seen("shop").Acknowledged == w.env.Services[0].Route.Generation })
}

// TestAChangeMadeWhileTheControlPlaneWasAway: proxies come back holding a deployment that is no longer known.
func TestAChangeMadeWhileTheControlPlaneWasAwayFailsNothing(t *testing.T) {
	w, front := shop(t, says("one"), says("two"))
	w.shiftAndWait("shop", delivery.Split(1, 2, 50), 1, 1, 2)
	traffic := load(front, 4)
	w.end()
	traffic.more(50)
	w.start(w.address)
	w.shiftAndWait("shop", delivery.All(1), 1, 1)
	w.configured()
	traffic.more(100)
	traffic.stop()
}

func TestAProxyThatStartsAnewIsWaitedFor(t *testing.T) {
	w, front := shop(t, says("one"), says("two"))
	front.envoy.kill()
	w.until("the proxy is seen to be away", func() bool { return !w.server.Observe("demo").Tasks[front.id].Connected })
	g := w.shift("shop", delivery.All(2), 2, 1, 2)
	w.until("only the missing one is waited for", func() bool {
		seen := w.seen("shop")
		return seen.Acknowledged < g && len(seen.Waiting) == 1 && seen.Waiting[0] == front.id
	})
	front.start()
	w.until("the route is acknowledged", func() bool { return w.seen("shop").Acknowledged == g })
	if status, body, err := front.ask(http.MethodGet, shopURL); err != nil || body != "two" {
		t.Errorf("%d %q %v", status, body, err)
	}
	front.envoy.kill()
	front.envoy = nil
	g = w.shift("shop", delivery.All(1), 1, 1, 2)
	w.declare(func(env *topology.Environment) { env.Tasks[0].ProxyAlive = false }) // confirmed gone
	w.until("the route is acknowledged without it", func() bool { return w.seen("shop").Acknowledged == g })
}

func TestARefusedConfigurationIsReportedAndMended(t *testing.T) {
	w, front := shop(t, says("one"), says("two"))
	w.declare(func(env *topology.Environment) { // two services with one virtual IP and port: Envoy refuses the listener
		twin := env.Services[0]
		twin.ID = serviceID("twin")
		twin.Route.Service = twin.ID
		env.Services = append(env.Services, twin)
	})
	w.until("the refusal is reported", func() bool {
		seen := w.seen("twin")
		return len(seen.Rejected) > 0 && seen.Acknowledged == 0
	})
	if status, body, err := front.ask(http.MethodGet, shopURL); err != nil || body != "one" {
		t.Errorf("%d %q %v", status, body, err)
	}
	w.declare(func(env *topology.Environment) { env.Services = env.Services[:1] })
	w.configured()
	w.until("the refusal is lifted", func() bool { return len(w.seen("shop").Rejected) == 0 })
}

func TestStrangersAreRefused(t *testing.T) {
	w := newWorld(t)
	w.service("shop", delivery.HTTP, 1)
	id, gone := taskID("shop", 1, 0), taskID("shop", 9, 0)
	w.env.Tasks = []topology.Task{{ID: id, ProxyAlive: true, Port: appPort, Protocol: delivery.HTTP}}
	w.declare(func(*topology.Environment) {})
	conn, err := grpc.NewClient("passthrough:///"+w.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(w.network.hub.dialAddress))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for name, c := range map[string]struct {
		token string
		node  string
		want  codes.Code
	}{
		"no token":                  {"", id.String(), codes.Unauthenticated},
		"wrong token":               {"Bearer s1.x.y", id.String(), codes.Unauthenticated},
		"not a bearer":              {tokens.Token(id), id.String(), codes.Unauthenticated},
		"another's name":            {"Bearer " + tokens.Token(id), gone.String(), codes.PermissionDenied},
		"unknown task":              {"Bearer " + tokens.Token(gone), gone.String(), codes.Unavailable},
		"undeclared environment":    {"Bearer " + tokens.Token(delivery.GatewayTask("other")), delivery.GatewayTask("other").String(), codes.Unavailable},
		"the right token and name ": {"Bearer " + tokens.Token(id), id.String(), codes.OK},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if c.token != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", c.token)
			}
			node := &corev3.Node{Id: c.node}

			discovery, err := discoveryv3.NewAggregatedDiscoveryServiceClient(conn).DeltaAggregatedResources(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = discovery.Send(&discoveryv3.DeltaDiscoveryRequest{Node: node, TypeUrl: mesh.Clusters.TypeURL()})
			if _, err := discovery.Recv(); status.Code(err) != c.want {
				t.Errorf("discovery ended with %v, want %s", err, c.want)
			}
			agent, err := agentpb.NewAgentClient(conn).Attach(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = agent.Send(&agentpb.Report{Hello: &agentpb.Hello{Task: c.node, Epoch: 1}})
			if _, err := agent.Recv(); status.Code(err) != c.want {
				t.Errorf("the agent's stream ended with %v, want %s", err, c.want)
			}
			if c.want == codes.OK {
				return // the metrics service answers nothing
			}
			metrics, err := metricsv3.NewMetricsServiceClient(conn).StreamMetrics(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = metrics.Send(&metricsv3.StreamMetricsMessage{Identifier: &metricsv3.StreamMetricsMessage_Identifier{Node: node}})
			if err := metrics.RecvMsg(&metricsv3.StreamMetricsResponse{}); status.Code(err) != c.want {
				t.Errorf("metrics ended with %v, want %s", err, c.want)
			}
		})
	}
}

// applied is when Envoy took each listener, cluster and route it has, ascending.
func (x *task) applied() []string {
	x.world.Helper()
	resp, err := x.http.Get("http://127.0.0.1:15000/config_dump")
	if err != nil {
		x.world.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		x.world.Fatal(err)
	}
	times := regexp.MustCompile(`"last_updated": "[^"]*"`).FindAllString(string(body), -1)
	slices.Sort(times)
	return times
}
