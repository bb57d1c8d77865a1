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

	percent       int
	shifted       time.Time
	before, shift tallied // until the shift, while it went on included, and since
	last          finding
}

// tallied is what was counted of both versions since some time.
type tallied struct {
	since          time.Time
	canary, stable views
}

func (t *tallied) add(u *tallied) {
	t.canary.add(u.canary)
	t.stable.add(u.stable)
}

// recordShare is the part of the false-alarm rate that the bound for stable's record has.
const recordShare = 0.1

// latencyShare is the part of the comparisons' stake that latency has, where it is judged.
const latencyShare = 0.25

// New begins to judge a rollout.
func New(t evidence.Trial) *Panel {
	rate := falseAlarmRate(t)
	delta := recordShare * rate
	alpha := rate - delta
	var answers *latency
	if t.Policy.Judgement.LatencyTolerance > 0 {
		delta /= 2 // the record of answers' times may err, too
		answers = newLatency(t, delta)
	}
	return &Panel{
		trial: t, alpha: alpha,
		threshold:      newThreshold(t.Policy),
		sequential:     newSequential(t, delta),
		latency:        answers,
		budget:         &budget{judgement: t.Policy.Judgement},
		absence:        &absence{},
		sharedFate:     newSharedFate(delta),
		noninferiority: &noninferiority{margin: t.Policy.Judgement.ErrorMargin},
		before:         tallied{since: t.Start},
		shift:          tallied{since: t.Start},
	}
}

// Look takes the next interval, and gives the verdict on all until its end.
func (p *Panel) Look(iv evidence.Interval) evidence.Verdict {
	p.Observe(&iv)
	return p.Verdict()
}

// Observe takes the next interval, which it neither changes nor keeps, and gives the outcome alone. [Panel.Verdict]
// puts it into words, which takes longer than finding it.
func (p *Panel) Observe(iv *evidence.Interval) evidence.Outcome {
	glanced := glanceAt(iv)
	g := &glanced
	p.count(g)
	shared := p.sharedFate.look(g, &p.sequential.record) // before the comparison, which adds the interval to it
	enough := p.noninferiority.look(g, &p.sequential.record)
	missing := p.absence.look(g)
	judge, against := p.compare(g, iv)
	alarms := p.alarms(g, judge, against)

	p.last = finding{checked: passed(iv.Checks), against: against}
	f := &p.last
	switch {
	case len(alarms) > 0:
		f.outcome, f.judge, f.reason = evidence.Failing, alarms[0].judge, sentence(alarms)
	case shared != "":
		f.outcome, f.judge, f.reason = evidence.SharedFate, "shared fate", shared
	case missing != "":
		f.outcome, f.judge, f.reason = evidence.NotEnough, "absence", missing
	case p.shift.canary.attempts() == 0:
		f.outcome, f.reason = quiet(p.trial, iv, p.shift.stable.attempts(), p.before.canary.attempts()+p.before.stable.attempts())
		f.judge, f.thin = "health", f.outcome == evidence.NotEnough
	case p.shift.canary.failed() >= p.shift.canary.attempts():
		f.outcome, f.judge, f.reason = evidence.NotEnough, "health", "since the shift nothing succeeded: it failed "+attempts(p.shift.canary.failed())
	case !enough && !p.trial.First():
		f.outcome, f.judge = evidence.NotEnough, "noninferiority"
	default:
		f.outcome, f.judge = evidence.Healthy, "sequential"
	}
	return f.outcome
}

// finding is what a look found. Sentences that each look would have another one of are left to be written.
type finding struct {
	outcome       evidence.Outcome
	judge, reason string
	checked, thin bool
	against       float64
}

// Verdict puts the last look into words.
func (p *Panel) Verdict() evidence.Verdict {
	f := p.last
	v := evidence.Verdict{Outcome: f.outcome, Judge: f.judge, Reason: f.reason, Checked: f.checked, Thin: f.thin, Basis: p.basis(f.against)}
	switch {
	case f.judge == "noninferiority":
		v.Reason, v.More, v.After = p.noninferiority.missing()
		v.Thin = v.More > 0
	case f.outcome == evidence.Healthy && v.Reason == "":
		v.Reason = p.fine()
	case f.outcome == evidence.NotEnough && f.judge == "health":
		v.More = 1
	}
	return v
}

// count keeps what happened at all, and since every proxy has acknowledged the present share.
func (p *Panel) count(g *glance) {
	if g.percent != p.percent || !g.shifted.Equal(p.shifted) {
		p.before.add(&p.shift)
		p.percent, p.shifted, p.shift = g.percent, g.shifted, tallied{since: g.from}
	}
	now := &p.before
	if !g.from.Before(g.shifted) {
		now = &p.shift
	}
	now.canary.add(g.canary)
	now.stable.add(g.stable)
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
