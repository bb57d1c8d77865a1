package lab

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Main is the command behind make bench-judge: it plays what the arguments ask for before the contestants, says how
// far it is on progress, and writes the report's files, of what was played until then if ctx ends.
func Main(ctx context.Context, args []string, progress io.Writer, contestants []Contestant) error {
	o, output, err := parse(args, contestants)
	if err != nil {
		return err
	}
	if output.evidence != "" {
		return replayFile(output.evidence, o.Contestants, progress)
	}
	var before Report
	if output.join {
		if before, err = Read(output.folder); err != nil {
			return err
		}
	}
	o.Progress = progress
	report, err := Run(ctx, o)
	if len(report.Rows) == 0 {
		return err
	}
	return errors.Join(err, before.Join(report).Write(output.folder))
}

// output is where the report goes, and whether it joins what is there; or recorded evidence to play instead.
type output struct {
	folder   string
	join     bool
	evidence string
}

func parse(args []string, contestants []Contestant) (o Options, out output, err error) {
	flags := flag.NewFlagSet("bench-judge", flag.ContinueOnError)
	flags.StringVar(&out.folder, "out", "out", "the `folder` to write to")
	flags.BoolVar(&out.join, "join", false, "keep what the report in the folder says of cells and judges that are not played now")
	flags.StringVar(&out.evidence, "evidence", "", "play recorded evidence instead, a `file` that serin rollout evidence wrote, and print what each judge makes of it")
	flags.IntVar(&o.Runs, "runs", 2000, "runs of a cell")
	flags.IntVar(&o.LongRuns, "aa-runs", 10_000, "runs of an A/A cell")
	flags.IntVar(&o.Workers, "workers", 0, "how many runs are played at once; 0: as many as there are processors")
	flags.Uint64Var(&o.Seed, "seed", 1, "of the random numbers")
	scenarios := flags.String("scenarios", "", "play those alone whose name this regular `expression` matches")
	judges := flags.String("judges", "", "play before those alone whose name this regular `expression` matches")
	cells := flags.String("cells", "", "play those alone that this regular `expression` matches, as they are written: \"10 % of 100/s, phi 1\"")
	weights := flags.String("weights", "", "play at these alone: percents, with commas between")
	short := flags.Bool("short", false, "play typical cells alone, 40 runs of each")
	if err := flags.Parse(args); err != nil {
		return o, out, err
	}

	scenario, err := regexp.Compile(*scenarios)
	if err != nil {
		return o, out, fmt.Errorf("-scenarios: %w", err)
	}
	judge, err := regexp.Compile(*judges)
	if err != nil {
		return o, out, fmt.Errorf("-judges: %w", err)
	}
	cell, err := regexp.Compile(*cells)
	if err != nil {
		return o, out, fmt.Errorf("-cells: %w", err)
	}
	wanted, err := weightsOf(*weights)
	if err != nil {
		return o, out, err
	}
	if *short {
		o.Runs, o.LongRuns = 40, 40
	}
	o.Contestants = slices.DeleteFunc(slices.Clone(contestants), func(c Contestant) bool { return !judge.MatchString(c.Name) })
	o.Scenarios = Only(Scenarios(), func(s Scenario, c Cell) bool {
		return scenario.MatchString(s.Name) && cell.MatchString(c.String()) && (wanted == nil || slices.Contains(wanted, c.Weight)) && (!*short || c.Typical())
	})
	return o, out, o.check()
}

func (o Options) check() error {
	switch {
	case len(o.Contestants) == 0:
		return fmt.Errorf("-judges matches none: write a regular expression that matches a judge's name")
	case len(o.Scenarios) == 0:
		return fmt.Errorf("-scenarios, -cells and -weights leave no cell; the scenarios are %s", strings.Join(scenarioNames(), ", "))
	case o.Runs < 1 || o.LongRuns < 1:
		return fmt.Errorf("-runs and -aa-runs: they must be at least 1")
	}
	return nil
}

func scenarioNames() (names []string) {
	for _, s := range Scenarios() {
		names = append(names, s.Name)
	}
	return names
}

// weightsOf reads "1,10,100"; of nothing it is nil.
func weightsOf(list string) (weights []int, err error) {
	if list == "" {
		return nil, nil
	}
	for field := range strings.SplitSeq(list, ",") {
		w, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil {
			return nil, fmt.Errorf("-weights: %q is no percent: write numbers with commas between", field)
		}
		weights = append(weights, w)
	}
	return weights, nil
}
