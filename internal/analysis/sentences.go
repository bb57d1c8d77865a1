package analysis

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// sentence joins all reasons to roll back.
func sentence(alarms []alarm) string {
	reasons := make([]string, len(alarms))
	for i, a := range alarms {
		reasons[i] = a.reason
	}
	return strings.Join(reasons, "; and ")
}

// shown is the time whose numbers people are told: since the shift, or since the start when most of what speaks
// against the version was before the shift.
func (p *Panel) shown() tallied {
	if p.shift.canary.caller.failed() >= p.before.canary.caller.failed() {
		return p.shift
	}
	whole := p.before
	whole.add(&p.shift)
	return whole
}

// basis is what the comparison rests on. The evidence is held against the whole false-alarm rate, of which the record
// has its part: so much less is what it says.
func (p *Panel) basis(against float64) evidence.Basis {
	t := p.shown()
	canary, stable := t.canary.caller.first(), t.stable.caller.first()
	return evidence.Basis{
		CanaryAttempts: uint64(canary.n), CanaryFailed: uint64(canary.bad), StableAttempts: uint64(stable.n), StableFailed: uint64(stable.bad),
		Since: t.since, Against: against * p.alpha / falseAlarmRate(p.trial), FalseAlarmRate: falseAlarmRate(p.trial),
	}
}

// compared says by how much the version did worse than stable.
func (p *Panel) compared(judge string, g *glance) string {
	odds := fmt.Sprintf("; false-alarm rate at most %.4g %%", 100*falseAlarmRate(p.trial))
	t := p.shown()
	took := span(g.to.Sub(t.since))
	canary, stable := t.canary.caller.first(), t.stable.caller.first()
	failed := fmt.Sprintf("canary failed %.0f of %s", canary.bad, attempts(uint64(canary.n)))
	switch {
	case judge == "latency":
		return p.latency.sentence() + odds
	case stable.n > 0:
		return fmt.Sprintf("%s, stable %.0f of %.0f in the same %s%s", failed, stable.bad, stable.n, took, odds)
	}
	before := p.sequential.record.total
	return fmt.Sprintf("%s in %s, stable %.0f of %.0f before: nothing goes to stable now, so what would hit both cannot be told apart%s",
		failed, took, before.bad, before.n, odds)
}

// fine says why nothing speaks against the version.
func (p *Panel) fine() string {
	canary, stable := p.shift.canary.caller.first(), p.shift.stable.caller.first()
	if canary.n == 0 {
		canary = pair{float64(p.shift.canary.attempts()), float64(p.shift.canary.failed())}
	}
	text := attempts(uint64(canary.n)) + " since the shift"
	if canary.bad > 0 || p.trial.Policy.FailureValue < 0 {
		text += ", " + whole(canary.bad) + " of them failed"
	}
	if stable.n > 0 {
		text += ", " + whole(stable.bad) + " of stable's " + whole(stable.n)
	}
	return text + p.threshold.allowance()
}

func whole(n float64) string { return strconv.FormatUint(uint64(n), 10) }

func falseAlarmRate(t evidence.Trial) float64 {
	return cmp.Or(t.Policy.Judgement.FalseAlarmRate, delivery.DefaultFalseAlarmRate)
}
