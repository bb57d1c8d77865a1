package mesh

import (
	"cmp"
	"slices"
	"strings"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// published tells whether the gateway routes to a service: it speaks HTTP only.
func published(s topology.Service) bool {
	return s.Exposed && s.Port > 0 && s.Protocol != delivery.TCP
}

// gatewayRoutes routes an environment's users by host, then by path, the longer first; where two services claim the
// same, the one created first has it. A service without hosts is reached by every host.
func gatewayRoutes(environment string, services []topology.Service) Resource {
	config := &routev3.RouteConfiguration{
		Name:                     GatewayRoutes(environment),
		IgnorePortInHostMatching: true,
	}
	var needs []string
	var hosts []string
	for _, s := range services {
		needs = append(needs, clustersOf(s.Route)...)
		for _, h := range s.Hosts {
			if h = strings.ToLower(h); h != "*" && !slices.Contains(hosts, h) {
				hosts = append(hosts, h)
			}
		}
	}
	slices.Sort(hosts)
	for _, h := range append(hosts, "*") {
		config.VirtualHosts = append(config.VirtualHosts, gatewayHost(h, services))
	}
	return newResource(config.Name, config, needs...)
}

func gatewayHost(host string, services []topology.Service) *routev3.VirtualHost {
	var claims []topology.Service
	for _, s := range services {
		if claimsHost(s, host) || anyHost(s) {
			claims = append(claims, s)
		}
	}
	slices.SortStableFunc(claims, func(a, b topology.Service) int {
		if named := cmp.Compare(rank(a, host), rank(b, host)); named != 0 {
			return named
		}
		return cmp.Compare(len(cleanPath(b.Path)), len(cleanPath(a.Path)))
	})
	v := &routev3.VirtualHost{Name: host, Domains: []string{host}}
	for _, s := range claims {
		v.Routes = append(v.Routes, routesTo(s, func() *routev3.RouteMatch { return under(s.Path) })...)
	}
	v.Routes = append(v.Routes, answer(anyPath(), 404, "No exposed service has this host and path: set them with the service's exposure, or see which are exposed in the console.\n"))
	return v
}

// rank puts services that name the host before those reached by every host.
func rank(s topology.Service, host string) int {
	if claimsHost(s, host) {
		return 0
	}
	return 1
}

func claimsHost(s topology.Service, host string) bool {
	return slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

func anyHost(s topology.Service) bool { return len(s.Hosts) == 0 || slices.Contains(s.Hosts, "*") }

func cleanPath(path string) string { return "/" + strings.Trim(path, "/") }

// under matches a path and what is below it: "/api" and "/api/x", not "/apix".
func under(path string) *routev3.RouteMatch {
	path = cleanPath(path)
	if path == "/" {
		return anyPath()
	}
	return &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_PathSeparatedPrefix{PathSeparatedPrefix: path}, CaseSensitive: wrapperspb.Bool(true)}
}
