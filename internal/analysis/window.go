package analysis

import "time"

// window sums what was counted over the last while. It keeps what happened in it, and nothing older.
type window[T comparable, P summed[T]] struct {
	length time.Duration
	sum    T
	items  []windowed[T] // ascending by time
	old    int           // so many of the first are out of the window
}

// summed is what can be added up, and taken away again.
type summed[T any] interface {
	*T
	add(T)
	subtract(T)
}

type windowed[T any] struct {
	to     time.Time
	counts T
}

// add takes an interval's counts, and gives the sum over the window that ends with it. An interval that began before
// the window counts whole until its end is out of it.
func (w *window[T, P]) add(to time.Time, counts T) *T {
	if counts != *new(T) {
		w.items = append(w.items, windowed[T]{to, counts})
		P(&w.sum).add(counts)
	}
	for from := to.Add(-w.length); w.old < len(w.items) && !w.items[w.old].to.After(from); w.old++ {
		P(&w.sum).subtract(w.items[w.old].counts)
	}
	if w.old > len(w.items)/2 {
		w.items = append(w.items[:0], w.items[w.old:]...)
		w.old = 0
	}
	return &w.sum
}
