package proxy

import (
	"bufio"
	"context"
	"net"
	"path/filepath"
	"time"

	"serin.dev/serin/internal/delivery"
)

// redial is how often ready looks whether run has begun.
const redial = 50 * time.Millisecond

// Ready returns when the run whose private directory is state has written a hosts table and its Envoy has its
// listeners. When ctx ends first it fails with Unavailable and says what is missing.
func Ready(ctx context.Context, state string) error {
	missing := "serin-proxy run has not begun, or stands in another container"
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(state, readySocket))
		if err == nil {
			last, open := listen(ctx, conn)
			if open {
				return nil
			}
			if last != "" {
				missing = "it waits for " + last
			}
		}
		select {
		case <-ctx.Done():
			return delivery.Errorf(delivery.Unavailable, "the task's proxy is not ready: %s", missing)
		case <-time.After(redial):
		}
	}
}

// listen reads what a gate says until it is open or goes away.
func listen(ctx context.Context, conn net.Conn) (last string, open bool) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		last = lines.Text()
		if last == openWord {
			return last, true
		}
	}
	return last, false
}
