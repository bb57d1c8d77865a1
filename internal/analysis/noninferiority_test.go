package analysis

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// The end of a confidence sequence holds at all times at once.
func TestConfidenceSequenceCovers(t *testing.T) {
	const runs, rate = 1000, 0.02
	rng := rand.New(rand.NewPCG(1, 2))
	missedUpper, missedLower := 0, 0
	for range runs {
		var seen pair
		upper, lower := false, false
		for range 400 {
			seen.n += 10
			for range 10 {
				if rng.Float64() < rate {
					seen.bad++
				}
			}
			upper = upper || wealthAgainst(seen, rate, 1, falling) >= wanted
			lower = lower || wealthAgainst(seen, rate, 1, rising) >= wanted
		}
		if upper {
			missedUpper++
		}
		if lower {
			missedLower++
		}
	}
	// Each may miss in half of 5 % of the runs; 2.5 % and three standard deviations.
	if most := 40; missedUpper > most || missedLower > most {
		t.Errorf("of %d runs the upper end missed %d, the lower %d", runs, missedUpper, missedLower)
	}
	if missedUpper+missedLower == 0 {
		t.Error("no end ever missed: they are much looser than they must be")
	}
}

func TestEnds(t *testing.T) {
	p := pair{1000, 20}
	upper, lower := upperEnd(p, 1), lowerEnd(p, 1)
	if lower <= 0.008 || lower >= 0.02 || upper <= 0.02 || upper >= 0.04 {
		t.Errorf("20 of 1000: from %g to %g", lower, upper)
	}
	if got := upperEnd(pair{}, 1); got != 1 {
		t.Errorf("of nothing the upper end is %g", got)
	}
	if got := lowerEnd(pair{100, 0}, 1); got != 0 {
		t.Errorf("of no failure the lower end is %g", got)
	}
	if clustered := upperEnd(p, 4); clustered <= upper {
		t.Errorf("clustered failures tell as much: %g, and %g", clustered, upper)
	}
}

// What nobody can wait for is not said to be waited for.
func TestNeverIsNotAwaited(t *testing.T) {
	for _, room := range []float64{-0.001, 0, 1e-10} {
		n := noninferiority{margin: 0.01 + room, canary: pair{6000, 60}}
		if more := n.more(0, 1); more != 0 {
			t.Errorf("%g from where it would never do, it takes %d more", room, more)
		}
	}
}

// What is still missing is about what it takes when stable fails, too: its failures make room.
func TestMoreMakesRoomForStablesFailures(t *testing.T) {
	n := noninferiority{margin: 0.01, canary: pair{1000, 20}}
	if got := n.more(0, 1); got != 0 {
		t.Errorf("of a version that fails 2 %% where 1 %% may be, %d more would do", got)
	}
	if got := n.more(0.018, 1); got == 0 {
		t.Error("beside a stable version that fails 1.8 % none would do")
	}
}

// Whether there is enough is found without both ends where that can be, and is what both ends say.
func TestSurelyIsWhatTheEndsSay(t *testing.T) {
	enough, not := 0, 0
	for _, phi := range []float64{1, 5} {
		for _, canary := range []pair{{0, 0}, {50, 0}, {3000, 0}, {3000, 20}, {3000, 60}, {1e5, 1000}} {
			for _, other := range []pair{{0, 0}, {100, 50}, {1e4, 0}, {1e4, 150}, {1e6, 1e4}, {100, 100}} {
				n := noninferiority{margin: 0.01, canary: canary, other: other, phi: phi}
				want := upperEnd(canary, phi)-lowerEnd(other, phi) < n.margin
				if n.surely() != want {
					t.Errorf("canary %v, beside it %v, φ %g: enough is %t", canary, other, phi, !want)
				}
				if want {
					enough++
				} else {
					not++
				}
			}
		}
	}
	if enough < 10 || not < 10 {
		t.Errorf("%d are enough and %d are not: the cases tell nothing", enough, not)
	}
}

// It is compared with stable as it is now while that has traffic, and with its record when all goes to the new version.
func TestWhatIsBesideIt(t *testing.T) {
	now, before := pair{500, 5}, record{total: pair{9000, 9}}
	for _, test := range []struct {
		percent int
		stable  pair
		want    pair
	}{{25, now, now}, {25, pair{}, before.total}, {100, now, before.total}} {
		n := noninferiority{stable: test.stable}
		if got := n.beside(&glance{percent: test.percent}, &before); got != test.want {
			t.Errorf("at %d %%, stable %v: it is compared with %v", test.percent, test.stable, got)
		}
	}
}

// It says what it waits for: attempts, and how long they take where any come.
func TestMissingSays(t *testing.T) {
	for _, test := range []struct {
		name string
		n    noninferiority
		want string
	}{
		{"a shift that goes on", noninferiority{}, "the shift is not acknowledged yet"},
		{"attempts", noninferiority{settled: true, margin: 0.01, canary: pair{100, 0}, seconds: 10, phi: 1, other: pair{1000, 0}}, "surely below 1 %: about 269 attempts more, 27s at this rate"},
		{"none yet", noninferiority{settled: true, margin: 0.01, phi: 1, other: pair{1000, 0}}, "surely below 1 %: about 369 attempts more"},
		{"what never comes", noninferiority{settled: true, margin: 0.01, canary: pair{1000, 50}, seconds: 10, phi: 1, other: pair{1000, 0}}, "surely below 1 %"},
	} {
		if got, _, _ := test.n.missing(); !strings.HasSuffix(got, test.want) {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}
