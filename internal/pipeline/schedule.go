package pipeline

import (
	"cmp"
	"fmt"
	"slices"

	"serin.dev/serin/internal/delivery"
)

// plan is what is to be done about a service's open runs.
type plan struct {
	start     []Run         // to be worked on; those that are already are in it too
	supersede map[RunID]Run // which run takes whose place
}

// RunID shortens the signatures here.
type RunID = delivery.RunID

// schedule decides about one service's open runs.
//
// Replace: only the newest counts; older ones that wait or build are superseded, and one that deploys goes on until
// the newest is built and replaces its rollout. Queue: the one under way goes on, and of those that wait only the
// newest is kept.
func schedule(open []Run, how OnNewerPush) plan {
	p := plan{supersede: map[RunID]Run{}}
	if len(open) == 0 {
		return p
	}
	runs := slices.SortedFunc(slices.Values(open), func(a, b Run) int { return cmp.Compare(a.ID, b.ID) })
	newest := runs[len(runs)-1]
	if how == Queue {
		return p.queue(runs, newest)
	}
	for _, run := range runs {
		if run.ID != newest.ID && run.State != Deploying {
			p.supersede[run.ID] = newest
			continue
		}
		p.start = append(p.start, run)
	}
	return p
}

func (p plan) queue(runs []Run, newest Run) plan {
	underWay := slices.IndexFunc(runs, func(r Run) bool { return r.State != Queued })
	for i, run := range runs {
		switch {
		case i == underWay, underWay < 0 && run.ID == newest.ID:
			p.start = append(p.start, run)
		case run.State == Queued && run.ID != newest.ID:
			p.supersede[run.ID] = newest
		}
	}
	return p
}

// superseded is the reason a run gives way to another.
func superseded(by Run) string {
	return fmt.Sprintf("run %d, a newer push (%.8s), took its place", by.ID, by.Push.Commit)
}
