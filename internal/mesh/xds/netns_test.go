package xds

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var networks atomic.Int32

// network is a bridge with namespaces on it, as tasks have them: calls to virtual IPs are redirected to Envoy. The
// bridge is in a namespace of its own, out of reach of what the machine's firewall thinks of bridges.
type network struct {
	t      testing.TB
	name   string
	hub    *place
	places int
}

const prefix = "10.161.0."

// place is one task's network namespace.
type place struct {
	network *network
	name    string
	address netip.Addr
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("these tests make network namespaces: run them as root")
	}
	for _, tool := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: install iproute2 and iptables", tool)
		}
	}
	w := &network{t: t, name: fmt.Sprintf("sx%x-%d", os.Getpid(), networks.Add(1))}
	w.hub = w.namespace(1)
	w.hub.run("ip", "link", "add", "hub", "type", "bridge")
	w.hub.run("ip", "addr", "add", w.host()+"/24", "dev", "hub")
	w.hub.run("ip", "link", "set", "hub", "up")
	return w
}

// host is the address of the hub, where the control plane is.
func (w *network) host() string { return prefix + "1" }

func (w *network) namespace(number int) *place {
	p := &place{w, fmt.Sprintf("%s-%d", w.name, number), netip.MustParseAddr(fmt.Sprintf("%s%d", prefix, number))}
	w.run("ip", "netns", "add", p.name)
	w.t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", p.name).Run() })
	p.run("ip", "link", "set", "lo", "up")
	return p
}

func (w *network) place() *place {
	w.t.Helper()
	w.places++
	p := w.namespace(w.places + 1)
	outside := fmt.Sprintf("task%d", w.places)
	p.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", outside, "netns", w.hub.name)
	w.hub.run("ip", "link", "set", outside, "master", "hub", "up")
	p.run("ip", "addr", "add", p.address.String()+"/24", "dev", "eth0")
	p.run("ip", "link", "set", "eth0", "up")
	p.run("ip", "route", "add", "default", "via", w.host())
	p.run("iptables", "-w", "-t", "nat", "-A", "OUTPUT", "-d", "240.240.0.0/16", "-p", "tcp", "-j", "REDIRECT", "--to-ports", "15001")
	return p
}

func (w *network) run(args ...string) {
	w.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (p *place) run(args ...string) {
	p.network.t.Helper()
	p.network.run(append([]string{"ip", "netns", "exec", p.name}, args...)...)
}

// inside runs f with the calling thread in the namespace: sockets it makes belong there.
func (p *place) inside(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		file, err := os.Open("/var/run/netns/" + p.name)
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
			file.Close()
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

func (p *place) listen(address string) net.Listener {
	p.network.t.Helper()
	var l net.Listener
	err := p.inside(func() (err error) {
		l, err = net.Listen("tcp4", address)
		return err
	})
	if err != nil {
		p.network.t.Fatal(err)
	}
	p.network.t.Cleanup(func() { l.Close() })
	return l
}

func (p *place) dial(ctx context.Context, _, address string) (c net.Conn, err error) {
	err = p.inside(func() (err error) {
		d := net.Dialer{Timeout: 5 * time.Second}
		c, err = d.DialContext(ctx, "tcp4", address)
		return err
	})
	return c, err
}

func (p *place) dialAddress(ctx context.Context, address string) (net.Conn, error) {
	return p.dial(ctx, "tcp", address)
}
