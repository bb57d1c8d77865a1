package lab

import (
	"slices"
	"time"
)

// healthy is the share of attempts that a version fails where nothing is wrong.
const healthy = 0.001

// bake is how long a version keeps its share.
const bake = 10 * time.Minute

func bad(name, about string, at func(Moment) World, cells []Cell) Scenario {
	return Scenario{Name: name, About: about, Kind: Bad, Bake: bake, Bakes: 3, At: at, Cells: cells}
}

// failing are versions that fail more than stable, which fails 0.1 %.
func failing() []Scenario {
	some := slices.Concat(cross(shares, []float64{usual}, single), cross([]int{10}, []float64{slow, fast}, single))
	many := slices.Concat(cross(shares, rates, single), cross(shares, []float64{usual}, []float64{2, 5}))
	step := func(to, onset float64) func(Moment) World {
		return broken(Version{Errors: healthy}, Version{Errors: to}, onset)
	}
	ramp := func(m Moment) World {
		w := alike(Version{Errors: healthy})
		w.Canary.Errors += 0.05 * min(1, max(0, m.Since)/bake.Seconds())
		return w
	}

	later := bad("step 5% later", "fails 5 % from 5 minutes after the shift on", step(0.05, 300), some)
	later.Onset = 5 * time.Minute
	late := bad("late failure", "does well at 10 % for 10 minutes, and fails 5 % as soon as it has everything",
		step(0.05, 0), cross([]int{100}, rates, single))
	late.Prelude = bake
	return []Scenario{
		bad("step 1%", "fails 1 % from its first request on", step(0.01, 0), some),
		bad("step 5%", "fails 5 % from its first request on", step(0.05, 0), many),
		bad("step 30%", "fails 30 % from its first request on", step(0.3, 0), some),
		bad("step 100%", "fails everything from its first request on", step(1, 0), many),
		later,
		late,
		bad("ramp", "fails more and more, from 0.1 % to 5.1 % over 10 minutes", ramp, some),
		bad("one route", "one route of twenty, with a twentieth of the requests, fails always", step(0.05+healthy*0.95, 0), some),
	}
}

// slowness are versions that answer more slowly than stable.
func slowness() []Scenario {
	slower := func(name, about string, a *Answers) Scenario {
		stable := Version{Errors: healthy, Answers: answers(wide, 1, tail)}
		s := bad(name, about, broken(stable, Version{Errors: healthy, Answers: a}, 0), cross(shares, []float64{slow, usual}, single))
		s.Answers = true
		return s
	}
	return []Scenario{
		slower("latency x1.5", "takes 1.5 times as long to answer", answers(wide, 1.5, tail)),
		slower("latency x3", "takes 3 times as long to answer", answers(wide, 3, tail)),
		slower("latency tail", "5 % of its answers take ten times as long, instead of 1 %", answers(wide, 1, 5*tail)),
	}
}

// silence is versions that nobody can judge by what they answer.
func silence() []Scenario {
	quiet := func(name, about string, k Kind, canary Version, rate float64) Scenario {
		s := bad(name, about, broken(Version{Errors: healthy}, canary, 0), cross(shares, []float64{rate}, single))
		s.Kind, s.Unchecked = k, k == Silent
		return s
	}
	return []Scenario{
		quiet("no traffic", "nobody calls the service, and no check inside its task has passed", Silent, Version{}, 0),
		quiet("no traffic, checked", "nobody calls the service, and the check inside its task passes", Good, Version{}, 0),
		quiet("starved", "none of the canary's requests arrive, and no check inside its task has passed", Silent, Version{Deaf: true}, usual),
	}
}
