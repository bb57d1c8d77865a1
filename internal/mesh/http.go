package mesh

import (
	"time"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
)

// egressHTTP handles a task's calls to one service. It never changes while the service keeps its protocol: a
// changed filter chain closes the connections on it, so whatever varies is in the route.
func egressHTTP(s delivery.ServiceID, p delivery.Protocol, t Template) *hcmv3.HttpConnectionManager {
	m := transparent(ServiceName(s), s.Name, count(attemptsStat, attemptTags(p, t)...))
	m.RouteSpecifier = routesByName(ServiceName(s))
	m.AccessLog = []*accesslogv3.AccessLog{countIf(givenUp, timeoutsStat, clusterTag)}
	return m
}

// gatewayHTTP handles an environment's users. Unlike a task's proxy it says in X-Forwarded-For whom it saw.
func gatewayHTTP(environment string, t Template) *hcmv3.HttpConnectionManager {
	m := transparent(GatewayListener, "gateway", count(attemptsStat, attemptTags(delivery.GRPC, t)...))
	m.RouteSpecifier = routesByName(GatewayRoutes(environment))
	m.AccessLog = []*accesslogv3.AccessLog{countIf(givenUp, timeoutsStat, clusterTag)}
	m.UseRemoteAddress = wrapperspb.Bool(true)
	m.SkipXffAppend = false
	return m
}

// ingressHTTP handles what others ask of a task's app. It retries nothing: each call has one proxy that does, the
// caller's. When it could not connect to the app it says so, and the caller's proxy may send the request elsewhere.
func ingressHTTP(p delivery.Protocol) *hcmv3.HttpConnectionManager {
	m := transparent(IngressListener, AppCluster, count(ingressStat, outcomeTags(p)...))
	m.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: &routev3.RouteConfiguration{
		Name: IngressListener,
		VirtualHosts: []*routev3.VirtualHost{{
			Name:    IngressListener,
			Domains: []string{"*"},
			Routes: []*routev3.Route{{
				Match: anyPath(),
				Action: &routev3.Route_Route{Route: &routev3.RouteAction{
					ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: AppCluster},
					Timeout:          durationpb.New(0),
					IdleTimeout:      durationpb.New(streamIdle + time.Minute), // the caller's proxy gives up first
				}},
			}},
		}},
	}}
	m.LocalReplyConfig = &hcmv3.LocalReplyConfig{Mappers: []*hcmv3.ResponseMapper{{
		Filter: flagged("UF"),
		HeadersToAdd: []*corev3.HeaderValueOption{{
			Header:       &corev3.HeaderValue{Key: unreachedHeader, Value: "1"},
			AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		}},
	}}}
	return m
}

// transparent is a connection manager that changes as little as it can of what passes: paths, forwarding headers
// and the server's name are the app's business. HTTP/1.0 callers, who may leave out the host, get defaultHost.
func transparent(statPrefix, defaultHost string, attempts *accesslogv3.AccessLog) *hcmv3.HttpConnectionManager {
	return &hcmv3.HttpConnectionManager{
		StatPrefix:                 statPrefix,
		CodecType:                  hcmv3.HttpConnectionManager_AUTO,
		ServerHeaderTransformation: hcmv3.HttpConnectionManager_PASS_THROUGH,
		UseRemoteAddress:           wrapperspb.Bool(false),
		SkipXffAppend:              true,
		PreserveExternalRequestId:  true,
		NormalizePath:              wrapperspb.Bool(false),
		StreamIdleTimeout:          durationpb.New(requestIdle), // until a route with its own is found
		HttpProtocolOptions:        &corev3.Http1ProtocolOptions{AcceptHttp_10: true, DefaultHostForHttp_10: defaultHost},
		UpgradeConfigs:             []*hcmv3.HttpConnectionManager_UpgradeConfig{{UpgradeType: "websocket"}},
		HttpFilters: []*hcmv3.HttpFilter{{
			Name: "envoy.filters.http.router",
			ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: pack(&routerv3.Router{
				SuppressEnvoyHeaders: true,
				UpstreamLog:          []*accesslogv3.AccessLog{attempts},
			})},
		}},
	}
}

func routesByName(name string) *hcmv3.HttpConnectionManager_Rds {
	return &hcmv3.HttpConnectionManager_Rds{Rds: &hcmv3.Rds{ConfigSource: ads(), RouteConfigName: name}}
}
