package proxy

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"serin.dev/serin/internal/topology"
)

// dockerDNS is Docker's name server in a task's network namespace. It listens on a port of loopback that is another
// in each task.
var dockerDNS = netip.AddrFrom4([4]byte{127, 0, 0, 11})

// listening gives the TCP ports that the task's containers listen on, at any address, ascending; Serin's own are left
// out. What cannot be read is as if nobody listened. The network namespace is the calling thread's.
func listening() []int {
	var ports []int
	for _, table := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
		file, err := os.Open(table)
		if err != nil { // without IPv6 there is no second table
			continue
		}
		for _, s := range listeners(file) {
			if !serins(s) {
				ports = append(ports, int(s.Port()))
			}
		}
		file.Close()
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// serins tells whether a socket is there in every task, whatever the app does.
func serins(s netip.AddrPort) bool {
	switch int(s.Port()) {
	case topology.AdminPort, topology.EgressPort, topology.MeshPort, topology.GatewayPort:
		return true
	}
	return s.Addr() == dockerDNS
}

// listeners reads the listening sockets of a table such as /proc/net/tcp. They come before all connections, which
// may be many and are not read: Documentation/networking/proc_net_tcp.rst of the Linux kernel.
func listeners(table io.Reader) (all []netip.AddrPort) {
	lines := bufio.NewScanner(table)
	lines.Scan() // the columns' names
	for lines.Scan() {
		socket, ok := listener(lines.Text())
		if !ok {
			break
		}
		all = append(all, socket)
	}
	return all
}

// listener reads a line such as "0: 0100007F:1F90 00000000:0000 0A …"; ok is false when it is no listening socket's.
func listener(line string) (socket netip.AddrPort, ok bool) {
	const local, state, listen = 1, 3, "0A"
	columns := strings.Fields(line)
	if len(columns) <= state || columns[state] != listen {
		return socket, false
	}
	host, service, _ := strings.Cut(columns[local], ":")
	address, err := hex.DecodeString(host)
	if err != nil || len(address)%4 != 0 {
		return socket, false
	}
	for word := range slices.Chunk(address, 4) { // each word is printed as this machine's number
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	ip, ok := netip.AddrFromSlice(address)
	port, err := strconv.ParseUint(service, 16, 16)
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), ok && err == nil
}
