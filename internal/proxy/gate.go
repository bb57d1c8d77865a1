package proxy

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"serin.dev/serin/internal/delivery"
)

// What a gate waits for, in the words of its sentence.
const (
	awaitNames = "the hosts table: the control plane's first instruction has not been written to the hosts file"
	awaitEnvoy = "Envoy: it is not live with its listeners"
)

// openWord is the gate's last line.
const openWord = "ready"

// gate tells whoever connects to its socket what run still waits for: a line whenever that changes, the last of
// which is openWord.
type gate struct {
	listener net.Listener

	mu      sync.Mutex
	waiting map[string]string // what → why, as last seen
	changed chan struct{}     // closed at the next change
}

// newGate binds the socket at path, taking the place of an earlier process's.
func newGate(path string) (*gate, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, delivery.Errorf(delivery.Unavailable, "making way for the readiness socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "opening the readiness socket: %w", err)
	}
	return &gate{
		listener: listener,
		waiting:  map[string]string{awaitNames: "", awaitEnvoy: ""},
		changed:  make(chan struct{}),
	}, nil
}

// pass takes what off the list, for good.
func (g *gate) pass(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, waiting := g.waiting[what]; waiting {
		delete(g.waiting, what)
		g.tell()
	}
}

// because says why what is still waited for.
func (g *gate) because(what, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if was, waiting := g.waiting[what]; waiting && was != why {
		g.waiting[what] = why
		g.tell()
	}
}

func (g *gate) tell() {
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *gate) line() (line string, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		return openWord, g.changed
	}
	var waits []string
	for _, what := range slices.Sorted(maps.Keys(g.waiting)) {
		if why := g.waiting[what]; why != "" {
			what += " (" + why + ")"
		}
		waits = append(waits, strings.ReplaceAll(what, "\n", " "))
	}
	return strings.Join(waits, "; "), g.changed
}

// run answers until ctx ends.
func (g *gate) run(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { g.listener.Close() })()
	var answers sync.WaitGroup
	defer answers.Wait()
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return
		}
		answers.Go(func() { g.answer(ctx, conn) })
	}
}

func (g *gate) answer(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	for {
		line, changed := g.line()
		if _, err := fmt.Fprintln(conn, line); err != nil || line == openWord {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
