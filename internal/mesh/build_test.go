package mesh

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

// demo is an environment with one service of each protocol, a canary, a mentioned backend and a gateway.
func demo() topology.Environment {
	service := func(n byte, name string, p delivery.Protocol) topology.Service {
		id := delivery.ServiceID{Environment: "demo", Name: name}
		return topology.Service{
			ID: id, Namespace: "demo.local", VIP: netip.AddrFrom4([4]byte{240, 240, 0, n}), Port: 8000 + int(n), Protocol: p,
			Retries: delivery.RetryIdempotent,
			Route:   delivery.Route{Service: id, Generation: 3, Weights: delivery.All(1), Stable: 1, Known: []int{1}},
		}
	}
	task := func(name string, number int, address byte, p delivery.Protocol) topology.Task {
		return topology.Task{
			ID: delivery.TaskID{Deployment: delivery.DeploymentID{
				Service: delivery.ServiceID{Environment: "demo", Name: name}, Number: number,
			}},
			Address: netip.AddrFrom4([4]byte{10, 0, 0, address}), ProxyAlive: true, Port: 9000, Protocol: p,
		}
	}
	shop, rpc, db := service(1, "shop", delivery.HTTP), service(2, "rpc", delivery.GRPC), service(3, "db", delivery.TCP)
	shop.Exposed, shop.Hosts = true, []string{"shop.example", "*.shop.example"}
	shop.Route.Weights, shop.Route.Known = delivery.Split(1, 2, 10), []int{1, 2}
	db.Route.Weights, db.Route.Known = delivery.Split(1, 2, 10), []int{1, 2}
	down := service(4, "down", delivery.HTTP)
	down.Exposed, down.Path, down.Route = true, "/down", delivery.Route{Service: down.ID}
	mentioned := service(5, "mentioned", "")
	mentioned.Port, mentioned.Route = 0, delivery.Route{Service: mentioned.ID}
	front := task("front", 1, 1, delivery.HTTP)
	limited := task("limited", 1, 2, delivery.TCP)
	limited.BackendsDeclared, limited.Backends = true, []string{"shop", "mentioned"}
	return topology.Environment{
		Name: "demo", Generation: 3,
		Services: []topology.Service{shop, rpc, db, down, mentioned},
		Tasks: []topology.Task{
			front, limited,
			task("shop", 1, 3, delivery.HTTP), task("shop", 2, 4, delivery.HTTP),
			task("rpc", 1, 5, delivery.GRPC), task("db", 1, 6, delivery.TCP), task("db", 2, 7, delivery.TCP),
			{ID: delivery.GatewayTask("demo"), Address: netip.AddrFrom4([4]byte{10, 0, 0, 8}), ProxyAlive: true},
		},
	}
}

func everybody(delivery.TaskID) bool { return true }

func newest(delivery.TaskID) Template { return Newest }

// TestResourcesAreAsBefore keeps older proxies undisturbed by a newer control plane: a changed listener or cluster
// closes connections. If a change of the newest is meant, run the test with -update; what proxies of an older template
// hold must never change.
func TestResourcesAreAsBefore(t *testing.T) {
	env := demo()
	shown := []delivery.TaskID{env.Tasks[0].ID, env.Tasks[1].ID, env.Tasks[4].ID, env.Tasks[7].ID} // each kind of resource once
	for template := countsOutcomes; template <= Newest; template++ {
		configs := NewBuilder().Build(env, everybody, func(delivery.TaskID) Template { return template })
		for _, task := range shown {
			file := filepath.Join("testdata", fmt.Sprint(template), strings.ReplaceAll(task.String(), "/", "_")+".json")
			got := render(t, configs[task])
			if *update && template == Newest {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("%s differs; if that is meant, run go test -update", file)
			}
		}
	}
}

// render writes a configuration as JSON, one form for one content.
func render(t *testing.T, c Config) []byte {
	t.Helper()
	all := map[string]map[string]any{}
	for _, k := range Kinds() {
		all[k.String()] = map[string]any{}
		for name, r := range c.Resources[k] {
			text, err := protojson.Marshal(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			all[k.String()][name] = map[string]any{"version": r.Version, "needs": r.Needs, "body": v}
		}
	}
	out, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// TestEnvoyTakesEveryConfiguration validates each proxy's whole configuration with Envoy, as if it were static.
func TestEnvoyTakesEveryConfiguration(t *testing.T) {
	envoy := os.Getenv("SERIN_ENVOY")
	if envoy == "" {
		envoy, _ = filepath.Abs("../../.cache/envoy/1.40.0/envoy")
	}
	if _, err := os.Stat(envoy); err != nil {
		t.Fatalf("no Envoy at %s: run make setup, or set SERIN_ENVOY", envoy)
	}
	for _, retries := range []delivery.Retries{delivery.RetryIdempotent, delivery.RetryConnect, delivery.RetryAll, delivery.RetryNone} {
		env := demo()
		for i := range env.Services {
			env.Services[i].Retries = retries
		}
		for task, config := range NewBuilder().Build(env, everybody, newest) {
			if retries != delivery.RetryIdempotent && task != env.Tasks[0].ID {
				continue
			}
			t.Run(string(retries)+"/"+task.Deployment.Service.Name+"-"+task.Deployment.String(), func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "envoy.json")
				text, err := protojson.Marshal(static(t, config))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command(envoy, "--mode", "validate", "-c", file, "-l", "error").CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
	}
}

// static writes a configuration as a bootstrap that needs no control plane: endpoints and routes inline.
func static(t *testing.T, c Config) *bootstrapv3.Bootstrap {
	t.Helper()
	s := &bootstrapv3.Bootstrap_StaticResources{}
	for _, r := range c.Resources[Clusters] {
		cluster := &clusterv3.Cluster{}
		unpack(t, r.Body, cluster)
		if e, ok := c.Resources[Endpoints][endpointsOf(r.Name)]; ok {
			cluster.LoadAssignment = &endpointv3.ClusterLoadAssignment{}
			unpack(t, e.Body, cluster.LoadAssignment)
			cluster.ClusterDiscoveryType, cluster.EdsClusterConfig = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC}, nil
		} else if cluster.GetType() == clusterv3.Cluster_EDS {
			t.Errorf("cluster %s has no endpoints", r.Name)
		}
		s.Clusters = append(s.Clusters, cluster)
	}
	for _, r := range c.Resources[Listeners] {
		l := &listenerv3.Listener{}
		unpack(t, r.Body, l)
		for _, chain := range l.FilterChains {
			inlineRoutes(t, c, chain.Filters[0])
		}
		s.Listeners = append(s.Listeners, l)
	}
	return &bootstrapv3.Bootstrap{Node: &corev3.Node{Id: "test", Cluster: "test"}, StaticResources: s}
}

func inlineRoutes(t *testing.T, c Config, f *listenerv3.Filter) {
	t.Helper()
	m := &hcmv3.HttpConnectionManager{}
	if f.GetTypedConfig().UnmarshalTo(m) != nil || m.GetRds() == nil {
		return
	}
	r, ok := c.Resources[Routes][m.GetRds().GetRouteConfigName()]
	if !ok {
		t.Fatalf("no route %s", m.GetRds().GetRouteConfigName())
	}
	routes := &routev3.RouteConfiguration{}
	unpack(t, r.Body, routes)
	m.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: routes}
	f.ConfigType = &listenerv3.Filter_TypedConfig{TypedConfig: pack(m)}
}

func unpack(t *testing.T, body *anypb.Any, into proto.Message) {
	t.Helper()
	if err := body.UnmarshalTo(into); err != nil {
		t.Fatal(err)
	}
}

func TestAProxyHoldsWhatItsTaskCallsAndNothingElse(t *testing.T) {
	env := demo()
	configs := NewBuilder().Build(env, everybody, newest)
	for name, c := range map[string]struct {
		task delivery.TaskID
		want [kinds][]string
	}{
		"no backends declared": {env.Tasks[0].ID, [kinds][]string{
			{"app", "demo/db", "demo/rpc/1", "demo/rpc/1/fallback", "demo/shop/1", "demo/shop/1/fallback", "demo/shop/2", "demo/shop/2/fallback"},
			{"demo/db", "demo/rpc/1", "demo/shop/1", "demo/shop/2"},
			{"egress", "ingress"},
			{"demo/down", "demo/rpc", "demo/shop"},
		}},
		"backends declared": {env.Tasks[1].ID, [kinds][]string{
			{"app", "demo/shop/1", "demo/shop/1/fallback", "demo/shop/2", "demo/shop/2/fallback"},
			{"demo/shop/1", "demo/shop/2"},
			{"egress", "ingress"},
			{"demo/shop"},
		}},
		"gateway": {delivery.GatewayTask("demo"), [kinds][]string{
			{"demo/shop/1", "demo/shop/1/fallback", "demo/shop/2", "demo/shop/2/fallback"},
			{"demo/shop/1", "demo/shop/2"},
			{"gateway"},
			{"demo/gateway"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, k := range Kinds() {
				var got []string
				for name := range configs[c.task].Resources[k] {
					got = append(got, name)
				}
				slices.Sort(got)
				if !slices.Equal(got, c.want[k]) {
					t.Errorf("%s: %v, want %v", k, got, c.want[k])
				}
			}
		})
	}
}

func TestAChangeChangesOnlyWhatItMust(t *testing.T) {
	b := NewBuilder()
	before := b.Build(demo(), everybody, newest)
	changes := func(change func(*topology.Environment), healthy func(delivery.TaskID) bool) []string {
		env := demo()
		change(&env)
		var names []string
		for task, c := range b.Build(env, healthy, newest) {
			for _, k := range Kinds() {
				for name, r := range c.Resources[k] {
					if before[task].Resources[k][name].Version != r.Version {
						names = append(names, k.String()+" "+name)
					}
				}
			}
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	front := demo().Tasks[0].ID
	for name, c := range map[string]struct {
		change  func(*topology.Environment)
		healthy func(delivery.TaskID) bool
		want    []string
	}{
		"nothing":               {func(*topology.Environment) {}, everybody, nil},
		"a new generation":      {func(e *topology.Environment) { e.Services[0].Route.Generation++ }, everybody, nil},
		"HTTP weights":          {func(e *topology.Environment) { e.Services[0].Route.Weights = delivery.Split(1, 2, 20) }, everybody, []string{"routes demo/gateway", "routes demo/shop"}},
		"TCP weights":           {func(e *topology.Environment) { e.Services[2].Route.Weights = delivery.Split(1, 2, 20) }, everybody, []string{"endpoints demo/db"}},
		"the canary's ill":      {func(*topology.Environment) {}, func(t delivery.TaskID) bool { return t.String() != "demo/shop/2/0" }, []string{"endpoints demo/shop/2"}},
		"a caller is ill":       {func(*topology.Environment) {}, func(t delivery.TaskID) bool { return t != front }, nil},
		"a canary's proxy dies": {func(e *topology.Environment) { e.Tasks[3].ProxyAlive = false }, everybody, []string{"endpoints demo/shop/2"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := changes(c.change, c.healthy); !slices.Equal(got, c.want) {
				t.Errorf("changed %v, want %v", got, c.want)
			}
		})
	}
}

func TestAnotherBuilderMakesTheSameVersions(t *testing.T) {
	a, b := NewBuilder().Build(demo(), everybody, newest), NewBuilder().Build(demo(), everybody, newest)
	for task := range a {
		if string(render(t, a[task])) != string(render(t, b[task])) {
			t.Errorf("%s differs", task)
		}
	}
}
