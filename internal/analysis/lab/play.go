package lab

import (
	"time"

	"serin.dev/serin/internal/evidence"
)

// End is how a rollout ended.
type End string

const (
	RolledBack End = "rolled_back"
	Promoted   End = "promoted"
	Held       End = "held"    // the judge wants somebody to look
	Waiting    End = "waiting" // the judge has said neither yes nor no
)

// outcome is what one contestant made of one run.
type outcome struct {
	end End
	// after is the time until the end: of a rollback since the failure began, or since the shift in a good version;
	// of all else since the shift. A rollback before the failure began has a negative one.
	after        time.Duration
	failed, hurt uint64 // canary attempts that failed until then; those whose retry on stable failed, too
}

// player is a contestant in a run.
type player struct {
	judge Judge
	last  Decision
	ended bool
	outcome
}

// play plays one run: the same evidence for all contestants, each of which leaves when it has decided.
func play(sim *simulation, contestants []Contestant) []outcome {
	players := seat(sim.trial(), contestants)
	shift := sim.shiftedTo()
	var iv evidence.Interval
	for n := range sim.scenario.Bakes {
		end := shift.Add(time.Duration(n+1) * sim.scenario.Bake)
		for watching(players) && iv.To.Before(end) {
			sim.next(&iv)
			for _, p := range players {
				if p.look(&iv) {
					p.leave(sim, RolledBack, iv.To.Sub(shift)-sim.scenario.Onset)
				}
			}
		}
		for _, p := range players {
			if p.promotes() {
				p.leave(sim, Promoted, iv.To.Sub(shift))
			}
		}
	}
	return outcomes(players, sim, iv.To.Sub(shift))
}

func seat(t evidence.Trial, contestants []Contestant) []*player {
	players := make([]*player, len(contestants))
	for i, c := range contestants {
		players[i] = &player{judge: c.New(t)}
	}
	return players
}

func watching(players []*player) bool {
	for _, p := range players {
		if !p.ended {
			return true
		}
	}
	return false
}

// look shows the judge an interval, and tells whether it wants to roll back.
func (p *player) look(iv *evidence.Interval) bool {
	if !p.ended {
		p.last = p.judge.Look(iv)
		return p.last == RollBack
	}
	return false
}

// promotes asks, at the end of a bake.
func (p *player) promotes() bool { return !p.ended && p.last != Hold && p.judge.Promote() }

func (p *player) leave(sim *simulation, end End, after time.Duration) {
	p.ended, p.outcome = true, outcome{end, after, sim.failed, sim.hurt}
}

// outcomes ends the run for those who have not decided.
func outcomes(players []*player, sim *simulation, after time.Duration) []outcome {
	all := make([]outcome, len(players))
	for i, p := range players {
		switch {
		case p.ended:
		case p.last == Hold:
			p.leave(sim, Held, after)
		default:
			p.leave(sim, Waiting, after)
		}
		all[i] = p.outcome
	}
	return all
}
