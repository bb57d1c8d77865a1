package app

import "sync"

// changes tells any number of waiters that something changed.
type changes struct {
	mu sync.Mutex
	c  chan struct{}
}

// Changed is closed at the next change after the call.
func (c *changes) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.c == nil {
		c.c = make(chan struct{})
	}
	return c.c
}

func (c *changes) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.c != nil {
		close(c.c)
		c.c = nil
	}
}
