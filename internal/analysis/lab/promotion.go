package lab

import "bytes"

// promotions tells, over all cells of a kind together, how many versions each judge promoted.
func (r Report) promotions(b *bytes.Buffer) {
	b.WriteString("## Versions promoted\n\nThe share of the runs of all cells, each counted once; for good ones also the median cell's median time, in seconds since the shift. " +
		"Good ones that were not promoted were rolled back, held or still waiting when the run ended. Silent are those that nobody can know anything of.\n\n")
	rows := [][]string{{"judge", "good", "after", "bad", "silent"}}
	for _, j := range r.Judges {
		good, after := r.promoted(j.Name, Good)
		bad, _ := r.promoted(j.Name, Bad)
		silent, _ := r.promoted(j.Name, Silent)
		rows = append(rows, []string{j.Name, good, after, bad, silent})
	}
	table(b, rows)
}

// promoted is for people. A long scenario's hour is no bake, so it is left out.
func (r Report) promoted(judge string, k Kind) (share, after string) {
	var promoted, runs int
	var times []float64
	for _, row := range r.Rows {
		if row.Judge == judge && row.Kind == k && !r.scenario(row.Scenario).Long {
			promoted, runs = promoted+row.Promoted, runs+row.Runs
			if row.PromotedAfter != nil {
				times = append(times, *row.PromotedAfter)
			}
		}
	}
	share, after = "–", "–"
	if runs > 0 {
		share = percent(float64(promoted) / float64(runs))
	}
	if t := quantile(times, 0.5); t != nil {
		after = number(*t)
	}
	return share, after
}
