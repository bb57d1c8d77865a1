package lab

import (
	"math"
	"slices"
	"time"
)

const (
	minutely = 1.0 / 60 // a second
	slow     = 1
	usual    = 100
	fast     = 10_000
)

var (
	shares = []int{1, 5, 10, 25, 50, 100}
	rates  = []float64{minutely, slow, usual, fast}
	single = []float64{1} // the dispersion of failures that come one by one
)

// Scenarios in which a version does as the bad ones' stable does: they tell whether a judge's speed is worth anything.
const (
	asGood = "aa 0.1%"
	asFast = "aa latency"
)

// Scenarios are all that the lab plays.
func Scenarios() []Scenario {
	return slices.Concat(goodVersions(), sharedFates(), failing(), slowness(), silence())
}

// goodVersions are A/A trials, of an hour.
func goodVersions() []Scenario {
	aa := func(name, about string, at func(Moment) World, cells []Cell) Scenario {
		return Scenario{Name: name, About: about, Kind: Good, Bake: time.Hour, Bakes: 1, Long: true, At: at, Cells: cells}
	}
	everywhere := cross(shares, rates, []float64{1, 2, 5})
	latency := aa(asFast, "both versions take as long to answer, and fail 0.1 %",
		always(alike(Version{Errors: healthy, Answers: answers(wide, 1, tail)})), cross(shares, []float64{slow, usual}, single))
	latency.Answers = true
	busier := aa("aa latency, busier", "answers all take about as long, and of both versions a fifth longer than in the hour before",
		changed(alike(Version{Errors: healthy, Answers: answers(narrow, 1, tail)}), alike(Version{Errors: healthy, Answers: answers(narrow, 1.2, tail)}), 0),
		cross([]int{10, 100}, []float64{slow, usual}, single))
	busier.Answers = true
	usually := slices.Concat(cross(shares, rates, single), cross(shares, []float64{usual}, []float64{2, 5}))
	return []Scenario{
		aa("aa 0.01%", "both versions fail 0.01 % of their attempts", always(alike(Version{Errors: 0.0001})), everywhere),
		aa(asGood, "both versions fail 0.1 % of their attempts", always(alike(Version{Errors: healthy})), usually),
		aa("aa 0.5%", "both versions fail 0.5 % of their attempts", always(alike(Version{Errors: 0.005})), everywhere),
		aa("aa 5%", "both versions fail 5 % of their attempts", always(alike(Version{Errors: 0.05})), everywhere),
		aa("aa daily", "traffic (±80 %) and errors (0.5 % ±50 %) follow the time of day", daily, cross(shares, []float64{slow, usual}, single)),
		latency, busier,
	}
}

// daily swings with the time of day: both are lowest at midnight and highest at noon.
func daily(m Moment) World {
	swing := -math.Cos(m.Hour / 24 * 2 * math.Pi)
	w := alike(Version{Errors: 0.005 * (1 + 0.5*swing)})
	w.Traffic = 1 + 0.8*swing
	return w
}

// sharedFates are good versions beside whose failures stable fails alike.
func sharedFates() []Scenario {
	outage := func(m Moment) World {
		if m.Since >= 120 && m.Since < 180 {
			return alike(Version{Errors: 0.2})
		}
		return alike(Version{Errors: healthy})
	}
	shared := func(name, about string, at func(Moment) World, b *Bursts) Scenario {
		return Scenario{
			Name: name, About: about, Kind: Good, Bake: bake, Bakes: 3, At: at, Bursts: b,
			Cells: slices.Concat(cross(shares, []float64{slow, usual, fast}, single), cross(shares, []float64{usual}, []float64{5})),
		}
	}
	clients := Bursts{Share: 0.005, Seconds: 5, PerSecond: 2}
	sticky := clients
	sticky.Sticky = true
	steady := always(alike(Version{Errors: healthy}))
	return []Scenario{
		shared("shared outage", "both versions fail 20 % for a minute, 2 minutes after the shift", outage, nil),
		shared("bursts", "clients that hammer on a failing URL for 5 s, 2 times a second, are 0.5 % of all attempts", steady, &clients),
		shared("sticky bursts", "the same, and each client meets one version throughout", steady, &sticky),
	}
}
