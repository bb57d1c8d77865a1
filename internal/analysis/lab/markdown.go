package lab

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// markdown is the report for people: first the short tables and the pictures, then every cell.
func (r Report) markdown() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Judges of canary releases, compared\n\nMade by `make bench-judge` with seed %d. Each cell is `bench-judge.json`'s row of scenario, judge, weight, rate and phi.\n\n", r.Seed)
	r.judges(&b)
	r.detection(&b)
	r.faster(&b)
	r.falseRollbacks(&b)
	r.promotions(&b)
	for _, p := range r.pictures() {
		fmt.Fprintf(&b, "![%s](%s)\n\n", p.title, p.file)
	}
	b.WriteString("## Every cell\n\nOf a bad version: as above. Of a good one: how many were rolled back, and the 95 % bound. Of a silent one: how many were promoted.\n\n")
	for _, s := range r.Scenarios {
		r.everyCell(&b, s)
	}
	return b.Bytes()
}

func (r Report) judges(b *bytes.Buffer) {
	rows := [][]string{{"judge", "looks every", "source"}}
	for _, j := range r.Judges {
		rows = append(rows, []string{j.Name, j.Looks.String(), j.Source})
	}
	table(b, rows)
}

// detection tells how soon bad versions are found in typical cells, and what they cost until then.
func (r Report) detection(b *bytes.Buffer) {
	b.WriteString("## Bad versions\n\nTime until the rollback since the failure began, in seconds: median (95th percentile) over the runs that were rolled back then; " +
		"how many those are, where not all; `<` tells how many were rolled back before.\n\n")
	for _, weight := range []int{10, 100} {
		r.typical(b, weight, Row.short)
	}
	b.WriteString("What it costs: attempts that the canary failed until then, which without retries are users hurt, and users hurt although stable is asked again: medians over all runs.\n\n")
	r.typical(b, 10, func(row Row) string { return number(row.FailedP50) + "; " + number(row.HurtRetryP50) })
}

// typical makes a table of judges by bad scenarios, in their typical cell of a weight.
func (r Report) typical(b *bytes.Buffer, weight int, write func(Row) string) {
	columns := Only(r.Scenarios, func(s Scenario, c Cell) bool { return s.Kind == Bad && c.Weight == weight && c.Typical() })
	if len(columns) == 0 {
		return
	}
	fmt.Fprintf(b, "At %s:\n\n", columns[0].Cells[0])
	r.byJudge(b, columns, func(j About, s Scenario) string {
		row, ok := r.find(s.Name, s.Cells[0], j.Name)
		return played(ok, write(row))
	})
}

// byJudge makes a table with a line for each judge and a column for each scenario.
func (r Report) byJudge(b *bytes.Buffer, columns []Scenario, cell func(About, Scenario) string) {
	rows := [][]string{{"judge"}}
	for _, s := range columns {
		rows[0] = append(rows[0], s.Name)
	}
	for _, j := range r.Judges {
		row := []string{j.Name}
		for _, s := range columns {
			row = append(row, cell(j, s))
		}
		rows = append(rows, row)
	}
	table(b, rows)
}

func (r Report) faster(b *bytes.Buffer) {
	fmt.Fprintf(b, "## Where Serin is not the fastest\n\nCells in which another judge, one that in an hour rolls back at most %s of the versions that are as good as stable, has the lower median over all runs.\n\n",
		percent(tolerable))
	rows := [][]string{{"scenario", "cell", "judge", "its time", "Serin's", "with policy"}}
	for _, f := range r.Faster() {
		rows = append(rows, []string{f.Rival.Scenario, f.Rival.Cell.String(), f.Rival.Judge, f.Rival.short(), f.Serin.short(), f.Serin.Judge})
	}
	if len(rows) == 1 {
		b.WriteString("There is none.\n\n")
		return
	}
	table(b, rows)
}

// falseRollbacks gives the worst cell of each good scenario.
func (r Report) falseRollbacks(b *bytes.Buffer) {
	b.WriteString("## Good versions rolled back\n\nThe share of the runs in the worst cell of the scenario, and in brackets its upper bound with 95 % confidence.\n\n")
	for _, shares := range []struct {
		title string
		full  bool
	}{{"While stable has a part of the traffic:", false}, {"At 100 %:", true}} {
		columns := Only(r.Scenarios, func(s Scenario, c Cell) bool { return s.Kind == Good && (c.Weight == 100) == shares.full })
		if len(columns) == 0 {
			continue
		}
		b.WriteString(shares.title + "\n\n")
		r.byJudge(b, columns, func(j About, s Scenario) string {
			worst, ok := r.worst(j.Name, func(row Row) bool { return row.Scenario == s.Name && (row.Weight == 100) == shares.full })
			return played(ok, worst.short())
		})
	}
}

func (r Report) everyCell(b *bytes.Buffer, s Scenario) {
	fmt.Fprintf(b, "### %s\n\nA %s version: %s.\n\n", s.Name, s.Kind, s.About)
	rows := [][]string{{"weight", "rate", "phi", "runs"}}
	for _, j := range r.Judges {
		rows[0] = append(rows[0], j.Name)
	}
	for _, c := range s.Cells {
		row := []string{strconv.Itoa(c.Weight) + " %", perSecond(c.Rate), number(c.Phi), ""}
		var runs []string // not all judges need have played as many
		for _, j := range r.Judges {
			found, ok := r.find(s.Name, c, j.Name)
			if n := strconv.Itoa(found.Runs); ok && !slices.Contains(runs, n) {
				runs = append(runs, n)
			}
			row = append(row, played(ok, found.short()))
		}
		row[3] = strings.Join(runs, "; ")
		rows = append(rows, row)
	}
	table(b, rows)
}

// played is what to write of a row, if there is one.
func played(ok bool, s string) string {
	if !ok {
		return "–"
	}
	return s
}

// short is what matters most of a row.
func (r Row) short() string {
	switch {
	case r.Kind == Good:
		return fmt.Sprintf("%s (≤ %s)", percent(r.Share(r.RolledBack)), percent(r.RolledBackUpper95))
	case r.Kind == Silent:
		return percent(r.Share(r.Promoted)) + " promoted"
	}
	s := "never"
	if r.DetectP50 != nil {
		s = fmt.Sprintf("%s s (%s)", number(*r.DetectP50), number(*r.DetectP95))
	}
	if n := r.Detected(); n > 0 && n < r.Runs {
		s += ", " + percent(r.Share(n))
	}
	if r.Early > 0 {
		s += ", < " + percent(r.Share(r.Early))
	}
	return s
}

func table(b *bytes.Buffer, rows [][]string) {
	for i, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	b.WriteString("\n")
}

// number has no more digits than people read.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// percent has two significant digits, below a hundred.
func percent(share float64) string {
	if share >= 0.1 {
		return strconv.FormatFloat(share*100, 'f', 0, 64) + " %"
	}
	return strconv.FormatFloat(share*100, 'g', 2, 64) + " %"
}
