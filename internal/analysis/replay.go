package analysis

import (
	"time"

	"serin.dev/serin/internal/evidence"
)

// Turn is a moment of a replayed rollout at which the verdict became another, or the share did.
type Turn struct {
	At      time.Time        `json:"at"`
	After   time.Duration    `json:"after"` // since the new version first had weight
	Percent int              `json:"percent"`
	Verdict evidence.Verdict `json:"verdict"`
}

// Replay judges a rollout's evidence anew, by its trial's policy, and gives the turns it would have taken. It ends
// with a failing verdict: what came after would not have happened. The last turn is always the last verdict.
func Replay(c evidence.Case) (turns []Turn) {
	p := New(c.Trial)
	for i, iv := range c.Intervals {
		v := p.Look(iv)
		turn := Turn{At: iv.To, After: iv.To.Sub(c.Trial.Start), Percent: iv.Percent, Verdict: v}
		last := i+1 == len(c.Intervals)
		if last || len(turns) == 0 || turns[len(turns)-1].Verdict.Outcome != v.Outcome || turns[len(turns)-1].Percent != iv.Percent || v.Outcome == evidence.Failing {
			turns = append(turns, turn)
		}
		if v.Outcome == evidence.Failing {
			break
		}
	}
	return turns
}
