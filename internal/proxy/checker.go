package proxy

import (
	"context"
	"slices"
	"sync"
	"time"
)

// checker asks the app whether it serves, as last told, and keeps what it found.
type checker struct {
	probe func(context.Context, check) (passed bool, detail string)
	ports func() []int // what the app listens on, ascending
	// changed has a value when health may differ from what was last read.
	changed chan struct{}

	// renewed has a value when check was replaced since run last read it.
	renewed chan struct{}

	mu       sync.Mutex
	check    *check // nil: there is no app
	health   health
	begun    time.Time // when check became what is asked
	starting bool      // not healthy since then
}

func newChecker(probe func(context.Context, check) (bool, string), ports func() []int) *checker {
	return &checker{probe: probe, ports: ports, changed: make(chan struct{}, 1), renewed: make(chan struct{}, 1)}
}

// use sets what to ask from now on; nil stops asking.
func (c *checker) use(next *check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if same(c.check, next) {
		return
	}
	c.check, c.health = next, c.health.asked()
	c.begun, c.starting = time.Now(), !c.health.serves()
	if next == nil {
		c.health = health{}
	} else if c.health.since.IsZero() {
		c.health.since, c.health.detail = c.begun, "not checked yet"
	}
	nudge(c.renewed)
	nudge(c.changed)
}

// current gives the app's health; ok is false when there is no app.
func (c *checker) current() (h health, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.health, c.check != nil
}

// run asks until ctx ends.
func (c *checker) run(ctx context.Context) {
	for ctx.Err() == nil {
		var again <-chan time.Time // never while there is no app
		if asked, ok := c.question(); ok {
			again = time.After(c.ask(ctx, asked))
		}
		select {
		case <-ctx.Done():
		case <-again:
		case <-c.renewed:
		}
	}
}

func (c *checker) question() (check, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.renewed:
	default:
	}
	if c.check == nil {
		return check{}, false
	}
	return *c.check, true
}

// ask probes once, keeps the outcome unless what is to be asked changed meanwhile, and says how long to wait.
func (c *checker) ask(ctx context.Context, asked check) time.Duration {
	bounded, cancel := context.WithTimeout(ctx, asked.timeout)
	defer cancel()
	passed, detail := c.probe(bounded, asked)
	ports := c.ports()

	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil || !same(c.check, &asked) {
		return 0
	}
	before := c.health
	c.health = before.after(asked, passed, detail, time.Now())
	c.health.listensOn = ports
	c.starting = c.starting && !c.health.serves()
	if before.state != c.health.state || before.detail != c.health.detail || !slices.Equal(before.listensOn, ports) {
		nudge(c.changed)
	}
	return asked.pause(c.starting, time.Since(c.begun))
}

func same(a, b *check) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// nudge leaves a value in a channel of capacity 1.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
