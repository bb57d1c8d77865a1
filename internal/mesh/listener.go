package mesh

import (
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	originaldstv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/original_dst/v3"
	tcpproxyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// connectTries is how often a TCP connection is tried, each time on a task picked anew.
const connectTries = 3

// egressListener takes a task's calls, redirected to it, and tells services apart by where they were meant for.
// It changes by whole filter chains only: any other change would drain every connection on it.
func egressListener(calls []topology.Service, t Template) Resource {
	l := &listenerv3.Listener{
		Name:             EgressListener,
		Address:          socket("127.0.0.1", topology.EgressPort),
		TrafficDirection: corev3.TrafficDirection_OUTBOUND,
		ListenerFilters: []*listenerv3.ListenerFilter{{
			Name:       "envoy.filters.listener.original_dst",
			ConfigType: &listenerv3.ListenerFilter_TypedConfig{TypedConfig: pack(&originaldstv3.OriginalDst{})},
		}},
	}
	var needs []string
	for _, s := range calls {
		l.FilterChains = append(l.FilterChains, &listenerv3.FilterChain{
			Name: ServiceName(s.ID),
			FilterChainMatch: &listenerv3.FilterChainMatch{
				PrefixRanges:    []*corev3.CidrRange{{AddressPrefix: s.VIP.String(), PrefixLen: wrapperspb.UInt32(32)}},
				DestinationPort: wrapperspb.UInt32(uint32(s.Port)),
			},
			Filters: []*listenerv3.Filter{egressFilter(s, t)},
		})
		if s.Protocol == delivery.TCP {
			needs = append(needs, ServiceName(s.ID))
		}
	}
	return newResource(EgressListener, l, needs...)
}

func egressFilter(s topology.Service, t Template) *listenerv3.Filter {
	if s.Protocol != delivery.TCP {
		return filter("envoy.filters.network.http_connection_manager", egressHTTP(s.ID, s.Protocol, t))
	}
	tries := uint32(connectTries)
	if s.Retries == delivery.RetryNone {
		tries = 1
	}
	p := tcpProxy(ServiceName(s.ID), ServiceName(s.ID), count(connectionsStat, deploymentTag, eventTag, flagsTag))
	p.MaxConnectAttempts = wrapperspb.UInt32(tries)
	p.AccessLogOptions = &tcpproxyv3.TcpProxy_TcpAccessLogOptions{FlushAccessLogOnConnected: true}
	return filter("envoy.filters.network.tcp_proxy", p)
}

// ingressListener is where other proxies reach a task's app.
func ingressListener(p delivery.Protocol) Resource {
	f := filter("envoy.filters.network.http_connection_manager", ingressHTTP(p))
	if p == delivery.TCP {
		f = filter("envoy.filters.network.tcp_proxy", tcpProxy(IngressListener, AppCluster, count(ingressTCPStat, flagsTag)))
	}
	return openListener(IngressListener, topology.MeshPort, f)
}

// gatewayListener is where an environment's users arrive.
func gatewayListener(environment string, t Template) Resource {
	return openListener(GatewayListener, topology.GatewayPort,
		filter("envoy.filters.network.http_connection_manager", gatewayHTTP(environment, t)))
}

func openListener(name string, port int, f *listenerv3.Filter) Resource {
	return newResource(name, &listenerv3.Listener{
		Name:             name,
		Address:          socket("0.0.0.0", port),
		TrafficDirection: corev3.TrafficDirection_INBOUND,
		FilterChains:     []*listenerv3.FilterChain{{Name: name, Filters: []*listenerv3.Filter{f}}},
	})
}

func tcpProxy(statPrefix, cluster string, log *accesslogv3.AccessLog) *tcpproxyv3.TcpProxy {
	return &tcpproxyv3.TcpProxy{
		StatPrefix:       statPrefix,
		ClusterSpecifier: &tcpproxyv3.TcpProxy_Cluster{Cluster: cluster},
		IdleTimeout:      durationpb.New(streamIdle),
		AccessLog:        []*accesslogv3.AccessLog{log},
	}
}

func filter(name string, config proto.Message) *listenerv3.Filter {
	return &listenerv3.Filter{Name: name, ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: pack(config)}}
}
