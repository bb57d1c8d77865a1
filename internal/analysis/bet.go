package analysis

import "math"

// thetas are how many times as often as stable the new version may fail for a bet to be the best one; shares are how
// much of a stake is on each. A version that is a little worse must be watched for long whatever the share; one that
// is far worse is to be found at once.
var (
	thetas = [...]odds{oddsOf(1.5), oddsOf(2), oddsOf(4), oddsOf(8), oddsOf(16), oddsOf(64)}
	shares = [len(thetas)]float64{0.1, 0.1, 0.15, 0.2, 0.25, 0.2}
)

// odds are a θ, and its logarithm, which each bet on it needs.
type odds struct{ theta, log float64 }

func oddsOf(theta float64) odds { return odds{theta, math.Log(theta)} }

// bet is a mixture of test martingales against "the new version is no worse", which looks for a change that began at
// any time. Its wealth is an e-process: it starts at 1, and under the null the chance that it ever reaches 1/α is at
// most α (Ville's inequality; Ramdas, Grünwald, Vovk, Shafer: arXiv 2210.01948).
//
// For a bet that pays e_t(θ) in interval t, expected to be at most 1 under the null given the past, the wealth that
// began with a stake w at t0 is w·e_t0·…·e_t. Stakes w_t with a sum of at most 1 are laid as time goes by, so that a
// version that was good for an hour has not gambled away what its first bad second must be found with. Wealth of the
// same θ is multiplied by the same factor, so that one sum is enough, whatever the age:
//
//	S_t(θ) = (S_t-1(θ) + w_t·share(θ))·e_t(θ),    wealth = Σ S_t(θ) + 1 - Σ w
type bet struct {
	staked float64
	sums   [len(thetas)]float64
}

// lay adds a stake, a share of 1; what was laid together is at most 1.
func (b *bet) lay(stake float64) {
	stake = max(0, min(stake, 1-b.staked))
	b.staked += stake
	for i := range b.sums {
		b.sums[i] += stake * shares[i]
	}
}

// settle multiplies by what each θ paid, given as a logarithm.
func (b *bet) settle(pays func(on odds) (logarithm float64)) {
	for i, on := range thetas {
		if b.sums[i] > 0 {
			b.sums[i] = grown(b.sums[i], pays(on))
		}
	}
}

// grown multiplies wealth by what a bet paid, given as a logarithm, and keeps it a number.
func grown(wealth, pay float64) float64 {
	const richest = 1e100
	return min(richest, wealth*math.Exp(pay))
}

// wealth is the e-value: what a stake of 1 has become.
func (b *bet) wealth() float64 {
	sum := 1 - b.staked
	for _, s := range b.sums {
		sum += s
	}
	return sum
}

// stakes divide 1 among the times at which a version may begin to fail: three fifths for the first interval, a fifth
// for the ones after each shift, a fifth for all of time, thinning out as 1/(t·ln²t).
type stakes struct {
	shifts  int
	elapsed float64 // seconds
	left    float64 // of what all of time has
}

// next is the stake for an interval of that many seconds; shifted tells that it is the first at another share.
func (s *stakes) next(seconds float64, shifted bool) (stake float64) {
	const head = 10 // seconds; before, the first stake is what counts
	switch {
	case s.elapsed == 0:
		s.left = 0.2
		stake = 0.6
	case shifted:
		s.shifts++
		stake = 0.2 / float64(s.shifts*(s.shifts+1))
	}
	s.elapsed += max(seconds, math.SmallestNonzeroFloat64)
	left := 0.2 * math.Log(head) / math.Log(head+s.elapsed)
	stake += s.left - left
	s.left = left
	return stake
}
