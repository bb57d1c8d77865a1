package analysis

import (
	"math"
	"math/rand/v2"
	"testing"
)

// What is laid sums to 1 at most, whatever the shifts and however long it takes, and most of it early.
func TestStakes(t *testing.T) {
	var s stakes
	first := s.next(1, true)
	if first < 0.6 {
		t.Errorf("the first stake is %g", first)
	}
	sum := first
	for second := range 1_000_000 {
		stake := s.next(1, second%600 == 599)
		if stake <= 0 {
			t.Fatalf("in second %d the stake is %g", second, stake)
		}
		sum += stake
	}
	if sum >= 1 {
		t.Errorf("the stakes sum to %g", sum)
	}
	if late := s.next(1e9, false); late <= 0 || sum+late > 1 {
		t.Errorf("after all of time %g is laid beside %g", late, sum)
	}
}

func TestBet(t *testing.T) {
	var b bet
	if b.wealth() != 1 {
		t.Errorf("it begins with %g", b.wealth())
	}
	b.lay(0.5)
	b.settle(func(odds) float64 { return math.Log(3) })
	if got := b.wealth(); math.Abs(got-2) > 1e-12 {
		t.Errorf("half of it tripled is %g", got)
	}
	b.lay(9)
	if got := b.wealth(); math.Abs(got-2) > 1e-12 {
		t.Errorf("laying what is left makes %g of it", got)
	}
	if b.staked != 1 {
		t.Errorf("of a stake of 1, %g are laid", b.staked)
	}
	b.settle(func(odds) float64 { return math.Log(2) })
	if got := b.wealth(); math.Abs(got-4) > 1e-12 {
		t.Errorf("doubled it is %g", got)
	}
	for range 1000 {
		b.settle(func(odds) float64 { return 100 })
	}
	if got := b.wealth(); math.IsInf(got, 0) || math.IsNaN(got) || got < 1e99 {
		t.Errorf("endless luck makes %g of it", got)
	}
}

// In a fair game the wealth reaches 1/α in at most α of all games, stakes laid over time included.
func TestBetIsFair(t *testing.T) {
	const games, alpha, chance = 4000, 0.05, 0.1
	rng := rand.New(rand.NewPCG(3, 4))
	reached := 0
	for range games {
		var b bet
		var s stakes
		for second := range 200 {
			b.lay(s.next(1, second == 50))
			happened := rng.Float64() < chance
			b.settle(func(on odds) float64 { return payOne(on, happened, chance) })
			if b.wealth() >= 1/alpha {
				reached++
				break
			}
		}
	}
	if most := games*alpha + 3*math.Sqrt(games*alpha); float64(reached) > most {
		t.Errorf("%d of %d games were won, at most %g may", reached, games, games*alpha)
	}
	if reached == 0 {
		t.Error("no game was won: it is no bet")
	}
}
