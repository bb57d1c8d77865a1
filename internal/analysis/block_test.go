package analysis

import "testing"

// A block is whole when both versions were tried, when nothing is beside the new one, or when too many wait.
func TestBlockIsWhole(t *testing.T) {
	for _, test := range []struct {
		name    string
		percent int
		first   float64
		beside  float64
		want    bool
	}{
		{"both tried", 25, 1, 1, true},
		{"stable alone", 25, 0, 5, false},
		{"the new one alone", 25, alone - 1, 0, false},
		{"too many of the new one alone", 25, alone, 0, true},
		{"all traffic", 100, 1, 0, true},
	} {
		var b block
		if got := b.add(&glance{percent: test.percent, first: pair{n: test.first}, beside: pair{n: test.beside}}); got != test.want {
			t.Errorf("%s: whole is %t", test.name, got)
		}
	}
}

// The first block of another share says so, and only it; the very first does not.
func TestBlockKnowsAShift(t *testing.T) {
	var b block
	for i, test := range []struct {
		percent int
		shifted bool
	}{{25, false}, {25, false}, {50, true}, {50, false}} {
		b.add(&glance{percent: test.percent, first: pair{n: 1}, beside: pair{n: 1}})
		if got := b.take(); got.shifted != test.shifted {
			t.Errorf("block %d, at %d %%: shifted is %t", i, test.percent, got.shifted)
		}
	}
}
