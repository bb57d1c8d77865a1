package lab

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

func TestCommandLine(t *testing.T) {
	contestants := fewRuns(1).Contestants
	o, out, err := parse([]string{"-scenarios", "^step", "-judges", "serin|other", "-weights", "1, 50", "-runs", "3", "-seed", "9", "-out", "there", "-join"}, contestants)
	if err != nil || out != (output{folder: "there", join: true}) || o.Runs != 3 || o.Seed != 9 || len(o.Contestants) != 2 || len(o.Scenarios) != 5 {
		t.Errorf("got %+v, %+v, %v", o, out, err)
	}
	for _, s := range o.Scenarios {
		for _, c := range s.Cells {
			if c.Weight != 1 && c.Weight != 50 {
				t.Errorf("%s is played at %s", s.Name, c)
			}
		}
	}
	for _, args := range [][]string{{"-judges", "nobody"}, {"-scenarios", "("}, {"-cells", "("}, {"-cells", "7 %"}, {"-weights", "x"}, {"-weights", "7"}, {"-runs", "0"}} {
		if _, _, err := parse(args, contestants); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestReportsJoin(t *testing.T) {
	folder, contestants := t.TempDir(), fewRuns(1).Contestants
	for _, args := range [][]string{
		{"-judges", "serin", "-scenarios", "step 30%|step 100%"},
		{"-judges", "other", "-scenarios", "step 100%", "-join"},
		{"-judges", "serin", "-scenarios", "step 100%", "-join", "-seed", "2"},
	} {
		args = append(args, "-runs", "2", "-cells", "^10 % of 100/s, phi 1$", "-out", folder)
		if err := Main(t.Context(), args, io.Discard, contestants); err != nil {
			t.Fatal(err)
		}
	}
	report, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range report.Rows {
		got = append(got, row.Scenario+" "+row.Judge)
	}
	if want := []string{"step 30% serin", "step 100% serin", "step 100% other"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(report.Judges) != 2 || len(report.Scenarios) != 2 {
		t.Errorf("got judges %v and scenarios %v", report.Judges, report.Scenarios)
	}
}

// Recorded evidence is played to all contestants, by the file's own clock.
func TestRecordedEvidence(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	recorded := evidence.Case{Trial: evidence.Trial{Start: start}}
	recorded.Trial.Deployment.Service = delivery.ServiceID{Environment: "prod", Name: "shop"}
	recorded.Trial.Deployment.Number = 2
	recorded.Trial.Stable = recorded.Trial.Deployment
	recorded.Trial.Stable.Number = 1
	for second := range 20 {
		at := start.Add(time.Duration(second) * time.Second)
		recorded.Intervals = append(recorded.Intervals, evidence.Interval{
			From: at, To: at.Add(time.Second), Percent: 10, Shifted: start,
			Canary: evidence.Tally{Caller: evidence.Counts{Attempts: 10, Errors5xx: 10}}, Stable: evidence.Tally{Caller: evidence.Counts{Attempts: 90}},
		})
	}
	path := filepath.Join(t.TempDir(), "evidence.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := recorded.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Main(t.Context(), []string{"-evidence", path, "-judges", "^serin$"}, &out, Serin()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(out.String()), " "); !strings.HasSuffix(got, "serin rolled_back 2s 20") {
		t.Errorf("got %s", got)
	}
	if err := Main(t.Context(), []string{"-evidence", path + "x"}, &out, Serin()); err == nil {
		t.Error("a file that is not there is played")
	}
}
