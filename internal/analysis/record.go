package analysis

import "serin.dev/serin/internal/evidence"

// record is how stable did before the rollout, and in it as long as it had traffic; and how failures came until now,
// stable's and the new version's.
type record struct {
	total          pair
	errors, events evidence.Spread // stable's
	canary         evidence.Spread
}

func recordOf(t evidence.Trial) record {
	sum := t.Before.Summary()
	n, failed := sum.Counts.First()
	return record{total: pair{float64(n), float64(failed)}, errors: sum.Errors, events: sum.Events}
}

// add takes an interval's first attempts; one without any says nothing.
func (r *record) add(canary, stable pair) {
	if stable.n > 0 {
		r.total = r.total.add(stable)
		r.errors.Observe(uint64(stable.n), uint64(stable.bad))
		r.events.Observe(1, uint64(min(1, stable.bad)))
	}
	if canary.n > 0 {
		r.canary.Observe(uint64(canary.n), uint64(canary.bad))
	}
}

func (r *record) dispersion() float64 { return dispersion(&r.errors, &r.canary) }
