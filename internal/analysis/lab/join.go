package lab

import "slices"

// Join adds a report that was made later. Where both have a row of a scenario, cell and judge, the later one counts.
func (r Report) Join(later Report) Report {
	joined := Report{Seed: later.Seed, Judges: slices.Clone(r.Judges)}
	for _, j := range later.Judges {
		if i := slices.IndexFunc(joined.Judges, func(a About) bool { return a.Name == j.Name }); i >= 0 {
			joined.Judges[i] = j
		} else {
			joined.Judges = append(joined.Judges, j)
		}
	}
	played := func(s Scenario, c Cell) (rows []Row) {
		for _, j := range joined.Judges {
			row, ok := later.find(s.Name, c, j.Name)
			if !ok {
				row, ok = r.find(s.Name, c, j.Name)
			}
			if ok {
				rows = append(rows, row)
			}
		}
		return rows
	}
	joined.Scenarios = Only(Scenarios(), func(s Scenario, c Cell) bool {
		rows := played(s, c)
		joined.Rows = append(joined.Rows, rows...)
		return len(rows) > 0
	})
	return joined
}
