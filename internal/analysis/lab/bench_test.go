package lab

import (
	"testing"

	"serin.dev/serin/internal/evidence"
)

// BenchmarkSecond is what a simulated second costs.
func BenchmarkSecond(b *testing.B) {
	for _, test := range []struct {
		scenario string
		cell     Cell
	}{
		{"aa 0.5%", Cell{10, minutely, 1}},
		{"aa 0.5%", Cell{10, usual, 1}},
		{"aa 5%", Cell{10, fast, 5}},
		{"aa daily", Cell{10, usual, 1}},
		{"aa latency", Cell{10, usual, 1}},
		{"sticky bursts", Cell{10, usual, 1}},
	} {
		b.Run(test.scenario+" at "+test.cell.String(), func(b *testing.B) {
			sim := newSimulation(named(b, test.scenario), test.cell, 1, 0)
			var iv evidence.Interval
			for b.Loop() {
				sim.second(&iv)
			}
		})
	}
}

// BenchmarkHistory is what the hour before a rollout costs.
func BenchmarkHistory(b *testing.B) {
	sim := newSimulation(named(b, "aa 0.5%"), Cell{10, usual, 1}, 1, 0)
	for b.Loop() {
		sim.history()
	}
}

// BenchmarkLook is what the lab adds to a judge's look.
func BenchmarkLook(b *testing.B) {
	p := &player{judge: patient{}}
	var iv evidence.Interval
	for b.Loop() {
		p.look(&iv)
	}
}

func named(t testing.TB, name string) Scenario {
	for _, s := range Scenarios() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no scenario %q", name)
	return Scenario{}
}

// patient never minds, and promotes.
type patient struct{}

func (patient) Look(*evidence.Interval) Decision { return GoOn }
func (patient) Promote() bool                    { return true }

// BenchmarkSerin is what Serin's judge takes for a second.
func BenchmarkSerin(b *testing.B) {
	for _, c := range Serin() {
		b.Run(c.Name, func(b *testing.B) {
			sim := newSimulation(named(b, "aa 0.5%"), Cell{10, usual, 1}, 1, 0)
			judge := c.New(sim.trial())
			var iv evidence.Interval
			for b.Loop() {
				sim.next(&iv)
				judge.Look(&iv)
			}
		})
	}
}
