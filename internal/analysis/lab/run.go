package lab

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what is played.
type Options struct {
	Contestants []Contestant
	Scenarios   []Scenario
	Runs        int    // of each cell
	LongRuns    int    // of each cell of a long scenario
	Workers     int    // 0: as many as there are processors
	Seed        uint64 // the same seed gives the same report, however many workers play
	Progress    io.Writer
}

// Run plays every cell of every scenario, each run before all contestants. If ctx ends first, the report has the cells
// that were played to their end.
func Run(ctx context.Context, o Options) (Report, error) {
	report := newReport(o)
	for _, s := range o.Scenarios {
		for _, c := range s.Cells {
			began := time.Now()
			contestants := o.playing(s)
			runs := playCell(ctx, o, contestants, s, c)
			if err := ctx.Err(); err != nil {
				return report, fmt.Errorf("playing %s at %s: %w", s.Name, c, err)
			}
			for i, contestant := range contestants {
				report.Rows = append(report.Rows, measure(s, c, contestant.Name, column(runs, i)))
			}
			if o.Progress != nil {
				fmt.Fprintf(o.Progress, "%s at %s: %d runs in %s\n", s.Name, c, len(runs), time.Since(began).Round(time.Millisecond))
			}
		}
	}
	return report, nil
}

// playCell gives, for each run, each contestant's outcome.
func playCell(ctx context.Context, o Options, contestants []Contestant, s Scenario, c Cell) [][]outcome {
	runs := make([][]outcome, o.runs(s))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range o.workers() {
		workers.Go(func() {
			for run := int(next.Add(1)) - 1; run < len(runs) && ctx.Err() == nil; run = int(next.Add(1)) - 1 {
				runs[run] = play(newSimulation(s, c, o.Seed, run), contestants)
			}
		})
	}
	workers.Wait()
	return runs
}

// playing are the contestants that take part in a scenario.
func (o Options) playing(s Scenario) []Contestant {
	return slices.DeleteFunc(slices.Clone(o.Contestants), func(c Contestant) bool { return c.Plays != nil && !c.Plays(s) })
}

func (o Options) runs(s Scenario) int {
	if s.Long {
		return o.LongRuns
	}
	return o.Runs
}

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// column is one contestant's outcomes.
func column(runs [][]outcome, contestant int) []outcome {
	all := make([]outcome, len(runs))
	for i, run := range runs {
		all[i] = run[contestant]
	}
	return all
}
