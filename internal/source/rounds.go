package source

import (
	"context"
	"sync"
	"time"
)

// rounds are Run's looks at the journals: whoever has something there asks for one, and can wait until it is over.
type rounds struct {
	asked chan struct{} // holds one word: a round is wanted

	mu      sync.Mutex
	running int           // Runs
	next    chan struct{} // closed when the round that begins next has ended; nil: nobody waits for it
}

func newRounds() *rounds { return &rounds{asked: make(chan struct{}, 1)} }

// ask asks for a round. What it gives is closed when a round has ended that began after the call, and at once while
// there is nobody to begin one.
func (r *rounds) ask() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case r.asked <- struct{}{}:
	default: // one is wanted already
	}
	if r.running == 0 {
		none := make(chan struct{})
		close(none)
		return none
	}
	if r.next == nil {
		r.next = make(chan struct{})
	}
	return r.next
}

// begin begins a round and gives what ends it.
func (r *rounds) begin() (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := r.next
	r.next = nil
	return func() {
		if waiting != nil {
			close(waiting)
		}
	}
}

// open says that somebody is there to begin rounds, and shut that nobody is any more.
func (r *rounds) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running++
}

func (r *rounds) shut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	if r.next != nil {
		close(r.next)
		r.next = nil
	}
}

// handOver delivers what a push has left in the journal before the push is answered, so that who pushed finds what
// becomes of it. It does not insist: what is in the journal is not lost.
func (s *Source) handOver(ctx context.Context) {
	const longest = 3 * time.Second
	select {
	case <-s.rounds.ask():
	case <-ctx.Done():
	case <-time.After(longest):
	}
}
