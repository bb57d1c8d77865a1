package rivals

import (
	"slices"
	"testing"

	"serin.dev/serin/internal/analysis/lab"
)

// TestGoodVersions plays the lab's hours in which both versions fail alike, at a tenth of 100 requests a second, and
// wants to see who can stand it: roughly, as forty runs tell.
func TestGoodVersions(t *testing.T) {
	const runs = 40
	few, most := [2]int{0, runs / 8}, [2]int{runs / 2, runs}
	want := map[string]map[string][2]int{
		"aa 0.01%": {
			"argo-rollouts (documented)": few, "argo-rollouts (tuned)": few, "flagger (defaults)": few, "flagger (tightest)": few,
			"pipecd (threshold)": few, "pipecd (mann-whitney)": most,
			"kayenta (documented)": few, "kayenta (every 5 min)": few, "kayenta (tightest)": few,
			"ecs (cloudwatch alarm 1 min x 1)": most, "reference (app mesh)": most,
		},
		"aa 0.5%": {
			"argo-rollouts (documented)": few, "argo-rollouts (tuned)": few, "flagger (tightest)": most,
			"pipecd (threshold)": most, "pipecd (mann-whitney)": most,
			"kayenta (documented)": few, "kayenta (every 5 min)": few, "kayenta (tightest)": few,
			"ecs (cloudwatch alarm 1 min x 1)": most, "reference (app mesh)": most,
		},
	}
	for _, row := range played(t, runs, func(s lab.Scenario) bool { return want[s.Name] != nil }) {
		if within, ok := want[row.Scenario][row.Judge]; ok && (row.RolledBack < within[0] || row.RolledBack > within[1]) {
			t.Errorf("%s rolled back %d of %d in %s, want %d to %d", row.Judge, row.RolledBack, row.Runs, row.Scenario, within[0], within[1])
		}
	}
}

// TestSilence: who promotes a version that nobody called.
func TestSilence(t *testing.T) {
	promoting := map[string][]string{
		"no traffic": {"pipecd (threshold)", "pipecd (mann-whitney)", "ecs (cloudwatch alarm 1 min x 1)", "reference (app mesh)"},
		"starved":    {"pipecd (threshold)", "ecs (cloudwatch alarm 1 min x 1)", "reference (app mesh)"},
	}
	for _, row := range played(t, 1, func(s lab.Scenario) bool { return promoting[s.Name] != nil }) {
		if want := slices.Contains(promoting[row.Scenario], row.Judge); (row.Promoted > 0) != want {
			t.Errorf("%s: %s promoted %d of %d", row.Scenario, row.Judge, row.Promoted, row.Runs)
		}
	}
}

// TestLatency: who finds a version that takes three times as long.
func TestLatency(t *testing.T) {
	finding := []string{"flagger (tightest)", "pipecd (mann-whitney, p99)", "kayenta (every 5 min)", "kayenta (tightest)"}
	for _, row := range played(t, 20, func(s lab.Scenario) bool { return s.Name == "latency x3" }) {
		if slices.Contains(finding, row.Judge) && row.RolledBack < 15 {
			t.Errorf("%s rolled back %d of %d", row.Judge, row.RolledBack, row.Runs)
		}
	}
}

// played gives the rows of the scenarios that are wanted, at the typical cell with a part of the traffic.
func played(t *testing.T, runs int, wanted func(lab.Scenario) bool) []lab.Row {
	t.Helper()
	scenarios := lab.Only(lab.Scenarios(), func(s lab.Scenario, c lab.Cell) bool { return wanted(s) && c.Typical() && c.Weight < 100 })
	report, err := lab.Run(t.Context(), lab.Options{Contestants: All(), Scenarios: scenarios, Runs: runs, LongRuns: runs, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) == 0 {
		t.Fatal("the lab has no such scenario")
	}
	return report.Rows
}
