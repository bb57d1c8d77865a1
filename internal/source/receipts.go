package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
)

// receipts tell who pushes the number of the run that the push became. The hook that talks to them is a process of its
// own: it asks over a socket, and the answer comes when the push is delivered.
//
//	post-receive ──"<environment>/<service> <commit>"──▶ socket ──▶ a round ends ──"<run>"──▶ post-receive
//
// That is a courtesy. Whatever goes wrong with it, the push has happened, and who pushed is told of it without a
// number.
type receipts struct {
	mu     sync.Mutex
	socket string    // where somebody listens, or did; "" when nobody ever has
	last   []receipt // those that nobody has asked for yet, the oldest first
}

type receipt struct {
	service delivery.ServiceID
	commit  string
	run     delivery.RunID
}

// maxReceipts bounds what is remembered of pushes whose hook never asks.
const maxReceipts = 100

// longestReceipt is how long a push is held up for its number.
const longestReceipt = 3 * time.Second

// put remembers what a push became.
func (r *receipts) put(service delivery.ServiceID, commit string, run delivery.RunID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = append(r.last, receipt{service, commit, run})
	r.last = r.last[max(0, len(r.last)-maxReceipts):]
}

// take gives what the last push of a commit became, once: a later push of the same commit becomes another run.
func (r *receipts) take(service, commit string) (delivery.RunID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var run delivery.RunID
	kept := r.last[:0]
	for _, one := range r.last {
		if one.service.String() == service && one.commit == commit {
			run = one.run
			continue
		}
		kept = append(kept, one)
	}
	r.last = kept
	return run, run != 0
}

// address is where hooks ask.
func (r *receipts) address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.socket
}

// serveReceipts answers hooks until ctx ends. Without it pushes are told no number.
func (s *Source) serveReceipts(ctx context.Context) error {
	path := filepath.Join(s.private(), "receipts.sock")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // a killed process left it
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	s.receipts.mu.Lock()
	s.receipts.socket = path
	s.receipts.mu.Unlock()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	var answers sync.WaitGroup
	defer answers.Wait()
	for {
		asking, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		answers.Go(func() {
			defer asking.Close()
			_ = s.answer(ctx, asking) // the hook does without
		})
	}
}

// answer tells one hook which run its push became, or nothing.
func (s *Source) answer(ctx context.Context, hook net.Conn) error {
	if err := hook.SetDeadline(time.Now().Add(longestReceipt)); err != nil {
		return err
	}
	asked, err := bufio.NewReader(hook).ReadString('\n')
	if err != nil {
		return err
	}
	service, commit, _ := strings.Cut(strings.TrimSpace(asked), " ")
	s.handOver(ctx)
	if run, ok := s.receipts.take(service, commit); ok {
		_, err = fmt.Fprintln(hook, run)
	}
	return err
}

// receiptVariable tells the hooks where to ask.
const receiptVariable = "SERIN_RECEIPTS"

// receipt asks which run a push became.
func (h hook) receipt(service, commit string) (delivery.RunID, error) {
	asking, err := net.DialTimeout("unix", h.receipts, longestReceipt)
	if err != nil {
		return 0, err
	}
	defer asking.Close()
	if err := asking.SetDeadline(time.Now().Add(longestReceipt)); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintln(asking, service, commit); err != nil {
		return 0, err
	}
	told, err := bufio.NewReader(asking).ReadString('\n')
	if err != nil {
		return 0, err
	}
	run, err := strconv.ParseInt(strings.TrimSpace(told), 10, 64)
	return delivery.RunID(run), err
}
