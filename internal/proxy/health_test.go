package proxy

import (
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/mesh/agentpb"
)

func TestHealthNeedsItsThresholdsInARow(t *testing.T) {
	const (
		u = agentpb.Health_UNKNOWN
		h = agentpb.Health_HEALTHY
		s = agentpb.Health_UNHEALTHY
	)
	tests := map[string]struct {
		outcomes string // + passed, - failed
		states   []agentpb.Health_State
		since    int // the index of the outcome at which the last state was entered
	}{
		"two passes":              {"++", []agentpb.Health_State{u, h}, 1},
		"three failures":          {"---", []agentpb.Health_State{u, u, s}, 2},
		"a failure starts again":  {"+-++", []agentpb.Health_State{u, u, u, h}, 3},
		"a failure among passes":  {"++--+", []agentpb.Health_State{u, h, h, h, h}, 1},
		"it fails":                {"++---", []agentpb.Health_State{u, h, h, h, s}, 4},
		"it recovers":             {"---++", []agentpb.Health_State{u, u, s, s, h}, 4},
		"one pass does not do":    {"---+-+", []agentpb.Health_State{u, u, s, s, s, s}, 2},
		"long health has a start": {"+++++++", []agentpb.Health_State{u, h, h, h, h, h, h}, 1},
	}
	begin := time.Unix(1_000, 0)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got health
			for i, outcome := range test.outcomes {
				got = got.after(check{healthy: 2, unhealthy: 3}, outcome == '+', string(outcome), begin.Add(time.Duration(i)*time.Second))
				if got.state != test.states[i] {
					t.Fatalf("after %s it is %s, want %s", test.outcomes[:i+1], got.state, test.states[i])
				}
			}
			if want := begin.Add(time.Duration(test.since) * time.Second); !got.since.Equal(want) {
				t.Errorf("since %v, want %v", got.since, want)
			}
			if !strings.HasSuffix(test.outcomes, got.detail) {
				t.Errorf("the detail is %q, want the last outcome's", got.detail)
			}
		})
	}
}

func TestPauseGrowsWithTheStart(t *testing.T) {
	c := check{interval: 5 * time.Second}
	for _, test := range []struct {
		starting bool
		elapsed  time.Duration
		want     time.Duration
	}{
		{true, 0, 250 * time.Millisecond},
		{true, 10 * time.Second, 1250 * time.Millisecond},
		{true, time.Hour, 5 * time.Second},
		{false, 0, 5 * time.Second},
	} {
		if got := c.pause(test.starting, test.elapsed); got != test.want {
			t.Errorf("pause(%t, %v) = %v, want %v", test.starting, test.elapsed, got, test.want)
		}
	}
}
