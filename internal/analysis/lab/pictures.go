package lab

import (
	"fmt"
)

// headline are the bad scenarios that pictures show.
var headline = []string{"step 1%", "step 5%", "step 30%", "step 100%", "ramp", "latency x3"}

func (r Report) pictures() (all []picture) {
	for _, p := range []picture{r.detectionPicture(), r.costPicture(), r.blamePicture()} {
		if len(p.panels) > 0 {
			all = append(all, p)
		}
	}
	return all
}

func (r Report) detectionPicture() picture {
	return picture{
		file:  "bench-judge-detection.svg",
		title: "Seconds until a bad version is rolled back",
		note:  "10 % of 100 requests/s. Dot: median; bar: to the 95th percentile. Hollow: rolls back over 5 % of versions that are as good as stable.",
		panels: r.bad(axis{from: 1, to: 2000, write: number}, func(row Row, m *mark) {
			m.at, m.to, m.label = row.DetectP50, row.DetectP95, row.spoken()
		}),
	}
}

func (r Report) costPicture() picture {
	return picture{
		file:  "bench-judge-cost.svg",
		title: "Attempts that the canary failed until it was rolled back",
		note:  "10 % of 100 requests/s. Median of all runs; a run without a rollback counts until its end. Hollow: rolls back over 5 % of versions that are as good as stable.",
		panels: r.bad(axis{from: 1, to: 20_000, write: number}, func(row Row, m *mark) {
			m.at, m.label = &row.FailedP50, number(row.FailedP50)
		}),
	}
}

// bad makes a panel for each of the headline scenarios that was played.
func (r Report) bad(a axis, fill func(Row, *mark)) (panels []panel) {
	typical := Cell{Weight: 10, Rate: usual, Phi: 1}
	for _, scenario := range headline {
		p := panel{title: scenario, axis: a}
		for _, j := range r.Judges {
			if row, ok := r.find(scenario, typical, j.Name); ok {
				m := mark{judge: j.Name, ours: ours(j.Name), hollow: r.blames(scenario, typical, j.Name)}
				fill(row, &m)
				p.marks = append(p.marks, m)
			}
		}
		if len(p.marks) > 0 {
			panels = append(panels, p)
		}
	}
	return panels
}

func (r Report) blamePicture() picture {
	p := picture{
		file:  "bench-judge-false-rollbacks.svg",
		title: "Good versions rolled back",
		note:  "Each dot a cell of weight, rate, error rate and clustering; the big one is the worst. The dashed line is at 1 %.",
	}
	for _, some := range []struct {
		title      string
		long, full bool
	}{
		{"an hour without an event, at 1 to 50 %", true, false},
		{"an hour without an event, at 100 %", true, true},
		{"outages that both share, bursts, at 1 to 50 %", false, false},
		{"outages that both share, bursts, at 100 %", false, true},
	} {
		wanted := func(row Row) bool {
			return row.Kind == Good && row.Rate > 0 && r.scenario(row.Scenario).Long == some.long && (row.Weight == 100) == some.full
		}
		panel := panel{title: some.title, axis: axis{from: 1e-4, to: 1, limit: 0.01, write: percent}}
		for _, j := range r.Judges {
			if worst, ok := r.worst(j.Name, wanted); ok {
				share := worst.Share(worst.RolledBack)
				panel.marks = append(panel.marks, mark{judge: j.Name, ours: ours(j.Name), at: &share, cloud: r.rolledBack(j.Name, wanted), label: percent(share)})
			}
		}
		if len(panel.marks) > 0 {
			p.panels = append(p.panels, panel)
		}
	}
	return p
}

// rolledBack is the share of runs rolled back of each row wanted.
func (r Report) rolledBack(judge string, wanted func(Row) bool) (shares []float64) {
	for _, row := range r.Rows {
		if row.Judge == judge && wanted(row) {
			shares = append(shares, row.Share(row.RolledBack))
		}
	}
	return shares
}

// spoken is a detection time in a picture.
func (r Row) spoken() string {
	switch n := r.Detected(); {
	case n == 0:
		return "never"
	case n < r.Runs:
		return fmt.Sprintf("%s s, in %s of runs", number(*r.DetectP50), percent(r.Share(n)))
	}
	return number(*r.DetectP50) + " s"
}
