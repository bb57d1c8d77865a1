package xds

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
)

const dbAddress = "240.240.0.1:8080"

// greets serves TCP: a word for a greeting, then an echo.
func (x *task) greets(word string) {
	l := x.place.listen(fmt.Sprintf("127.0.0.1:%d", appPort))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fmt.Fprintln(c, word)
				_, _ = io.Copy(c, c)
			}()
		}
	}()
}

func connect(t *testing.T, from *task) (net.Conn, *bufio.Reader, string) {
	t.Helper()
	c, err := from.place.dial(context.Background(), "tcp", dbAddress)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	word, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("no greeting: %v", err)
	}
	return c, r, word
}

func TestTCPConnectionsAreSplitByWeight(t *testing.T) {
	w := newWorld(t)
	w.service("db", delivery.TCP, 1)
	front := w.task(taskID("front", 1, 0), delivery.HTTP)
	w.task(taskID("db", 1, 0), delivery.TCP).greets("one")
	w.task(taskID("db", 2, 0), delivery.TCP).greets("two")
	w.declare(func(*topology.Environment) {})
	w.configured()

	old, oldReader, word := connect(t, front)
	defer old.Close()
	if word != "one\n" {
		t.Fatalf("greeted by %q", word)
	}
	const n = 1000
	for _, percent := range []int{10, 100, 0} {
		w.shiftAndWait("db", delivery.Split(1, 2, percent), 1, 1, 2)
		two := 0
		for range n {
			c, _, word := connect(t, front)
			c.Close()
			if word == "two\n" {
				two++
			}
		}
		if two != n*percent/100 {
			t.Errorf("at %d %% the canary had %d of %d connections", percent, two, n)
		}
	}
	w.until("every connection is counted", func() bool {
		one, two := w.counts("db", 1, evidence.Caller), w.counts("db", 2, evidence.Caller)
		return one.Attempts+two.Attempts == 3*n+1 && two.Attempts == n+n/10 && one.Failed()+two.Failed() == 0 &&
			w.counts("db", 2, evidence.Ingress).Attempts == n+n/10
	})
	w.until("the old connection is in flight, at its caller and at its ingress", func() bool {
		f := w.seen("db").InFlight
		return f[1] == 2 && f[2] == 0 && len(f) == 2
	})
	fmt.Fprintln(old, "still there")
	if line, err := oldReader.ReadString('\n'); err != nil || line != "still there\n" {
		t.Errorf("the old connection said %q, %v", line, err)
	}
}
