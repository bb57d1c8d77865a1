package e2e_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDemo cuts a demo off in its first act, performs it again from there, and removes everything.
func TestDemo(t *testing.T) {
	d := newDemoStage(t)
	d.refusesFilesOfOthers()
	d.cutOff()
	d.performs()
	left := d.traces()
	for _, kind := range []string{"container", "network", "image", "packet filter", "network device", "process", "folder"} {
		if left[kind] == nil {
			t.Errorf("the test is blind: while the demo runs it sees no %s of it", kind)
		}
	}
	d.run("--cleanup")
	for kind, names := range d.traces() {
		t.Errorf("after --cleanup there are of kind %s: %s", kind, strings.Join(names, ", "))
	}
	if out := d.run("--cleanup"); out != "" {
		t.Errorf("a second --cleanup says %q", out)
	}
}

// performs runs the whole demo, and holds its report against what it promises.
func (d *demoStage) performs() {
	d.t.Helper()
	began := time.Now()
	out := d.run("--json", d.report)
	d.t.Logf("%s\n%.0f s in all", out, time.Since(began).Seconds())
	text, err := os.ReadFile(d.report)
	if err != nil {
		d.t.Fatal(err)
	}
	if keys := jsonKeys(d.t, text); !slices.Equal(keys, []string{"acts", "control_plane_rss_mb", "proxy_pss_mb_max", "votes_acknowledged", "votes_expected", "votes_stored"}) {
		d.t.Errorf("the report has the keys %v", keys)
	}
	var report struct {
		Acts         []json.RawMessage `json:"acts"`
		ControlPlane float64           `json:"control_plane_rss_mb"`
		Proxy        float64           `json:"proxy_pss_mb_max"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		d.t.Fatal(err)
	}
	if report.ControlPlane <= 0 || report.ControlPlane > 150 {
		d.t.Errorf("the control plane takes %.1f MB", report.ControlPlane)
	}
	if report.Proxy <= 0 {
		d.t.Errorf("the largest proxy takes %.1f MB", report.Proxy)
	}
	d.checkActs(report.Acts)
}

func (d *demoStage) checkActs(acts []json.RawMessage) {
	d.t.Helper()
	want := []struct{ name, outcome string }{
		{"1 release", "deployed, the page is up"},
		{"2 fix", "promoted"},
		{"3 wrong port", "rolled back"},
		{"4 failing", "rolled back"},
		{"5 kill -9", "promoted after a restart"},
	}
	if len(acts) != len(want) {
		d.t.Fatalf("the report has %d acts, not %d", len(acts), len(want))
	}
	together := 0.0
	for i, text := range acts {
		if keys := jsonKeys(d.t, text); !slices.Equal(keys, []string{"canary_attempts_failed", "failed", "name", "outcome", "requests", "seconds"}) {
			d.t.Errorf("act %d has the keys %v", i+1, keys)
		}
		var act struct {
			Name, Outcome    string
			Requests, Failed int
			CanaryFailed     int `json:"canary_attempts_failed"`
			Seconds          float64
		}
		if err := json.Unmarshal(text, &act); err != nil {
			d.t.Fatal(err)
		}
		if act.Name != want[i].name || act.Outcome != want[i].outcome || act.Failed != 0 || act.Seconds <= 0 {
			d.t.Errorf("act %d is %s; want %s", i+1, text, want[i])
		}
		if i == 0 {
			continue // there are no users yet
		}
		together += act.Seconds
		if rate := float64(act.Requests) / act.Seconds; rate < 50 {
			d.t.Errorf("act %s had %.0f requests/s, not the 50 at least that are promised", act.Name, rate)
		}
		if hidden := act.CanaryFailed > 0; hidden != (i == 3) {
			d.t.Errorf("act %s had %d failed canary attempts", act.Name, act.CanaryFailed)
		}
	}
	d.t.Logf("acts 2 to 5 took %.0f s together", together)
}

func jsonKeys(t *testing.T, text []byte) []string {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return slices.Sorted(maps.Keys(object))
}
