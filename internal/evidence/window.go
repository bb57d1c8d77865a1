package evidence

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// Tally is what was counted of one deployment, from both sides.
type Tally struct {
	Caller  Counts `json:"caller,omitzero"`
	Ingress Counts `json:"ingress,omitzero"`
}

// Attempts is the larger of what callers tried and what arrived.
func (t Tally) Attempts() uint64 { return max(t.Caller.Attempts, t.Ingress.Attempts) }

// Failed is the larger of the two views: a caller sees connections that never arrived, the deployment's own proxy
// sees requests of callers that do not count.
func (t Tally) Failed() uint64 { return max(t.Caller.Failed(), t.Ingress.Failed()) }

// Worse is the view that Failed is of: the callers' unless the ingress saw more failures.
func (t Tally) Worse() Counts {
	if t.Ingress.Failed() > t.Caller.Failed() {
		return t.Ingress
	}
	return t.Caller
}

// Add puts counts on the side they were seen from.
func (t Tally) Add(side Side, c Counts) Tally {
	if side == Ingress {
		t.Ingress = t.Ingress.Add(c)
	} else {
		t.Caller = t.Caller.Add(c)
	}
	return t
}

// Plus sums both views.
func (t Tally) Plus(u Tally) Tally {
	return Tally{Caller: t.Caller.Add(u.Caller), Ingress: t.Ingress.Add(u.Ingress)}
}

// Minus leaves out what was told already. Where more was told than there is, nothing is left: after a crash the last
// second's readings may be lost, and what was told of them is not.
func (t Tally) Minus(told Tally) Tally {
	return Tally{Caller: t.Caller.Beyond(told.Caller), Ingress: t.Ingress.Beyond(told.Ingress)}
}

// Window counts what happened after from and until to, per deployment. The samples may come in any order and be
// repeated.
//
// Per key it is the last reading until to, less the last reading until from. Where there is none until from, the
// counters began at zero within the window: a deployment's number is never given twice, so whatever a proxy counted
// of it, it counted since the deployment is there.
func Window(samples []Sample, from, to time.Time) map[delivery.DeploymentID]Tally {
	type ends struct{ first, last Sample }
	keys := map[Key]ends{}
	for _, s := range samples {
		if s.At.After(to) {
			continue
		}
		e := keys[s.Key]
		if !s.At.After(from) {
			e.first = later(e.first, s)
		}
		e.last = later(e.last, s)
		keys[s.Key] = e
	}
	tallies := map[delivery.DeploymentID]Tally{}
	for key, e := range keys {
		tallies[key.Deployment] = tallies[key.Deployment].Add(key.Side, e.last.Since(e.first.Counts))
	}
	return tallies
}

// later gives the reading that was made later. Of two made at once it is the one that counted more.
func later(a, b Sample) Sample {
	switch c := b.At.Compare(a.At); {
	case c > 0, c == 0 && b.Attempts+b.Failed() > a.Attempts+a.Failed():
		return b
	}
	return a
}

// Thin drops from one key's samples, ascending by time, those that no window needs which starts at one of the marks
// (ascending, too) or after the last: all but the last reading until each mark and what is after the last.
func Thin(samples []Sample, marks []time.Time) []Sample {
	kept := samples[:0]
	for i, s := range samples {
		next := len(marks)
		for m, mark := range marks {
			if !s.At.After(mark) {
				next = m
				break
			}
		}
		last := i+1 == len(samples) || next < len(marks) && samples[i+1].At.After(marks[next])
		if last || next == len(marks) {
			kept = append(kept, s)
		}
	}
	clear(samples[len(kept):])
	return kept
}
