package proxy

import (
	"errors"
	"net"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// routeVirtualNet leads calls to virtual IPs to loopback. What is redirected there needs no route further, but a
// kernel without any, as on a network without a way out, would refuse the call before it is redirected.
func routeVirtualNet() error {
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		return delivery.Errorf(delivery.Unavailable, "capture: looking for the loopback interface: %w", err)
	}
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return explain(err)
	}
	defer conn.Close()
	route, err := routeMessage(netip.MustParsePrefix(topology.VirtualNet), loopback.Index)
	if err != nil {
		return delivery.Errorf(delivery.Internal, "capture: writing the route: %w", err)
	}
	_, execErr := conn.Execute(netlink.Message{
		Header: netlink.Header{
			Type:  unix.RTM_NEWROUTE,
			Flags: netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Replace,
		},
		Data: route,
	})
	if errors.Is(execErr, unix.ENETDOWN) {
		return delivery.Errorf(delivery.Unavailable, "capture: the loopback interface is down (%w): bring it up first", execErr)
	}
	return explain(execErr)
}

// routeMessage is struct rtmsg of rtnetlink(7) and its attributes.
func routeMessage(to netip.Prefix, device int) ([]byte, error) {
	const tos = 0
	header := []byte{
		unix.AF_INET, byte(to.Bits()), 0, tos,
		unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST,
		0, 0, 0, 0,
	}
	attributes := netlink.NewAttributeEncoder()
	attributes.Bytes(unix.RTA_DST, to.Masked().Addr().AsSlice())
	attributes.Uint32(unix.RTA_OIF, uint32(device))
	attributes.Bytes(unix.RTA_PREFSRC, []byte{127, 0, 0, 1}) // there may be no other address
	encoded, err := attributes.Encode()
	return append(header, encoded...), err
}
