package proxy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace of a test's own, with loopback up.
type namespace string

func newNamespace(t *testing.T, name string) namespace {
	t.Helper()
	ns := namespace(fmt.Sprintf("serin-test-proxy-%d-%s", os.Getpid(), name))
	ip(t, "netns", "add", string(ns))
	t.Cleanup(func() { ip(t, "netns", "delete", string(ns)) })
	ip(t, "-n", string(ns), "link", "set", "lo", "up")
	return ns
}

// join puts a wire between two namespaces: 10.99.0.1 and fd99::1 at the one end, .2 and ::2 at the other.
func join(t *testing.T, a, b namespace) {
	t.Helper()
	ip(t, "-n", string(a), "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", string(b))
	for i, ns := range []namespace{a, b} {
		ip(t, "-n", string(ns), "address", "add", fmt.Sprintf("10.99.0.%d/24", i+1), "dev", "wire")
		ip(t, "-n", string(ns), "address", "add", fmt.Sprintf("fd99::%d/64", i+1), "dev", "wire", "nodad")
		ip(t, "-n", string(ns), "link", "set", "wire", "up")
	}
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s; these tests need root and iproute2", strings.Join(args, " "), err, out)
	}
}

// do calls f on a thread that stands in the namespace: sockets f makes are the namespace's.
func (ns namespace) do(t *testing.T, f func()) {
	t.Helper()
	file, err := os.Open(filepath.Join("/run/netns", string(ns)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		failed <- err
	}()
	if err := <-failed; err != nil {
		t.Fatalf("entering the namespace %s: %v", ns, err)
	}
}
