package analysis

import (
	"fmt"

	"serin.dev/serin/internal/delivery"
)

// budget bounds what one rollout may cost, whatever the comparison says: attempts that the new version failed, and
// users who met such a failure because no retry saved them.
type budget struct {
	judgement      delivery.Judgement
	canary, stable counts // as callers saw them, since the start
}

// look takes an interval, and gives a sentence when the budget is spent.
func (b *budget) look(g *glance) string {
	if b.judgement.MaxFailedAttempts == 0 && b.judgement.MaxUsersHurt == 0 {
		return ""
	}
	b.canary.add(g.canary.caller)
	b.stable.add(g.stable.caller)
	failed := uint64(b.canary.first().bad)
	if most := b.judgement.MaxFailedAttempts; most > 0 && failed > uint64(most) {
		return fmt.Sprintf("it failed %s, its rollout may cost %d", attempts(failed), most)
	}
	if most, hurt := b.judgement.MaxUsersHurt, b.hurt(); most > 0 && hurt > uint64(most) {
		return fmt.Sprintf("%d of the %s that it failed were not saved by a retry, its rollout may cost %d", hurt, attempts(failed), most)
	}
	return ""
}

// hurt is how many of the new version's failures no retry saved. Retries do not say whose failure they follow: those
// that saved nobody are divided as the failures are.
func (b *budget) hurt() uint64 {
	canary, stable := uint64(b.canary.first().bad), uint64(b.stable.first().bad)
	if canary == 0 {
		return 0
	}
	all := canary + stable
	lost := all - min(all, b.canary.saved()+b.stable.saved())
	return (lost*canary + all - 1) / all
}
