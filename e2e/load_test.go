package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// load is users at work.
type load struct {
	url    string
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	answered map[string]int // by the answer's text
	failures []string
	changed  chan struct{} // closed at the next answer
}

// loadCommand begins the load, waits for more of it, or ends it; what was answered so far becomes stdout.
func loadCommand(c call) error {
	switch {
	case len(c.args) == 2 && c.args[0] == "start":
		if c.load != nil {
			return errors.New("the load is on already")
		}
		c.story.load = startLoad(c.args[1])
		return nil
	case len(c.args) != 1 || c.load == nil:
		return errors.New("usage: load start URL | load N | load stop")
	case c.args[0] == "stop":
		c.load.stop()
		err := c.load.report(c.Stdout())
		c.story.load = nil
		return err
	}
	n, err := strconv.Atoi(c.args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.load.more(ctx, n); err != nil {
		return err
	}
	return c.load.report(c.Stdout())
}

// loadPace is the time between two requests.
const loadPace = 10 * time.Millisecond

func startLoad(url string) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{url: url, cancel: cancel, done: make(chan struct{}), answered: map[string]int{}, changed: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.run(ctx)
	}()
	return l
}

// run sends requests until ctx ends, and waits for the answers to all of them.
func (l *load) run(ctx context.Context) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(loadPace)
	defer tick.Stop()
	var under sync.WaitGroup
	defer under.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			under.Go(func() { l.count(ask(client, l.url)) })
		}
	}
}

// ask gets an answer's text; any status but 200 is an error.
func ask(client *http.Client, url string) (string, error) {
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return strings.TrimSpace(string(text)), err
}

func (l *load) count(text string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures = append(l.failures, time.Now().Format("15:04:05.000 ")+err.Error())
	} else {
		l.answered[text]++
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *load) stop() {
	l.cancel()
	<-l.done
}

// more waits for n more answers.
func (l *load) more(ctx context.Context, n int) error {
	until, _ := l.total()
	until += n
	for {
		total, changed := l.total()
		if total >= until {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("only %d of %d answers came", total-until+n, n)
		}
	}
}

// total is how many requests were answered or failed; changed tells of the next.
func (l *load) total() (n int, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = len(l.failures)
	for _, of := range l.answered {
		n += of
	}
	return n, l.changed
}

// report writes a line an answer, and fails when a request did.
func (l *load) report(w io.Writer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(l.answered)) {
		fmt.Fprintf(w, "%d times: %s\n", l.answered[text], text)
	}
	if n := len(l.failures); n > 0 {
		return fmt.Errorf("%d user requests failed, such as: %s", n, strings.Join(l.failures[:min(n, 5)], "; "))
	}
	return nil
}
