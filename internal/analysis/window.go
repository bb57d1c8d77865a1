package analysis

import "time"

// window sums what was counted of one deployment over the last while. It keeps what happened in it, and nothing older.
type window struct {
	length time.Duration
	sum    views
	items  []windowed // ascending by time
	old    int        // so many of the first are out of the window
}

type windowed struct {
	to     time.Time
	counts views
}

// add takes an interval's counts, and gives the sum over the window that ends with it. An interval that began before
// the window counts whole until its end is out of it.
func (w *window) add(to time.Time, v views) *views {
	if v != (views{}) {
		w.items = append(w.items, windowed{to, v})
		w.sum.add(v)
	}
	for from := to.Add(-w.length); w.old < len(w.items) && !w.items[w.old].to.After(from); w.old++ {
		w.sum.subtract(w.items[w.old].counts)
	}
	if w.old > len(w.items)/2 {
		w.items = append(w.items[:0], w.items[w.old:]...)
		w.old = 0
	}
	return &w.sum
}
