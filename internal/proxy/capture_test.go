package proxy

import (
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
)

// quick is how long a refusal may take at most; what hangs takes longer. A first packet over IPv6 may take a second.
const quick = 5 * time.Second

func TestCaptureRedirectsCallsToVirtualIPs(t *testing.T) {
	task, elsewhere := newNamespace(t, "task"), newNamespace(t, "elsewhere")
	join(t, task, elsewhere)
	ip(t, "-n", string(task), "route", "add", "default", "via", "10.99.0.2")
	answer(t, task, "tcp", "127.0.0.1:15001", "egress")
	answer(t, elsewhere, "tcp", "10.99.0.2:80", "elsewhere")
	capture(t, task, false)

	for _, virtual := range []string{"240.240.0.3:80", "240.240.0.3:5432", "240.240.255.254:1"} {
		if got, err := call(t, task, "tcp", virtual); got != "egress" {
			t.Errorf("calling %s: got %q, %v; want the egress listener", virtual, got, err)
		}
	}
	if got, err := call(t, task, "tcp", "10.99.0.2:80"); got != "elsewhere" {
		t.Errorf("calling another destination: got %q, %v; want it untouched", got, err)
	}
	if _, err := call(t, task, "udp", "240.240.0.3:53"); !refused(err) {
		t.Errorf("UDP to a virtual IP: got %v, want a quick refusal", err)
	}
}

func TestCaptureWorksWithoutADefaultRoute(t *testing.T) {
	task := newNamespace(t, "task")
	answer(t, task, "tcp", "127.0.0.1:15001", "egress")
	capture(t, task, false)
	capture(t, task, false)
	if got, err := call(t, task, "tcp", "240.240.0.3:80"); got != "egress" {
		t.Errorf("got %q, %v; want the egress listener", got, err)
	}
}

func TestCaptureRefusesWhatArrives(t *testing.T) {
	task, outside := newNamespace(t, "task"), newNamespace(t, "outside")
	join(t, task, outside)
	for _, port := range []string{"8080", "15006", "15080"} {
		answer(t, task, "tcp", "[::]:"+port, "task "+port)
	}
	answer(t, task, "udp", "[::]:8080", "task udp")

	before := []struct{ network, address string }{{"tcp", "10.99.0.1:8080"}, {"tcp", "[fd99::1]:8080"}, {"udp", "10.99.0.1:8080"}, {"udp", "[fd99::1]:8080"}}
	for _, to := range before {
		if got, err := call(t, outside, to.network, to.address); err != nil {
			t.Fatalf("before the capture, %s to %s: got %q, %v", to.network, to.address, got, err)
		}
	}

	for _, test := range []struct {
		gateway bool
		open    []string
		closed  []string
	}{
		{false, []string{"15006"}, []string{"8080", "15080", "9999"}},
		{true, []string{"15006", "15080"}, []string{"8080"}},
		{false, []string{"15006"}, []string{"8080", "15080"}}, // the last capture holds, alone
	} {
		capture(t, task, test.gateway)
		for _, host := range []string{"10.99.0.1", "fd99::1"} {
			for _, port := range test.open {
				if got, err := call(t, outside, "tcp", net.JoinHostPort(host, port)); got != "task "+port {
					t.Errorf("gateway %t: TCP to %s:%s from outside: got %q, %v; want it open", test.gateway, host, port, got, err)
				}
			}
			for _, port := range test.closed {
				if _, err := call(t, outside, "tcp", net.JoinHostPort(host, port)); !refused(err) {
					t.Errorf("gateway %t: TCP to %s:%s from outside: got %v, want a quick refusal", test.gateway, host, port, err)
				}
			}
			if _, err := call(t, outside, "udp", net.JoinHostPort(host, "8080")); !refused(err) {
				t.Errorf("UDP to %s from outside: got %v, want a quick refusal", host, err)
			}
			if got, err := call(t, task, "tcp", net.JoinHostPort(host, "8080")); got != "task 8080" {
				t.Errorf("the task calling itself at %s: got %q, %v; want it open", host, got, err)
			}
		}
	}
}

func TestCaptureLetsAnswersIn(t *testing.T) {
	task, outside := newNamespace(t, "task"), newNamespace(t, "outside")
	join(t, task, outside)
	capture(t, task, false)
	for _, network := range []string{"tcp", "udp"} {
		answer(t, outside, network, "[::]:7000", "outside")
		for _, address := range []string{"10.99.0.2:7000", "[fd99::2]:7000"} {
			if got, err := call(t, task, network, address); got != "outside" {
				t.Errorf("%s to %s: got %q, %v; want the answer", network, address, got, err)
			}
		}
	}
}

func TestCaptureSaysThatItNeedsNetAdmin(t *testing.T) {
	task := newNamespace(t, "task")
	out, err := exec.Command("ip", "netns", "exec", string(task), "setpriv", "--bounding-set", "-net_admin", serinProxy(t), "capture").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "NET_ADMIN") {
		t.Errorf("got %v, %q; want a failure that names NET_ADMIN", err, out)
	}
}

func TestExplain(t *testing.T) {
	for errno, want := range map[syscall.Errno]delivery.Code{
		syscall.EPERM:           delivery.Forbidden,
		syscall.EPROTONOSUPPORT: delivery.Unavailable,
		syscall.ENOENT:          delivery.Unavailable,
		syscall.ENOBUFS:         delivery.Unavailable,
	} {
		if err := explain(errno); !errors.Is(err, want) || !errors.Is(err, errno) {
			t.Errorf("%v: got %v, want %s", errno, err, want)
		}
	}
}

func capture(t *testing.T, ns namespace, gateway bool) {
	t.Helper()
	var err error
	ns.do(t, func() { err = Capture(gateway) })
	if err != nil {
		t.Fatal(err)
	}
}

// answer answers every connection or datagram with text.
func answer(t *testing.T, ns namespace, network, address, text string) {
	t.Helper()
	var done sync.WaitGroup
	var stop io.Closer
	var err error
	ns.do(t, func() {
		if network == "udp" {
			var socket net.PacketConn
			socket, err = net.ListenPacket(network, address)
			stop = socket
			return
		}
		var listener net.Listener
		listener, err = net.Listen(network, address)
		stop = listener
	})
	if err != nil {
		t.Fatal(err)
	}
	done.Go(func() {
		switch s := stop.(type) {
		case net.PacketConn:
			for buffer := make([]byte, 16); ; {
				_, from, err := s.ReadFrom(buffer)
				if err != nil {
					return
				}
				_, _ = s.WriteTo([]byte(text), from)
			}
		case net.Listener:
			for {
				conn, err := s.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, text)
				conn.Close()
			}
		}
	})
	t.Cleanup(func() { stop.Close(); done.Wait() })
}

// call gives what the other side answers.
func call(t *testing.T, ns namespace, network, address string) (text string, err error) {
	t.Helper()
	var conn net.Conn
	ns.do(t, func() { conn, err = net.DialTimeout(network, address, quick) })
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(quick)); err != nil {
		t.Fatal(err)
	}
	if network == "udp" {
		if _, err := conn.Write([]byte("?")); err != nil {
			return "", err
		}
	}
	buffer := make([]byte, 64)
	n, err := conn.Read(buffer)
	return string(buffer[:n]), err
}

// refused tells a refusal, by the other side or by the own kernel, from a silence.
func refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPERM)
}
