package analysis

import (
	"time"

	"serin.dev/serin/internal/evidence"
)

// Panel judges one rollout.
type Panel struct {
	trial evidence.Trial
	alpha float64 // what the comparisons' wealth is held against: the false-alarm rate less what the record may err

	threshold      *threshold
	sequential     *sequential
	latency        *latency // nil: not judged
	budget         *budget
	absence        *absence
	sharedFate     *sharedFate
	noninferiority *noninferiority

	percent      int
	shifted      time.Time
	whole, shift tallied // since the start, and since the shift
}

// tallied is what was counted of both versions since some time.
type tallied struct {
	since          time.Time
	canary, stable views
}

func (t *tallied) add(g *glance) {
	t.canary.add(g.canary)
	t.stable.add(g.stable)
}

// recordShare is the part of the false-alarm rate that the bound for stable's record has.
const recordShare = 0.1

// latencyShare is the part of the comparisons' stake that latency has, where it is judged.
const latencyShare = 0.25

// New begins to judge a rollout.
func New(t evidence.Trial) *Panel {
	rate := falseAlarmRate(t)
	delta := recordShare * rate
	p := &Panel{
		trial: t, alpha: rate - delta,
		threshold:      newThreshold(t.Policy),
		sequential:     newSequential(t, delta),
		budget:         &budget{judgement: t.Policy.Judgement},
		absence:        &absence{},
		sharedFate:     newSharedFate(delta),
		noninferiority: &noninferiority{margin: t.Policy.Judgement.ErrorMargin},
		whole:          tallied{since: t.Start},
		shift:          tallied{since: t.Start},
	}
	if t.Policy.Judgement.LatencyTolerance > 0 {
		p.latency = newLatency(t)
	}
	return p
}

// Look takes the next interval, and gives the verdict on all until its end.
func (p *Panel) Look(iv evidence.Interval) evidence.Verdict {
	glanced := glanceAt(&iv)
	g := &glanced
	p.count(g)
	before := p.sequential.record
	judge, against := p.compare(g, &iv)
	alarms := p.alarms(g, judge, against)
	shared := p.sharedFate.look(g, &before)
	missing := p.absence.look(g)
	enough, awaited, more, after := p.noninferiority.look(g, &before)

	v := evidence.Verdict{Checked: passed(iv.Checks), Basis: p.basis(against)}
	decide := func(o evidence.Outcome, judge, reason string) evidence.Verdict {
		v.Outcome, v.Judge, v.Reason = o, judge, reason
		return v
	}
	switch {
	case len(alarms) > 0:
		return decide(evidence.Failing, alarms[0].judge, sentence(alarms))
	case shared != "":
		return decide(evidence.SharedFate, "shared fate", shared)
	case missing != "":
		return decide(evidence.NotEnough, "absence", missing)
	case p.shift.canary.attempts() == 0:
		o, reason := quiet(p.trial, iv, p.shift.stable.attempts(), p.whole.canary.attempts()+p.whole.stable.attempts())
		if o == evidence.NotEnough {
			v.More, v.Thin = 1, true
		}
		return decide(o, "health", reason)
	case p.shift.canary.failed() >= p.shift.canary.attempts():
		v.More = 1
		return decide(evidence.NotEnough, "health", "since the shift nothing succeeded: it failed "+attempts(p.shift.canary.failed()))
	case !enough && !p.trial.First():
		v.More, v.After, v.Thin = more, after, more > 0
		return decide(evidence.NotEnough, "noninferiority", awaited)
	}
	return decide(evidence.Healthy, "sequential", p.fine())
}

// count keeps what happened at all, and since every proxy has acknowledged the present share.
func (p *Panel) count(g *glance) {
	p.whole.add(g)
	if g.percent != p.percent || !g.shifted.Equal(p.shifted) {
		p.percent, p.shifted, p.shift = g.percent, g.shifted, tallied{since: g.from}
	}
	if !g.from.Before(g.shifted) {
		p.shift.add(g)
	}
}

// alarm is a reason to roll back.
type alarm struct{ judge, reason string }

// alarms asks everybody who may send the version back. Each is asked at each interval, whatever the others say. The
// comparison comes first: its sentence says most.
func (p *Panel) alarms(g *glance, judge string, against float64) (all []alarm) {
	raise := func(judge, reason string) {
		if reason != "" {
			all = append(all, alarm{judge, reason})
		}
	}
	if against*p.alpha >= 1 {
		raise(judge, p.compared(judge, g))
	}
	raise("health", sick(g.checks))
	raise("threshold", p.threshold.look(g))
	raise("budget", p.budget.look(g))
	return all
}

// compare gives the comparisons' joint wealth, and whose is the most.
func (p *Panel) compare(g *glance, iv *evidence.Interval) (judge string, against float64) {
	errors := p.sequential.look(g)
	if p.latency == nil {
		return "sequential", errors
	}
	slow := p.latency.look(g, &iv.Canary.Caller.Latency, &iv.Stable.Caller.Latency)
	against = (1-latencyShare)*errors + latencyShare*slow
	if latencyShare*slow > (1-latencyShare)*errors {
		return "latency", against
	}
	return "sequential", against
}
