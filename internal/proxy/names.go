package proxy

import (
	"net/netip"
	"regexp"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/topology"
)

var hostname = regexp.MustCompile(`^[a-zA-Z0-9_]([-a-zA-Z0-9_.]{0,251}[a-zA-Z0-9_])?$`)

// namesOf reads an instruction's hosts table. What does not belong into a hosts file is left out and told as an
// error: the other names still hold.
func namesOf(table []*agentpb.Name) (names []Name, err error) {
	network := netip.MustParsePrefix(topology.VirtualNet)
	for _, n := range table {
		address, aerr := netip.ParseAddr(n.GetAddress())
		if aerr != nil || !network.Contains(address) || !hostname.MatchString(n.GetName()) {
			err = delivery.Errorf(delivery.Invalid, "the control plane named %q as %q: left out, since a name is a DNS name and its address within %s", n.GetAddress(), n.GetName(), topology.VirtualNet)
			continue
		}
		names = append(names, Name{n.GetName(), address})
	}
	return names, err
}
