package mesh

import (
	"slices"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	prioritygroupv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/router/cluster_specifiers/priority_group/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// How long a call may go without a byte in either direction. There is no limit on a whole request: a slow one that
// makes progress is good, and a route's timeout would not be retried.
const (
	requestIdle = time.Minute
	streamIdle  = time.Hour // upgraded connections, HTTP/2 and gRPC streams
)

// idempotent are the methods RFC 9110, section 9.2.2, calls so.
const idempotent = "GET|HEAD|OPTIONS|TRACE|PUT|DELETE"

// serviceRoutes is what callers of an HTTP service do.
func serviceRoutes(s topology.Service) Resource {
	return newResource(ServiceName(s.ID), &routev3.RouteConfiguration{
		Name: ServiceName(s.ID),
		VirtualHosts: []*routev3.VirtualHost{{
			Name:    ServiceName(s.ID),
			Domains: []string{"*"},
			Routes:  routesTo(s, anyPath),
		}},
	}, clustersOf(s.Route)...)
}

// clustersOf names the clusters a route sends requests to.
func clustersOf(r delivery.Route) []string {
	var names []string
	for _, w := range r.Weights {
		names = append(names, ClusterName(delivery.DeploymentID{Service: r.Service, Number: w.Deployment}))
	}
	if d, ok := fallbackOf(r); ok {
		names = append(names, FallbackName(d))
	}
	return names
}

// fallbackOf is the deployment that answers what another failed to: stable, or the one with the most weight when
// there is no stable among those callers hold.
func fallbackOf(r delivery.Route) (delivery.DeploymentID, bool) {
	if len(r.Weights) == 0 {
		return delivery.DeploymentID{}, false
	}
	n := r.Stable
	if !slices.Contains(held(r), n) {
		best := 0
		for _, w := range r.Weights {
			if w.BasisPoints > best {
				n, best = w.Deployment, w.BasisPoints
			}
		}
	}
	return delivery.DeploymentID{Service: r.Service, Number: n}, true
}

// routesTo are the routes to a service for the paths that match: upgrades, idempotent methods and the rest, which
// differ in how long they may idle and in what is retried.
func routesTo(s topology.Service, path func() *routev3.RouteMatch) []*routev3.Route {
	if len(s.Route.Weights) == 0 {
		return []*routev3.Route{answer(path(), 503, "Service "+s.ID.Name+" has no deployment that serves: deploy one, or see why the last one failed.\n")}
	}
	idle := requestIdle
	if s.Protocol != delivery.HTTP {
		idle = streamIdle
	}
	upgrade := path()
	upgrade.Headers = []*routev3.HeaderMatcher{{
		Name:                 "upgrade",
		HeaderMatchSpecifier: &routev3.HeaderMatcher_PresentMatch{PresentMatch: true},
	}}
	safe := path()
	safe.Headers = []*routev3.HeaderMatcher{{
		Name: ":method",
		HeaderMatchSpecifier: &routev3.HeaderMatcher_StringMatch{StringMatch: &matcherv3.StringMatcher{
			MatchPattern: &matcherv3.StringMatcher_SafeRegex{SafeRegex: &matcherv3.RegexMatcher{Regex: idempotent}},
		}},
	}}
	return []*routev3.Route{
		forward(s, upgrade, streamIdle, retryPolicy(s.Retries, false)),
		forward(s, safe, idle, retryPolicy(s.Retries, true)),
		forward(s, path(), idle, retryPolicy(s.Retries, false)),
	}
}

func anyPath() *routev3.RouteMatch {
	return &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}}
}

func forward(s topology.Service, match *routev3.RouteMatch, idle time.Duration, retry *routev3.RetryPolicy) *routev3.Route {
	return &routev3.Route{
		Match: match,
		Action: &routev3.Route_Route{Route: &routev3.RouteAction{
			ClusterSpecifier: &routev3.RouteAction_InlineClusterSpecifierPlugin{
				InlineClusterSpecifierPlugin: &routev3.ClusterSpecifierPlugin{
					Extension: &corev3.TypedExtensionConfig{Name: "weights", TypedConfig: pack(split(s.Route))},
				},
			},
			Timeout:     durationpb.New(0),
			IdleTimeout: durationpb.New(idle),
			RetryPolicy: retry,
		}},
		ResponseHeadersToRemove: []string{unreachedHeader},
	}
}

// split shares first attempts by weight; later attempts go to the fallback. Its shape does not depend on how many
// deployments there are.
func split(r delivery.Route) *prioritygroupv3.PriorityGroupClusterSpecifier {
	first := &prioritygroupv3.PriorityGroup{Name: "weights"}
	then := &prioritygroupv3.PriorityGroup{Name: "fallback"}
	for _, w := range r.Weights {
		d := delivery.DeploymentID{Service: r.Service, Number: w.Deployment}
		first.Clusters = append(first.Clusters, clusterWeight(ClusterName(d), w.BasisPoints))
	}
	if d, ok := fallbackOf(r); ok {
		then.Clusters = append(then.Clusters, clusterWeight(FallbackName(d), 1))
	}
	return &prioritygroupv3.PriorityGroupClusterSpecifier{
		PriorityGroups: []*prioritygroupv3.PriorityGroup{first, then},
	}
}

func clusterWeight(cluster string, weight int) *prioritygroupv3.ClusterWeight {
	return &prioritygroupv3.ClusterWeight{ClusterName: cluster, Weight: wrapperspb.UInt32(uint32(weight))}
}

func answer(match *routev3.RouteMatch, status uint32, sentence string) *routev3.Route {
	return &routev3.Route{
		Match: match,
		Action: &routev3.Route_DirectResponse{DirectResponse: &routev3.DirectResponseAction{
			Status: status,
			Body:   &corev3.DataSource{Specifier: &corev3.DataSource_InlineString{InlineString: sentence}},
		}},
	}
}
