package analysis

// block joins intervals until both versions had attempts in them, where both should: at one request a minute hardly
// any second has one of each. When it is whole depends on attempts alone, never on how they ended.
type block struct {
	canary, stable pair
	seconds        float64
	percent        int
	known, shifted bool
}

// alone is how many attempts of the new version are not kept waiting any longer for one of stable's.
const alone = 100

// wait adds time in which nothing happened.
func (b *block) wait(g *glance) { b.seconds += g.seconds }

func (b *block) empty() bool { return b.canary.n+b.stable.n == 0 }

// add adds an interval, and tells whether the block is whole.
func (b *block) add(g *glance) bool {
	if b.known && g.percent != b.percent {
		b.shifted = true
	}
	b.known, b.percent = true, g.percent
	b.canary = b.canary.add(g.first)
	b.stable = b.stable.add(g.beside)
	b.seconds += g.seconds
	if b.canary.n == 0 {
		return false
	}
	return b.stable.n > 0 || g.percent == 100 || b.canary.n >= alone
}

// take gives the block and begins the next.
func (b *block) take() block {
	whole := *b
	*b = block{percent: b.percent, known: b.known}
	return whole
}
