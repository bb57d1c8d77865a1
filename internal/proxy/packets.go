package proxy

import (
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"serin.dev/serin/internal/topology"
)

// The words that the rules of capture.go are written in. Each is a few instructions of nf_tables, all on register 1.
type phrase []expr.Any

func emptyTable(conn *nftables.Conn, family nftables.TableFamily) *nftables.Table {
	table := &nftables.Table{Name: tableName, Family: family}
	conn.AddTable(table) // so that deleting it cannot fail
	conn.DelTable(table)
	return conn.AddTable(table)
}

func chain(conn *nftables.Conn, table *nftables.Table, name string, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority) *nftables.Chain {
	pass := nftables.ChainPolicyAccept
	return conn.AddChain(&nftables.Chain{Name: name, Table: table, Type: kind, Hooknum: hook, Priority: priority, Policy: &pass})
}

func rule(conn *nftables.Conn, chain *nftables.Chain, phrases ...phrase) {
	var all []expr.Any
	for _, p := range phrases {
		all = append(all, p...)
	}
	conn.AddRule(&nftables.Rule{Table: chain.Table, Chain: chain, Exprs: all})
}

func toVirtualNet() phrase {
	virtual := netip.MustParsePrefix(topology.VirtualNet)
	const destinationOffset, addressLen = 16, 4
	mask := make([]byte, addressLen)
	for bit := range virtual.Bits() {
		mask[bit/8] |= 0x80 >> (bit % 8)
	}
	return phrase{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: destinationOffset, Len: addressLen},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: addressLen, Mask: mask, Xor: make([]byte, addressLen)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: virtual.Masked().Addr().AsSlice()},
	}
}

func isTransport(protocol byte) phrase {
	return phrase{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
	}
}

func toPort(port uint16) phrase {
	const destinationOffset, portLen = 2, 2
	return phrase{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: destinationOffset, Len: portLen},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(port)},
	}
}

func openPorts(gateway bool) []uint16 {
	if gateway {
		return []uint16{topology.MeshPort, topology.GatewayPort}
	}
	return []uint16{topology.MeshPort}
}

func fromLoopback() phrase {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, "lo")
	return phrase{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
	}
}

func isEstablished() phrase { return inState(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED) }

func isInvalid() phrase { return inState(expr.CtStateBitINVALID) }

func inState(bits uint32) phrase {
	return phrase{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

func redirectToEgress() phrase {
	return phrase{
		&expr.Immediate{Register: 1, Data: binaryutil.BigEndian.PutUint16(topology.EgressPort)},
		&expr.Redir{RegisterProtoMin: 1},
	}
}

func accept() phrase { return phrase{&expr.Verdict{Kind: expr.VerdictAccept}} }

func drop() phrase { return phrase{&expr.Verdict{Kind: expr.VerdictDrop}} }

func reset() phrase { return phrase{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}} }

// unreachable answers "port unreachable", in the ICMP of the packet's own family.
func unreachable(family nftables.TableFamily) phrase {
	if family == nftables.TableFamilyINet {
		return phrase{&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_PORT_UNREACH}}
	}
	const icmpPortUnreachable = 3
	return phrase{&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: icmpPortUnreachable}}
}
