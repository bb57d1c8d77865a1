// Package topology is what the mesh of one environment is told ([Environment]) and what it saw ([Observed]).
//
//	rollout ──Environment──▶ mesh ──resources──▶ proxies ──ACK, health──▶ mesh ──Observed──▶ rollout
//
// It is a leaf. It also fixes the ports every task's network namespace has in common.
package topology

// Ports inside every task's network namespace. An app must not listen on them.
const (
	AdminPort   = 15000 // Envoy's admin interface, loopback only
	EgressPort  = 15001 // where calls to virtual services are redirected to, loopback only
	MeshPort    = 15006 // where other proxies reach this task's app: the only port open to them
	GatewayPort = 15080 // where a gateway's users arrive
)

// VirtualNet is where virtual IPs are allotted from; calls to it are redirected to EgressPort.
const VirtualNet = "240.240.0.0/16"
