package evidence

import "time"

// Span is how long a [Record] looks back, at least; at most it is twice that.
const Span = time.Hour

// Record is how a deployment did until now: its last hour or two, in a size that does not grow. It is what a new
// version is compared with where the old one has no traffic any more, and what tells how clustered errors are.
type Record struct {
	Before Summary   `json:"before,omitzero"` // the Span before Began
	Recent Summary   `json:"recent"`          // since Began
	Began  time.Time `json:"began,omitzero"`
}

// Standing is a record that follows a deployment's counters.
type Standing struct {
	Record Record    `json:"record"`
	Total  Counts    `json:"total"` // what the counters were at At
	At     time.Time `json:"at,omitzero"`
}

// Follow adds what the counters say that is new. The first time says only where they begin.
func (s Standing) Follow(now time.Time, total Counts) Standing {
	if !s.At.IsZero() {
		iv := Interval{From: s.At, To: now}
		s.Record.Observe(&iv, &Tally{Caller: total.Beyond(s.Total)})
	}
	s.Total, s.At = total, now
	return s
}

// Summary sums intervals of one deployment, as its callers saw them.
type Summary struct {
	Counts  Counts  `json:"counts"`
	Seconds float64 `json:"seconds"` // how long it was counted for
	Errors  Spread  `json:"errors"`  // how failures came
	Events  Spread  `json:"events"`  // how intervals with a failure came

	// Slow is how answers came that took longer than each of Quantiles of those before.
	Slow [len(Quantiles)]Spread `json:"slow,omitzero"`
}

// longest is the length, in seconds, of an interval that still tells how failures come; one over a restart does not.
const longest = 20

// Observe adds what was counted of the deployment in an interval.
func (r *Record) Observe(iv *Interval, t *Tally) {
	switch {
	case r.Began.IsZero():
		r.Began = iv.From
	case iv.To.Sub(r.Began) > Span:
		r.Before, r.Recent, r.Began = r.Recent, Summary{}, iv.From
	}
	if answers := t.Caller.Latency.Total(); answers > 0 && iv.Seconds() <= longest {
		known := r.Before.Counts.Latency
		known.add(&r.Recent.Counts.Latency)
		if above, ok := known.Slow(); ok {
			for i, bound := range above {
				r.Recent.Slow[i].Observe(answers, t.Caller.Latency.Over(bound))
			}
		}
	}
	n, failed := t.Caller.First()
	r.Recent.Counts.add(&t.Caller)
	r.Recent.Seconds += iv.Seconds()
	if iv.Seconds() <= longest {
		r.Recent.Errors.Observe(n, failed)
		r.Recent.Events.Observe(1, min(1, failed))
	}
}

// Summary is all that the record holds.
func (r Record) Summary() Summary {
	sum := Summary{
		Counts:  r.Before.Counts.Add(r.Recent.Counts),
		Seconds: r.Before.Seconds + r.Recent.Seconds,
		Errors:  r.Before.Errors.Add(r.Recent.Errors),
		Events:  r.Before.Events.Add(r.Recent.Events),
	}
	for i := range sum.Slow {
		sum.Slow[i] = r.Before.Slow[i].Add(r.Recent.Slow[i])
	}
	return sum
}
