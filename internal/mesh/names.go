package mesh

import (
	"strings"

	"serin.dev/serin/internal/delivery"
)

// Names of the resources that are not a service's.
const (
	EgressListener  = "egress"  // where a task's own calls arrive
	IngressListener = "ingress" // where other proxies' calls to a task arrive
	GatewayListener = "gateway" // where an environment's users arrive
	AppCluster      = "app"     // a task's own app
)

const fallbackSuffix = "/fallback"

// ClusterName is the cluster of an HTTP deployment, and what its endpoints are called.
func ClusterName(d delivery.DeploymentID) string { return d.String() }

// FallbackName is the second cluster of an HTTP deployment: the same endpoints, for attempts that failed elsewhere.
func FallbackName(d delivery.DeploymentID) string { return d.String() + fallbackSuffix }

// ServiceName is a service's route configuration, its filter chain and, for TCP, its cluster and endpoints.
func ServiceName(s delivery.ServiceID) string { return s.String() }

// GatewayRoutes is the route configuration of an environment's gateway. No service may be called gateway.
func GatewayRoutes(environment string) string { return environment + "/" + delivery.GatewayName }

// ParseCluster tells which deployment a cluster belongs to and whether it is its fallback.
func ParseCluster(name string) (d delivery.DeploymentID, fallback, ok bool) {
	name, fallback = strings.CutSuffix(name, fallbackSuffix)
	d, err := delivery.ParseDeploymentID(name)
	return d, fallback, err == nil
}

// endpointsOf names the endpoints a cluster uses.
func endpointsOf(cluster string) string { return strings.TrimSuffix(cluster, fallbackSuffix) }

// belongsTo tells whether a resource is the service's own.
func belongsTo(resource string, s delivery.ServiceID) bool {
	name := ServiceName(s)
	return resource == name || strings.HasPrefix(resource, name+"/")
}
