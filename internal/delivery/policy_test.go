package delivery_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
)

func TestPolicyCheck(t *testing.T) {
	good := delivery.Policy{Step: 25, FailureValue: -1, FailureWindow: time.Minute, Holdback: 5, Judgement: delivery.Judgement{FalseAlarmRate: 0.01, LatencyTolerance: 1.5, ErrorMargin: 0.01}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*delivery.Policy){
		"the step is 0 %":                 func(p *delivery.Policy) { p.Step = 0 },
		"the holdback is 51 %":            func(p *delivery.Policy) { p.Holdback = 51 },
		"the number of failures is -2":    func(p *delivery.Policy) { p.FailureValue = -2 },
		"a wait is -1s":                   func(p *delivery.Policy) { p.KeepPrevious = -time.Second },
		"failures are counted over 0s":    func(p *delivery.Policy) { p.FailureValue, p.FailureWindow = 0, 0 },
		"failures are counted over -1s":   func(p *delivery.Policy) { p.FailureWindow = -time.Second },
		"the false-alarm rate is 1":       func(p *delivery.Policy) { p.Judgement.FalseAlarmRate = 1 },
		"the false-alarm rate is NaN":     func(p *delivery.Policy) { p.Judgement.FalseAlarmRate = math.NaN() },
		"the percent of failures is 101":  func(p *delivery.Policy) { p.Judgement.FailurePercent = 101 },
		"the latency tolerance is 0.5":    func(p *delivery.Policy) { p.Judgement.LatencyTolerance = 0.5 },
		"the error margin is -0.1":        func(p *delivery.Policy) { p.Judgement.ErrorMargin = -0.1 },
		"a number of attempts is below 0": func(p *delivery.Policy) { p.Judgement.MaxUsersHurt = -1 },
	} {
		p := good
		change(&p)
		if err := p.Check(); !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
}
