package lab

import "strings"

// tolerable is the share of good versions rolled back up to which a judge's speed counts for something.
const tolerable = 0.05

// Faster is a cell in which a rival that does not blame good versions finds the bad one before Serin does.
type Faster struct{ Rival, Serin Row }

// Faster lists where Serin is beaten, whichever of the policies that were played it has.
func (r Report) Faster() (all []Faster) {
	for _, row := range r.Rows {
		if row.Kind != Bad || row.Median == nil || ours(row.Judge) || r.blames(row.Scenario, row.Cell, row.Judge) {
			continue
		}
		if own, ok := r.fastest(row.Scenario, row.Cell); ok && (own.Median == nil || *row.Median < *own.Median) {
			all = append(all, Faster{row, own})
		}
	}
	return all
}

// fastest is Serin's row of a cell, with the policy that finds the bad version first.
func (r Report) fastest(scenario string, c Cell) (fastest Row, ok bool) {
	for _, j := range r.Judges {
		row, played := r.find(scenario, c, j.Name)
		if played && ours(j.Name) && (!ok || row.Median != nil && (fastest.Median == nil || *row.Median < *fastest.Median)) {
			fastest, ok = row, true
		}
	}
	return fastest, ok
}

// ours tells whether a judge is Serin's, with some policy.
func ours(judge string) bool { return judge == "serin" || strings.HasPrefix(judge, "serin ") }

// blames tells whether a judge rolls back more than is tolerable of the good versions beside the same stable, at the
// same cell. One that has not been tried there is taken not to.
func (r Report) blames(bad string, c Cell, judge string) bool {
	good := asGood
	if r.scenario(bad).Answers {
		good = asFast
	}
	row, ok := r.find(good, c, judge)
	return ok && row.Share(row.RolledBack) > tolerable
}

// scenario is the one of that name.
func (r Report) scenario(name string) Scenario {
	for _, s := range r.Scenarios {
		if s.Name == name {
			return s
		}
	}
	return Scenario{}
}

// worst is a judge's row, of those wanted, with the largest share of runs rolled back.
func (r Report) worst(judge string, wanted func(Row) bool) (worst Row, ok bool) {
	for _, row := range r.Rows {
		if row.Judge == judge && wanted(row) && (!ok || row.Share(row.RolledBack) > worst.Share(worst.RolledBack)) {
			worst, ok = row, true
		}
	}
	return worst, ok
}
