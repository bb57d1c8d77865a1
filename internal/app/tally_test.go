package app

import (
	"errors"
	"maps"
	"testing"
)

func TestATallyCountsEachEndOnce(t *testing.T) {
	var all []ending // oldest first
	most := 0        // the largest reading
	read := func(limit int) ([]ending, error) {
		var newest []ending
		for i := len(all) - 1; i >= 0 && len(newest) < limit; i-- {
			newest = append(newest, all[i])
		}
		most = max(most, len(newest))
		return newest, nil
	}
	tally := &tally{}
	expect := func(what string, want map[string]int) {
		t.Helper()
		for range 2 { // asking changes nothing
			if got, err := tally.count(read); err != nil || !maps.Equal(got, want) {
				t.Errorf("%s: %v, %v, want %v", what, got, err, want)
			}
		}
	}
	expect("nothing yet", map[string]int{})
	for n := range int64(1000) {
		all = append(all, ending{n + 1, "good", true})
	}
	expect("a long history", map[string]int{"good": 1000})
	if most != 1000 {
		t.Errorf("%d were read of 1000", most)
	}
	most = 0
	all = append(all, ending{1001, "", false}, ending{1005, "bad", true})
	expect("one under way, and a newer one that has ended", map[string]int{"good": 1000, "bad": 1})
	all[1000] = ending{1001, "good", true}
	expect("all ended", map[string]int{"good": 1001, "bad": 1})
	if most > 32 {
		t.Errorf("%d were read again", most)
	}
	if _, err := tally.count(func(int) ([]ending, error) { return nil, errors.New("the disk says no") }); err == nil {
		t.Error("an error was passed over")
	}
}
