package mesh

import (
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
)

const (
	// connectTimeout is long enough for a host that is short of processors: a connection within one host is made or
	// refused at once, and only a task whose namespace is gone stays silent.
	connectTimeout = 5 * time.Second
	// plenty lifts Envoy's circuit breakers (1,024 of each): shedding load is the app's to decide.
	plenty = 1 << 20
	// appIdle closes connections to the app before apps that keep them a few seconds do: a request sent just as
	// the app closes would be lost.
	appIdle = time.Second
)

// deploymentClusters are the cluster of an HTTP deployment and its fallback. They depend on the
// protocol alone: a changed cluster would have to warm anew in every caller.
func deploymentClusters(d delivery.DeploymentID, p delivery.Protocol) []Resource {
	both := make([]Resource, 0, 2)
	for _, name := range []string{ClusterName(d), FallbackName(d)} {
		c := edsCluster(name)
		c.LbPolicy = clusterv3.Cluster_LEAST_REQUEST
		c.TypedExtensionProtocolOptions = httpOptions(p, 0)
		both = append(both, newResource(name, c))
	}
	return both
}

// tcpCluster is the one cluster of a TCP service: the weights are its localities', which Envoy honours exactly.
func tcpCluster(s delivery.ServiceID) Resource {
	c := edsCluster(ServiceName(s))
	c.LbPolicy = clusterv3.Cluster_ROUND_ROBIN
	c.CommonLbConfig.LocalityConfigSpecifier = &clusterv3.Cluster_CommonLbConfig_LocalityWeightedLbConfig_{
		LocalityWeightedLbConfig: &clusterv3.Cluster_CommonLbConfig_LocalityWeightedLbConfig{},
	}
	c.UpstreamConnectionOptions = &clusterv3.UpstreamConnectionOptions{
		TcpKeepalive: &corev3.TcpKeepalive{KeepaliveTime: wrapperspb.UInt32(60), KeepaliveInterval: wrapperspb.UInt32(10)},
	}
	return newResource(c.Name, c)
}

// appCluster is a task's own app.
func appCluster(port int, p delivery.Protocol) Resource {
	c := &clusterv3.Cluster{
		Name:                 AppCluster,
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC},
		ConnectTimeout:       durationpb.New(connectTimeout),
		CircuitBreakers:      breakers(),
		LoadAssignment: &endpointv3.ClusterLoadAssignment{
			ClusterName: AppCluster,
			Endpoints:   []*endpointv3.LocalityLbEndpoints{{LbEndpoints: []*endpointv3.LbEndpoint{endpoint("127.0.0.1", port)}}},
		},
	}
	if p != delivery.TCP {
		c.TypedExtensionProtocolOptions = httpOptions(p, appIdle)
	}
	return newResource(AppCluster, c)
}

func edsCluster(name string) *clusterv3.Cluster {
	eds := ads()
	// A cluster whose endpoints do not come goes on warming for this long. Routes wait for the endpoints anyway.
	eds.InitialFetchTimeout = durationpb.New(300 * time.Millisecond)
	return &clusterv3.Cluster{
		Name:                 name,
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_EDS},
		EdsClusterConfig:     &clusterv3.Cluster_EdsClusterConfig{EdsConfig: eds, ServiceName: endpointsOf(name)},
		ConnectTimeout:       durationpb.New(connectTimeout),
		CircuitBreakers:      breakers(),
		CommonLbConfig: &clusterv3.Cluster_CommonLbConfig{
			// When nobody is healthy all are tried: a refused connection is retried on the fallback, an answer
			// of Envoy's own that nobody is there is not.
			HealthyPanicThreshold: &typev3.Percent{Value: 1},
		},
	}
}

// breakers allow every request its retries: the budget that counts is that of the first attempt's cluster, and
// Envoy's default of three at a time fails requests that the fallback would have answered.
func breakers() *clusterv3.CircuitBreakers {
	return &clusterv3.CircuitBreakers{Thresholds: []*clusterv3.CircuitBreakers_Thresholds{{
		MaxConnections:     wrapperspb.UInt32(plenty),
		MaxPendingRequests: wrapperspb.UInt32(plenty),
		MaxRequests:        wrapperspb.UInt32(plenty),
		RetryBudget: &clusterv3.CircuitBreakers_Thresholds_RetryBudget{
			BudgetPercent:       &typev3.Percent{Value: 100},
			MinRetryConcurrency: wrapperspb.UInt32(100),
		},
	}}}
}

// httpOptions says how to speak to an upstream. Idle connections are closed after idle, Envoy's hour when it is 0.
func httpOptions(p delivery.Protocol, idle time.Duration) map[string]*anypb.Any {
	explicit := &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig{
		ProtocolConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_HttpProtocolOptions{
			HttpProtocolOptions: &corev3.Http1ProtocolOptions{},
		},
	}
	if p == delivery.HTTP2 || p == delivery.GRPC {
		explicit.ProtocolConfig = &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{
			Http2ProtocolOptions: &corev3.Http2ProtocolOptions{},
		}
	}
	options := &upstreamsv3.HttpProtocolOptions{
		UpstreamProtocolOptions: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_{ExplicitHttpConfig: explicit},
	}
	if idle > 0 {
		options.CommonHttpProtocolOptions = &corev3.HttpProtocolOptions{IdleTimeout: durationpb.New(idle)}
	}
	return map[string]*anypb.Any{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": pack(options)}
}

// ads says that a resource comes by the one stream everything comes by.
func ads() *corev3.ConfigSource {
	return &corev3.ConfigSource{
		ConfigSourceSpecifier: &corev3.ConfigSource_Ads{Ads: &corev3.AggregatedConfigSource{}},
		ResourceApiVersion:    corev3.ApiVersion_V3,
	}
}
