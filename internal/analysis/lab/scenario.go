package lab

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Kind says what the right decision about a version is.
type Kind string

const (
	Good   Kind = "good"   // promote: it does as stable does
	Bad    Kind = "bad"    // roll back: it does worse
	Silent Kind = "silent" // do not promote: nobody can know
)

// Scenario is what happens while a version has a share of the traffic.
type Scenario struct {
	Name  string `json:"name"`
	About string `json:"about"` // a sentence
	Kind  Kind   `json:"kind"`

	Onset time.Duration `json:"onset"` // when a bad version begins to do badly, since it reached the share under test
	Bake  time.Duration `json:"bake"`  // after which a judge is asked whether to promote: a multiple of 10 s
	Bakes int           `json:"bakes"` // how often it may say "not yet" until the run ends, from 1
	Long  bool          `json:"long"`  // an A/A cell: Options.LongRuns of it are played

	// Prelude is how long the version has ten percent before it is given the share under test. It does well then.
	Prelude time.Duration `json:"prelude,omitempty"`
	// Answers tells that answer times are measured.
	Answers bool `json:"answers,omitempty"`
	// Unchecked tells that no check inside the canary's task passes, or fails.
	Unchecked bool `json:"unchecked,omitempty"`

	Cells  []Cell             `json:"-"`
	At     func(Moment) World `json:"-"`
	Bursts *Bursts            `json:"-"`
}

// Cell is one setting that a scenario is played at.
type Cell struct {
	Weight int     `json:"weight"` // percent of the traffic that the canary has
	Rate   float64 `json:"rate"`   // the service's first attempts a second, both versions together
	Phi    float64 `json:"phi"`    // the dispersion of failures: 1 is independent ones
}

func (c Cell) String() string {
	return fmt.Sprintf("%d %% of %s, phi %g", c.Weight, perSecond(c.Rate), c.Phi)
}

// perSecond is a rate for people.
func perSecond(rate float64) string {
	if rate > 0 && rate < 1 {
		return strconv.FormatFloat(rate*60, 'g', 3, 64) + "/min"
	}
	return strconv.FormatFloat(rate, 'f', -1, 64) + "/s"
}

// cross gives a cell for each combination.
func cross(weights []int, rates, phis []float64) (all []Cell) {
	for _, w := range weights {
		for _, r := range rates {
			for _, p := range phis {
				all = append(all, Cell{w, r, p})
			}
		}
	}
	return all
}

// Only drops the cells, and the scenarios left without one, that keep does not want.
func Only(all []Scenario, keep func(Scenario, Cell) bool) (kept []Scenario) {
	for _, s := range all {
		s.Cells = slices.DeleteFunc(slices.Clone(s.Cells), func(c Cell) bool { return !keep(s, c) })
		if len(s.Cells) > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}

// Typical tells whether a cell is the one that pictures show and short runs play: a tenth, or all, of 100 requests a
// second.
func (c Cell) Typical() bool {
	return (c.Weight == 10 || c.Weight == 100) && (c.Rate == 100 || c.Rate == 0) && c.Phi == 1
}
