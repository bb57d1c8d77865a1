package topology_test

import (
	"net/netip"
	"testing"

	"serin.dev/serin/internal/topology"
)

func TestPortsOfATaskDiffer(t *testing.T) {
	seen := map[int]bool{}
	for _, port := range []int{topology.AdminPort, topology.EgressPort, topology.MeshPort, topology.GatewayPort} {
		if seen[port] || port < 1024 {
			t.Errorf("port %d is taken twice, or needs a capability", port)
		}
		seen[port] = true
	}
}

// The range must be of class E (RFC 1112): nobody else's address is in it.
func TestVirtualAddressesAreNobodyElses(t *testing.T) {
	reserved := netip.MustParsePrefix("240.0.0.0/4")
	virtual, err := netip.ParsePrefix(topology.VirtualNet)
	if err != nil || !reserved.Contains(virtual.Addr()) || virtual.Bits() < reserved.Bits() {
		t.Errorf("%s (%v) is not within %s", topology.VirtualNet, err, reserved)
	}
}
