package proxy

import (
	"context"
	"strings"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/original_dst/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/service/metrics/v3"
	resourcev3 "github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

const (
	appCluster = `{"name": "app", "type": "STATIC", "connect_timeout": "1s", "load_assignment": {"cluster_name": "app",
		"endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}}}]}]}}`
	ingressListener = `{"name": "ingress", "address": {"socket_address": {"address": "0.0.0.0", "port_value": 15006}},
		"filter_chains": [{"filters": [{"name": "hcm", "typed_config": {
			"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
			"stat_prefix": "ingress",
			"route_config": {"virtual_hosts": [{"name": "app", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "app"}}]}]},
			"http_filters": [{"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]}}]}]}`
	egressListener = `{"name": "egress", "address": {"socket_address": {"address": "127.0.0.1", "port_value": 15001}},
		"listener_filters": [{"name": "original_dst", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst"}}],
		"filter_chains": [{"filter_chain_match": {"prefix_ranges": [{"address_prefix": "240.240.0.3", "prefix_len": 32}], "destination_port": 80},
			"filters": [{"name": "tcp", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
				"stat_prefix": "demo/self", "cluster": "app"}}]}]}`
)

// meshServer is Envoy's half of a control plane: one task's listeners and cluster, and an ear for its metrics.
type meshServer struct {
	discoveryv3.UnimplementedAggregatedDiscoveryServiceServer
	metricsv3.UnimplementedMetricsServiceServer
	resources map[string][]*discoveryv3.Resource // by type URL
	nodes     chan *corev3.Node
	bearers   chan string // authorization of each stream
	metrics   chan map[string]float64
}

func newMeshServer(t *testing.T) *meshServer {
	return &meshServer{
		resources: map[string][]*discoveryv3.Resource{
			resourcev3.ClusterType: {fromJSON(t, "app", appCluster, &clusterv3.Cluster{})},
			resourcev3.ListenerType: {
				fromJSON(t, "ingress", ingressListener, &listenerv3.Listener{}),
				fromJSON(t, "egress", egressListener, &listenerv3.Listener{}),
			},
		},
		nodes:   make(chan *corev3.Node, 1000),
		bearers: make(chan string, 1000),
		metrics: make(chan map[string]float64, 1000),
	}
}

func (m *meshServer) register(server *grpc.Server) {
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(server, m)
	metricsv3.RegisterMetricsServiceServer(server, m)
}

// DeltaAggregatedResources answers each type's first request with all there is of it, and takes every ACK.
func (m *meshServer) DeltaAggregatedResources(stream discoveryv3.AggregatedDiscoveryService_DeltaAggregatedResourcesServer) error {
	m.bearers <- bearer(stream.Context())
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if request.GetNode() != nil {
			m.nodes <- request.GetNode()
		}
		if request.GetErrorDetail() != nil {
			return status.Errorf(codes.Internal, "Envoy refused %s: %s", request.GetTypeUrl(), request.GetErrorDetail().GetMessage())
		}
		if request.GetResponseNonce() != "" {
			continue
		}
		if err := stream.Send(&discoveryv3.DeltaDiscoveryResponse{
			TypeUrl: request.GetTypeUrl(), Resources: m.resources[request.GetTypeUrl()], Nonce: "1",
		}); err != nil {
			return err
		}
	}
}

// StreamMetrics tells the stats of each message.
func (m *meshServer) StreamMetrics(stream metricsv3.MetricsService_StreamMetricsServer) error {
	m.bearers <- bearer(stream.Context())
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		stats := make(map[string]float64)
		for _, family := range message.GetEnvoyMetrics() {
			for _, metric := range family.GetMetric() {
				stats[family.GetName()] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
		m.metrics <- stats
	}
}

func bearer(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	return strings.Join(md.Get("authorization"), ",")
}

func fromJSON(t *testing.T, name, text string, message proto.Message) *discoveryv3.Resource {
	t.Helper()
	if err := protojson.Unmarshal([]byte(text), message); err != nil {
		t.Fatal(err)
	}
	packed, err := anypb.New(message)
	if err != nil {
		t.Fatal(err)
	}
	return &discoveryv3.Resource{Name: name, Version: "1", Resource: packed}
}
