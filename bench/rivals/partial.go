package rivals

import (
	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

// partial is a rule that watches only while the new version has a part of the traffic: whatever it does when it has
// all of it, nobody looks any more.
type partial struct {
	lab.Judge
	over bool
}

func whilePartial(j lab.Judge) lab.Judge { return &partial{Judge: j} }

func (p *partial) Look(iv *evidence.Interval) lab.Decision {
	if p.over = iv.Percent >= 100; p.over {
		return lab.GoOn
	}
	return p.Judge.Look(iv)
}

func (p *partial) Promote() bool { return p.over || p.Judge.Promote() }
