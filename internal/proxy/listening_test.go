package proxy

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"
)

const columns = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// sockets are some of a task's, as a little-endian machine prints them.
const sockets = columns +
	"   0: 0B00007F:9F3A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0\n" +
	"   1: 0100007F:11D8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 102 1 0 100 0 0 10 0\n" +
	"   2: 0100007F:11D8 0100007F:8C02 01 00000000:00000000 00:00000000 00000000  1000        0 103 1 0 100 0 0 10 0\n"

const sockets6 = columns +
	"   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 104 1 0 100 0 0 10 0\n" +
	"   1: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 105 1 0 100 0 0 10 0\n"

func TestListenersAreReadUpToTheFirstConnection(t *testing.T) {
	if cpu.IsBigEndian {
		t.Fatal("the tables of this test are those of a little-endian machine")
	}
	for name, test := range map[string]struct {
		table string
		want  []string
	}{
		"IPv4":         {sockets, []string{"127.0.0.11:40762", "127.0.0.1:4568"}},
		"IPv6":         {sockets6, []string{"[::]:8080", "127.0.0.1:8081"}},
		"nobody":       {columns, nil},
		"empty":        {"", nil},
		"cut short":    {columns + "   0: 0100007F:11D8 0000", nil},
		"odd address":  {columns + "   0: 0100:11D8 00000000:0000 0A\n", nil},
		"odd port":     {columns + "   0: 0100007F:111D8 00000000:0000 0A\n", nil},
		"without port": {columns + "   0: 0100007F 00000000:0000 0A\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, s := range listeners(strings.NewReader(test.table)) {
				got = append(got, s.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestSerinsOwnSocketsAreLeftOut(t *testing.T) {
	for socket, want := range map[string]bool{
		"127.0.0.1:15000": true, "127.0.0.1:15001": true, "0.0.0.0:15006": true, "0.0.0.0:15080": true,
		"127.0.0.11:40762": true, "127.0.0.1:40762": false, "[::]:15002": false,
	} {
		if got := serins(netip.MustParseAddrPort(socket)); got != want {
			t.Errorf("%s is Serin's: %t, want %t", socket, got, want)
		}
	}
}

func TestListeningInARealNamespace(t *testing.T) {
	ns := newNamespace(t, "listening")
	for _, step := range []struct {
		address string
		want    []int
	}{
		{"127.0.0.1:4568", []int{4568}},
		{"0.0.0.0:15006", []int{4568}},
		{"127.0.0.11:40762", []int{4568}},
		{"[::1]:8080", []int{4568, 8080}},
		{"0.0.0.0:8080", []int{4568, 8080}},
		{"[::]:9000", []int{4568, 8080, 9000}},
	} {
		var listener net.Listener
		var err error
		var got []int
		ns.do(t, func() {
			network := "tcp4"
			if strings.Contains(step.address, "[") {
				network = "tcp6"
			}
			if listener, err = net.Listen(network, step.address); err == nil {
				got = listening()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if !slices.Equal(got, step.want) {
			t.Errorf("with %s it listens on %v, want %v", step.address, got, step.want)
		}
	}
	// A connection's local end is no listening socket, though it has a port.
	var got []int
	ns.do(t, func() {
		conn, err := net.Dial("tcp4", "127.0.0.1:4568")
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		got = listening()
	})
	if want := []int{4568, 8080, 9000}; !slices.Equal(got, want) {
		t.Errorf("with a connection it listens on %v, want %v", got, want)
	}
}

func FuzzListeners(f *testing.F) {
	f.Add(sockets)
	f.Add(sockets6)
	f.Fuzz(func(t *testing.T, table string) {
		for _, s := range listeners(strings.NewReader(table)) {
			if !s.IsValid() {
				t.Errorf("%v is no socket", s)
			}
		}
	})
}
