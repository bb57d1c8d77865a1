package evidence_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

func cases() []evidence.Case {
	var before evidence.Record
	before.Observe(&evidence.Interval{From: start.UTC().Add(-time.Second), To: start.UTC()}, &evidence.Tally{Caller: evidence.Counts{Attempts: 9, Errors5xx: 1}})
	trial := evidence.Trial{
		Deployment: shop, Stable: delivery.DeploymentID{Service: shop.Service, Number: 1}, Start: start.UTC(),
		Policy: delivery.Policy{Step: 25, Judgement: delivery.Judgement{ErrorMargin: 0.01}},
		Before: before,
	}
	var intervals []evidence.Interval
	for i := range 3 {
		intervals = append(intervals, evidence.Interval{
			From: second(i).UTC(), To: second(i + 1).UTC(), Percent: 25, Shifted: start.UTC(),
			Canary: evidence.Tally{Caller: evidence.Counts{Attempts: uint64(i), Latency: evidence.Latency{2: uint64(i)}}},
			Checks: []evidence.Check{{Task: delivery.TaskID{Deployment: shop}, Passed: true}},
		})
	}
	return []evidence.Case{{Trial: trial, Intervals: intervals}, {Trial: trial}}
}

func TestLinesComeBack(t *testing.T) {
	var file bytes.Buffer
	for _, c := range cases() {
		if err := c.Write(&file); err != nil {
			t.Fatal(err)
		}
	}
	got, err := evidence.ReadCases("file", &file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cases(), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBadLines(t *testing.T) {
	var whole bytes.Buffer
	if err := cases()[0].Write(&whole); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(whole.String(), "\n")
	for name, test := range map[string]struct{ text, want string }{
		"empty":         {"", "file: there is no evidence"},
		"no JSON":       {lines[0] + "{", "file:2: this is no line of evidence"},
		"neither":       {`{"policy":{}}`, `file:1: a line must have either "trial" or "interval"`},
		"no trial":      {lines[1], "file:1: there is no trial before"},
		"overlap":       {lines[0] + lines[1] + lines[1], "file:3: the interval from"},
		"too long":      {lines[0] + `"` + strings.Repeat("x", 1<<20), "file:2: the line is longer"},
		"share":         {lines[0] + strings.Replace(lines[1], `"percent":25`, `"percent":-7`, 1), "file:2: the share is -7 %"},
		"negative":      {strings.Replace(lines[0], `"attempts":9`, `"attempts":-9`, 1), "file:1: this is no line of evidence"},
		"no deployment": {strings.Replace(lines[0], "prod/shop/2", "prod", 1), "file:1: this is no line of evidence"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := evidence.ReadCases("file", strings.NewReader(test.text))
			if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want …%s…", err, test.want)
			}
		})
	}
}

// Whatever a file holds, it is read or refused with a sentence, and what was read can be written.
func FuzzReadCases(f *testing.F) {
	var whole bytes.Buffer
	for _, c := range cases() {
		if err := c.Write(&whole); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(whole.Bytes())
	f.Add([]byte(`{"trial":{}}` + "\n" + `{"interval":{"from":"0001-01-01T00:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := evidence.ReadCases("file", bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, delivery.Invalid) {
				t.Fatal(err)
			}
			return
		}
		for _, c := range read {
			if err := c.Write(&bytes.Buffer{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
