package mesh

import (
	"strconv"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// nobodyPort is a port of the caller's own loopback where nothing listens. A deployment without any task is
// given it as its endpoint: Envoy's refused connection is retried on the fallback, its "no healthy upstream" is not.
const nobodyPort = 1

// place is one task that can be sent traffic.
type place struct {
	Address string
	Healthy bool
}

// deploymentEndpoints are the tasks of one HTTP deployment.
func deploymentEndpoints(d delivery.DeploymentID, places []place) Resource {
	name := ClusterName(d)
	lb := lbEndpoints(d, places)
	if len(lb) == 0 {
		lb = []*endpointv3.LbEndpoint{endpoint("127.0.0.1", nobodyPort)}
	}
	return newResource(name, &endpointv3.ClusterLoadAssignment{
		ClusterName: name,
		Endpoints:   []*endpointv3.LocalityLbEndpoints{{LbEndpoints: lb}},
	})
}

// tcpEndpoints are the tasks of a TCP service: a locality for each deployment that has weight.
func tcpEndpoints(s delivery.ServiceID, w delivery.Weights, places map[int][]place) Resource {
	name := ServiceName(s)
	var localities []*endpointv3.LocalityLbEndpoints
	for _, share := range w {
		d := delivery.DeploymentID{Service: s, Number: share.Deployment}
		localities = append(localities, &endpointv3.LocalityLbEndpoints{
			Locality:            &corev3.Locality{Zone: strconv.Itoa(share.Deployment)},
			LoadBalancingWeight: wrapperspb.UInt32(uint32(share.BasisPoints)),
			LbEndpoints:         lbEndpoints(d, places[share.Deployment]),
		})
	}
	return newResource(name, &endpointv3.ClusterLoadAssignment{
		ClusterName: name,
		Endpoints:   localities,
		// A locality keeps its whole weight as long as one of its tasks is healthy; Envoy would shrink it.
		Policy: &endpointv3.ClusterLoadAssignment_Policy{OverprovisioningFactor: wrapperspb.UInt32(1_000_000)},
	})
}

// noEndpoints is what a cluster is given before it is removed, so that its idle connections close first.
func noEndpoints(name string) Resource {
	return newResource(name, &endpointv3.ClusterLoadAssignment{ClusterName: name})
}

func lbEndpoints(d delivery.DeploymentID, places []place) []*endpointv3.LbEndpoint {
	lb := make([]*endpointv3.LbEndpoint, 0, len(places))
	for _, p := range places {
		e := endpoint(p.Address, topology.MeshPort)
		e.HealthStatus = corev3.HealthStatus_UNHEALTHY
		if p.Healthy {
			e.HealthStatus = corev3.HealthStatus_HEALTHY
		}
		e.Metadata = &corev3.Metadata{FilterMetadata: map[string]*structpb.Struct{
			metadataSpace: {Fields: map[string]*structpb.Value{metadataDeployment: structpb.NewStringValue(d.String())}},
		}}
		lb = append(lb, e)
	}
	return lb
}

func endpoint(address string, port int) *endpointv3.LbEndpoint {
	return &endpointv3.LbEndpoint{HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: socket(address, port)}}}
}

func socket(address string, port int) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address:       address,
		PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: uint32(port)},
	}}}
}
