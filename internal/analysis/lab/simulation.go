package lab

import (
	"fmt"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// simulation is one rollout of a scenario at a cell: the evidence that proxies would report, second by second.
type simulation struct {
	scenario Scenario
	cell     Cell
	random   *random
	start    time.Time
	midnight int // seconds from the last one to the start
	prelude  int // seconds
	checks   []evidence.Check

	now            int // seconds since start; negative in the history
	stable, canary stream
	clients        hammering

	// Since start, of the canary's first attempts: those that failed, and those whose retry on stable failed too.
	failed, hurt uint64
}

// The rollout under trial.
var (
	service   = delivery.ServiceID{Environment: "lab", Name: "shop"}
	oldNumber = delivery.DeploymentID{Service: service, Number: 1}
	newNumber = delivery.DeploymentID{Service: service, Number: 2}
)

func newSimulation(s Scenario, c Cell, seed uint64, run int) *simulation {
	r := newRandom(seed, fmt.Sprint(s.Name, c), run)
	day := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	sim := &simulation{scenario: s, cell: c, random: r, midnight: r.rng.IntN(24 * 3600), prelude: int(s.Prelude / time.Second)}
	sim.start = day.Add(time.Duration(sim.midnight) * time.Second)
	if !s.Unchecked {
		sim.checks = []evidence.Check{{Task: delivery.TaskID{Deployment: newNumber}, Passed: true}}
	}
	return sim
}

// trial is what judges are told first. It holds the hour before the start, which is drawn now.
func (s *simulation) trial() evidence.Trial {
	return evidence.Trial{
		Deployment: newNumber,
		Stable:     oldNumber,
		Policy: delivery.Policy{
			Step: s.cell.Weight, Wait: s.scenario.Bake, KeepPrevious: s.scenario.Bake,
			FailureValue: -1, FailureWindow: 10 * time.Minute,
			NoTraffic: delivery.NoTrafficHold, Retries: delivery.RetryIdempotent,
		},
		Start:  s.start,
		Before: s.history(),
	}
}

// history is stable's last hour, in which it had everything.
func (s *simulation) history() (record evidence.Record) {
	var iv evidence.Interval
	for s.now = -int(evidence.Span / time.Second); s.now < 0; {
		iv.From = s.at(s.now)
		s.second(&iv)
		iv.To = s.at(s.now)
		record.Observe(&iv, &iv.Stable)
	}
	s.failed, s.hurt = 0, 0
	return record
}

// quiet is the rate, in attempts a second, below which seconds without a request are put together, to ten at most.
const quiet = 0.5

// next fills in what happened since the interval before.
func (s *simulation) next(iv *evidence.Interval) {
	iv.From = s.at(s.now)
	s.second(iv)
	for s.cell.Rate < quiet && s.now%10 != 0 && iv.Canary.Caller.Attempts+iv.Stable.Caller.Attempts == 0 {
		s.second(iv)
	}
	iv.To = s.at(s.now)
}

// second plays one second, in place of what the interval held.
func (s *simulation) second(iv *evidence.Interval) {
	w := s.scenario.At(s.moment())
	rate := s.cell.Rate * w.Traffic
	iv.Percent, iv.Shifted, iv.Checks = s.percent(), s.shifted(), s.checks
	share := float64(iv.Percent) / 100
	if w.Canary.Deaf {
		share = 0
	}
	s.now++

	canary, stable := &iv.Canary.Caller, &iv.Stable.Caller
	s.canary.second(s.random, rate*share, w.Canary, s.cell.Phi, canary)
	s.stable.second(s.random, rate*(1-share), w.Stable, s.cell.Phi, stable)
	c, st := s.clients.second(s.random, s.scenario.Bursts, rate, share)
	canary.Attempts, canary.Errors5xx = canary.Attempts+c, canary.Errors5xx+c
	stable.Attempts, stable.Errors5xx = stable.Attempts+st, stable.Errors5xx+st

	s.retry(w.Stable, canary.Errors5xx-c, c, stable)
	iv.Canary.Ingress.Attempts, iv.Canary.Ingress.Errors5xx = canary.Attempts, canary.Errors5xx
	iv.Stable.Ingress.Attempts, iv.Stable.Ingress.Errors5xx = stable.Attempts, stable.Errors5xx
}

// retry tries on stable what the canary failed. What bursts asked for fails there, too.
func (s *simulation) retry(v Version, failed, hopeless uint64, stable *evidence.Counts) {
	again := s.random.binomial(failed, v.Errors) + hopeless
	failed += hopeless
	stable.FallbackServed, stable.FallbackFailed = failed, again
	stable.Attempts, stable.Errors5xx = stable.Attempts+failed, stable.Errors5xx+again
	s.failed, s.hurt = s.failed+failed, s.hurt+again
	if v.Answers != nil {
		for range failed {
			stable.Latency[v.Answers.draw(s.random)]++
		}
	}
}

func (s *simulation) at(second int) time.Time {
	return s.start.Add(time.Duration(second) * time.Second)
}

func (s *simulation) moment() Moment {
	hour := float64((s.midnight+s.now+24*3600)%(24*3600)) / 3600
	return Moment{Since: float64(s.now - s.prelude), Hour: hour}
}

// percent is the canary's weight.
func (s *simulation) percent() int {
	switch {
	case s.now < 0:
		return 0
	case s.now < s.prelude:
		return 10
	}
	return s.cell.Weight
}

// shifted is when the canary was given its present weight.
func (s *simulation) shifted() time.Time {
	if s.now < s.prelude {
		return s.start
	}
	return s.shiftedTo()
}

// shiftedTo is when it is given the weight under test.
func (s *simulation) shiftedTo() time.Time { return s.start.Add(s.scenario.Prelude) }
