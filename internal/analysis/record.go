package analysis

import "serin.dev/serin/internal/evidence"

// record is how stable did before the rollout, and in it as long as it had traffic.
type record struct {
	total          pair
	errors, events evidence.Spread
}

func recordOf(t evidence.Trial) record {
	sum := t.Before.Summary()
	n, failed := sum.Counts.First()
	return record{pair{float64(n), float64(failed)}, sum.Errors, sum.Events}
}

// add takes an interval of stable's first attempts; one without any says nothing of it.
func (r *record) add(p pair) {
	if p.n > 0 {
		r.total = r.total.add(p)
		r.errors = r.errors.Observe(uint64(p.n), uint64(p.bad))
		r.events = r.events.Observe(1, uint64(min(1, p.bad)))
	}
}
