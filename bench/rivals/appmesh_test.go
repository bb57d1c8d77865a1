package rivals

import (
	"testing"
	"time"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

func TestAppMesh(t *testing.T) {
	one := good.until(70, always(counts{canary: 10, canaryFailed: 1, stable: 90})).until(71, good)
	expectRollback(t, appMesh(), failing, time.Hour, time.Minute) // after the first wait, not before
	expectRollback(t, appMesh(), one, time.Hour, 2*time.Minute)
	expectRollback(t, appMesh(), good, time.Hour, 0)
	expectRollback(t, appMesh(), uncalled, time.Hour, 0) // no data is healthy
	expectRollback(t, appMesh(), nobody, time.Hour, 0)
}

func TestAppMeshForgetsAfterTheThresholdTime(t *testing.T) {
	h := healthcheck{window: 10, looks: every(time.Hour), scrapes: scrapes{every: time.Minute, keep: 10}}
	for second := range 15 * 60 {
		c := good(second)
		if second == 120 {
			c.canaryFailed = 1
		}
		h.Look(interval(second, 10, c))
		if minute := (second + 1) / 60; (second+1)%60 == 0 && h.healthy() != (minute < 3 || minute > 12) {
			t.Errorf("minute %d: healthy is %v", minute, h.healthy())
		}
	}
}

// TestNobodyLooksWhenItHasEverything: of the rivals, all but two have ended by then.
func TestNobodyLooksWhenItHasEverything(t *testing.T) {
	watching := map[string]bool{"argo-rollouts (tuned)": true, "ecs (cloudwatch alarm 1 min x 1)": true}
	for _, c := range All() {
		j := c.New(evidence.Trial{})
		decided := lab.GoOn
		for second := 0; second < 2*3600 && decided == lab.GoOn; second++ {
			decided = j.Look(interval(second, 100, failing(second)))
		}
		if got := decided == lab.RollBack; got != watching[c.Name] || got == j.Promote() {
			t.Errorf("%s: decided %v at 100 %%, promotes is %v", c.Name, decided, j.Promote())
		}
	}
}
