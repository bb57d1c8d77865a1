package docker_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// relay stands between an engine and Docker, so that a test can cut the engine off as a stopped dockerd would.
type relay struct {
	path   string
	target string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
}

func newRelay(t *testing.T) *relay {
	dir, err := os.MkdirTemp("", "serin-test-engine-") // t.TempDir's path can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{path: filepath.Join(dir, "docker.sock"), target: "/var/run/docker.sock", conns: map[net.Conn]bool{}}
	r.cut(false)
	t.Cleanup(func() { r.cut(true); os.RemoveAll(dir) })
	return r
}

// cut breaks all connections and refuses new ones, or lets them through again.
func (r *relay) cut(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if away {
		if r.listener != nil {
			r.listener.Close()
			r.listener = nil
		}
		for c := range r.conns {
			c.Close()
		}
		clear(r.conns)
		return
	}
	l, err := net.Listen("unix", r.path)
	if err != nil {
		panic(err)
	}
	r.listener = l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
}

func (r *relay) serve(c net.Conn) {
	defer c.Close()
	d, err := net.Dial("unix", r.target)
	if err != nil {
		return
	}
	defer d.Close()
	r.mu.Lock()
	up := r.listener != nil
	if up {
		r.conns[c], r.conns[d] = true, true
	}
	r.mu.Unlock()
	if !up {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { copyHalf(d, c) })
	both.Go(func() { copyHalf(c, d) })
	both.Wait()
	r.mu.Lock()
	delete(r.conns, c)
	delete(r.conns, d)
	r.mu.Unlock()
}

// copyHalf copies one direction and passes its end on.
func copyHalf(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if u, ok := to.(*net.UnixConn); ok {
		_ = u.CloseWrite()
	}
}
