package lab

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"serin.dev/serin/internal/evidence"
)

// Replayed is what a contestant makes of recorded evidence.
type Replayed struct {
	Judge string        `json:"judge"`
	End   End           `json:"end"`
	After time.Duration `json:"after"` // since the first interval's start
	// Failed are the new version's first attempts that failed until then, in nobody's but its callers' eyes.
	Failed uint64 `json:"failed"`
}

// Replay plays the intervals of a real rollout to contestants. Whether they promote they are asked at its end.
func Replay(t evidence.Trial, intervals []evidence.Interval, contestants []Contestant) []Replayed {
	played := make([]Replayed, len(contestants))
	for i, c := range contestants {
		played[i] = replay(&player{judge: c.New(t)}, intervals)
		played[i].Judge = c.Name
	}
	return played
}

func replay(p *player, intervals []evidence.Interval) (r Replayed) {
	for i := range intervals {
		iv := &intervals[i]
		_, failed := iv.Canary.Caller.First()
		r.Failed, r.After = r.Failed+failed, iv.To.Sub(intervals[0].From)
		if p.look(iv) {
			r.End = RolledBack
			return r
		}
	}
	switch {
	case p.promotes():
		r.End = Promoted
	case p.last == Hold:
		r.End = Held
	default:
		r.End = Waiting
	}
	return r
}

// replayFile plays all rollouts of a file of evidence to contestants, each with its own policy, and prints a table.
func replayFile(path string, contestants []Contestant, w io.Writer) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	cases, err := evidence.ReadCases(path, file)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range cases {
		fmt.Fprintf(table, "%s\tDECIDES\tAFTER\tFAILED ATTEMPTS UNTIL THEN\n", c.Trial.Deployment)
		if len(c.Intervals) == 0 {
			continue
		}
		for _, r := range Replay(c.Trial, c.Intervals, contestants) {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%d\n", r.Judge, r.End, r.After.Round(100*time.Millisecond), r.Failed)
		}
	}
	return table.Flush()
}
