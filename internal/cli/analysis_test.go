package cli

import (
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/evidence"
)

func TestConclusion(t *testing.T) {
	for outcome, says := range map[evidence.Outcome]string{
		evidence.Failing:    "it would have been rolled back 3s after it first got traffic, at 25 %",
		evidence.Healthy:    "in health",
		evidence.NotEnough:  "with too little to go on",
		evidence.SharedFate: "while both versions fail alike",
	} {
		turns := []analysis.Turn{{After: 3 * time.Second, Percent: 25, Verdict: evidence.Verdict{Outcome: outcome}}}
		if got := conclusion(turns); !strings.Contains(got, says) {
			t.Errorf("%s: %q, want …%s…", outcome, got, says)
		}
	}
}
