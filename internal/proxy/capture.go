package proxy

import (
	"errors"
	"syscall"

	"github.com/google/nftables"

	"serin.dev/serin/internal/delivery"
)

// tableName names Serin's own tables. Capture replaces these and touches no other's, such as those by which Docker
// resolves names.
const tableName = "serin"

// Capture programs the packet filter of the network namespace it runs in, all in one transaction, replacing what an
// earlier Capture left:
//
//   - TCP from here to topology.VirtualNet goes to topology.EgressPort; anything else to that range is refused.
//   - New connections from outside are refused (TCP by a reset, others by ICMP), except to topology.MeshPort, and
//     to topology.GatewayPort when gateway is set. ICMP itself passes, IPv6 needs it.
//
// Then it routes the range to loopback, for networks that have no default route.
// It fails with Forbidden without NET_ADMIN and with Unavailable when the kernel cannot do it.
func Capture(gateway bool) error {
	conn, err := nftables.New()
	if err != nil {
		return explain(err)
	}
	captureCalls(conn)
	captureArrivals(conn, gateway)
	if err := conn.Flush(); err != nil {
		return explain(err)
	}
	return routeVirtualNet()
}

// captureCalls redirects what leaves for a virtual IP. Redirecting comes before filtering, so what still bears a
// virtual IP at the filter is not TCP.
func captureCalls(conn *nftables.Conn) {
	table := emptyTable(conn, nftables.TableFamilyIPv4)
	redirected := chain(conn, table, "redirect", nftables.ChainTypeNAT, nftables.ChainHookOutput, nftables.ChainPriorityNATDest)
	rule(conn, redirected, toVirtualNet(), isTransport(syscall.IPPROTO_TCP), redirectToEgress())

	rest := chain(conn, table, "refuse", nftables.ChainTypeFilter, nftables.ChainHookOutput, nftables.ChainPriorityFilter)
	rule(conn, rest, toVirtualNet(), isTransport(syscall.IPPROTO_TCP), reset())
	rule(conn, rest, toVirtualNet(), unreachable(nftables.TableFamilyIPv4))
}

// captureArrivals guards the app from all but this task's Envoy.
func captureArrivals(conn *nftables.Conn, gateway bool) {
	table := emptyTable(conn, nftables.TableFamilyINet)
	arrivals := chain(conn, table, "arrivals", nftables.ChainTypeFilter, nftables.ChainHookInput, nftables.ChainPriorityFilter)
	rule(conn, arrivals, fromLoopback(), accept())
	rule(conn, arrivals, isEstablished(), accept())
	for _, port := range openPorts(gateway) {
		rule(conn, arrivals, isTransport(syscall.IPPROTO_TCP), toPort(port), accept())
	}
	for _, protocol := range []byte{syscall.IPPROTO_ICMP, syscall.IPPROTO_ICMPV6, syscall.IPPROTO_IGMP} {
		rule(conn, arrivals, isTransport(protocol), accept())
	}
	// A reset that answers a stray packet of a living connection would end it.
	rule(conn, arrivals, isInvalid(), drop())
	rule(conn, arrivals, isTransport(syscall.IPPROTO_TCP), reset())
	rule(conn, arrivals, unreachable(nftables.TableFamilyINet))
}

// explain says what to do about what the kernel answered.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return delivery.Errorf(delivery.Forbidden, "capture: this process may not program the packet filter (%w): start it with the capability NET_ADMIN, as docker run --cap-add NET_ADMIN does", err)
	case errors.Is(err, syscall.EPROTONOSUPPORT), errors.Is(err, syscall.EAFNOSUPPORT):
		return delivery.Errorf(delivery.Unavailable, "capture: this kernel has no nf_tables (%w): load the modules nf_tables and nf_conntrack on the host, or use a kernel with them", err)
	case errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.EINVAL):
		return delivery.Errorf(delivery.Unavailable, "capture: this kernel's nf_tables lacks a part (%w): load nft_chain_nat, nft_redir, nft_ct, nft_reject_ipv4 and nft_reject_inet on the host; Linux 4.18 or newer has them all", err)
	default:
		return delivery.Errorf(delivery.Unavailable, "capture: the kernel refused the packet filter's program: %w", err)
	}
}
