package lab

import (
	"time"

	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// Serin gives Serin's own judge, first as it is when nobody asks for anything else, then with what can be asked for.
func Serin() []Contestant {
	return []Contestant{
		serin("serin", delivery.Judgement{}, nil),
		serin("serin latency", delivery.Judgement{LatencyTolerance: 1.5}, func(s Scenario) bool { return s.Answers }),
		serin("serin margin", delivery.Judgement{ErrorMargin: 0.01}, func(s Scenario) bool { return !s.Long && !s.Answers }),
	}
}

func serin(name string, j delivery.Judgement, plays func(Scenario) bool) Contestant {
	return Contestant{
		Name: name, Source: "serin.dev/serin/internal/analysis", Looks: time.Second, Plays: plays,
		New: func(t evidence.Trial) Judge {
			t.Policy.FailureValue, t.Policy.Judgement = -1, j // comparison alone
			return &serinJudge{judge: analysis.New(t)}
		},
	}
}

// serinJudge does what a rollout does with the panel's verdicts.
type serinJudge struct {
	judge *analysis.Panel
	last  evidence.Outcome
}

func (p *serinJudge) Look(iv *evidence.Interval) Decision {
	p.last = p.judge.Observe(iv)
	switch p.last {
	case evidence.Failing:
		return RollBack
	case evidence.SharedFate:
		return Hold
	}
	return GoOn
}

func (p *serinJudge) Promote() bool { return p.last == evidence.Healthy }
