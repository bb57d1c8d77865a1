package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// few runs of typical cells.
func fewRuns(workers int) Options {
	return Options{
		Contestants: []Contestant{fresh("serin", strict{failures: 40, promote: 1}), fresh("a <rival> & co", strict{failures: 5}), fresh("other", strict{hold: 9})},
		Scenarios:   Only(Scenarios(), func(s Scenario, c Cell) bool { return c.Typical() && s.Name != asFast && s.Name != "aa 5%" }),
		Runs:        3, LongRuns: 1, Workers: workers, Seed: 5,
	}
}

func TestReportDoesNotDependOnTheWorkers(t *testing.T) {
	one, err := Run(t.Context(), fewRuns(1))
	if err != nil {
		t.Fatal(err)
	}
	four, err := Run(t.Context(), fewRuns(4))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one.Rows, four.Rows) {
		t.Error("one worker and four give different rows")
	}
	other := fewRuns(4)
	other.Seed++
	if changed, err := Run(t.Context(), other); err != nil || reflect.DeepEqual(one.Rows, changed.Rows) {
		t.Errorf("another seed gives the same rows, error %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if report, err := Run(ctx, fewRuns(2)); !errors.Is(err, context.Canceled) || len(report.Rows) > 0 {
		t.Errorf("got %d rows, %v", len(report.Rows), err)
	}
}

func TestReportFilesAreWellFormed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	report, err := Run(t.Context(), fewRuns(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Write(folder); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}

	if read, err := Read(folder); err != nil || !reflect.DeepEqual(read.Rows, report.Rows) {
		t.Errorf("other rows come back, error %v", err)
	}
	var again struct{ Rows []map[string]any }
	if err := json.Unmarshal(read("bench-judge.json"), &again); err != nil || len(again.Rows) != len(report.Rows) {
		t.Errorf("%d rows of %d come back, error %v", len(again.Rows), len(report.Rows), err)
	}
	for _, key := range []string{"scenario", "judge", "weight", "rate", "phi", "runs", "detect_p50_s", "failed_attempts_p50", "rolled_back", "promoted"} {
		if _, ok := again.Rows[0][key]; !ok {
			t.Errorf("a row has no %s", key)
		}
	}
	page := read("bench-judge.md")
	tablesAreEven(t, page)
	pictures, _ := filepath.Glob(filepath.Join(folder, "*.svg"))
	if len(pictures) != 3 {
		t.Errorf("there are %d pictures", len(pictures))
	}
	for _, picture := range pictures {
		wellFormed(t, read(filepath.Base(picture)))
		if !bytes.Contains(page, []byte("("+filepath.Base(picture)+")")) {
			t.Errorf("the page does not show %s", picture)
		}
	}
}

// tablesAreEven fails if a line of a table has more or fewer cells than its head.
func tablesAreEven(t *testing.T, page []byte) {
	t.Helper()
	width := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Count(line, "|")
		if width > 0 && cells > 0 && cells != width {
			t.Errorf("%d columns instead of %d: %s", cells-1, width-1, line)
		}
		width = cells
	}
}

func wellFormed(t *testing.T, data []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
	}
}

func TestCellsThatAJudgeDoesNotPlay(t *testing.T) {
	o := fewRuns(0)
	o.Contestants[2].Plays = func(s Scenario) bool { return s.Kind == Good }
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range report.Rows {
		if row.Judge == "other" && row.Kind != Good {
			t.Errorf("it played %s", row.Scenario)
		}
	}
	tablesAreEven(t, report.markdown())
}

func TestFasterNamesRivalsThatBlameNobody(t *testing.T) {
	second, minute := 1.0, 60.0
	c := Cell{Weight: 10, Rate: 100, Phi: 1}
	row := func(scenario string, kind Kind, judge string, rolledBack int, median *float64) Row {
		return Row{Scenario: scenario, Kind: kind, Judge: judge, Cell: c, Runs: 100, RolledBack: rolledBack, Median: median}
	}
	report := Report{
		Judges:    []About{{Name: "serin"}, {Name: "serin margin"}, {Name: "hasty"}, {Name: "good"}, {Name: "blind"}},
		Scenarios: []Scenario{{Name: asGood, Long: true}, {Name: "bad"}},
		Rows: []Row{
			row(asGood, Good, "serin", 0, nil), row(asGood, Good, "hasty", 6, nil), row(asGood, Good, "good", 5, nil),
			row("bad", Bad, "serin", 40, nil), row("bad", Bad, "serin margin", 100, &minute), row("bad", Bad, "hasty", 100, &second),
			row("bad", Bad, "good", 100, &second), row("bad", Bad, "blind", 10, nil),
		},
	}
	got := report.Faster()
	if len(got) != 1 || got[0].Rival.Judge != "good" || got[0].Serin.Judge != "serin margin" {
		t.Errorf("got %+v", got)
	}
}

func TestSerinPlays(t *testing.T) {
	o := fewRuns(0)
	o.Contestants = Serin()
	o.Scenarios = Only(Scenarios(), func(s Scenario, c Cell) bool {
		return c.Typical() && c.Weight == 10 && (s.Name == "step 100%" || s.Name == "starved")
	})
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range report.Rows {
		if (row.Kind == Bad && row.RolledBack < row.Runs) || row.Promoted > 0 {
			t.Errorf("got %+v", row)
		}
	}
}

// A cell says how many runs its judges played, each number once.
func TestRunsOfACell(t *testing.T) {
	cell := Cell{10, usual, 1}
	r := Report{Scenarios: []Scenario{{Name: "s", Kind: Good, Cells: []Cell{cell}}}}
	for i, runs := range []int{2000, 10_000, 2000} {
		judge := string(rune('a' + i))
		r.Judges = append(r.Judges, About{Name: judge})
		r.Rows = append(r.Rows, Row{Scenario: "s", Kind: Good, Judge: judge, Cell: cell, Runs: runs})
	}
	if text := string(r.markdown()); !strings.Contains(text, "| 2000; 10000 |") {
		t.Errorf("it says:\n%s", text)
	}
}
