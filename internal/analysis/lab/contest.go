package lab

import (
	"time"

	"serin.dev/serin/internal/evidence"
)

// Decision is what a judge wants done after a look.
type Decision int

const (
	GoOn     Decision = iota
	RollBack          // the new version goes back, for good
	Hold              // it keeps its share; somebody has to look. Later decisions still count
)

// Judge is one judge at work on one rollout: Serin's own or a rival's rule.
type Judge interface {
	// Look is called each simulated second, with what happened in it, to be read until it returns. A judge that looks
	// more seldom sums up.
	Look(iv *evidence.Interval) Decision
	// Promote is asked when the bake is over: may the version have more?
	Promote() bool
}

// Contestant is a judge with a name, made anew for each rollout.
type Contestant struct {
	Name   string // as in the tables: "serin", "argo-rollouts (tuned)"
	Source string // whose rule it is: module and version that was run, or page and version of its documentation
	// Looks is how often it looks, for the tables.
	Looks time.Duration
	New   func(evidence.Trial) Judge
	// Plays tells in which scenarios it takes part; nil: in all.
	Plays func(Scenario) bool
}
