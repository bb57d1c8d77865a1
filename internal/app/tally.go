package app

import "maps"

// tally counts the ends of one service's things, of all time, and reads each only until it is settled. Things are
// numbered ascending; one that has ended stays so.
type tally struct {
	upTo    int64          // the things up to this number have ended, and are counted in settled
	settled map[string]int // by outcome
}

// ending is a thing that has ended, or will.
type ending struct {
	number  int64
	outcome string
	ended   bool
}

// count gives how many have ended, by outcome. read gives the newest things, newest first, at most limit.
func (t *tally) count(read func(limit int) ([]ending, error)) (map[string]int, error) {
	newest, err := t.unsettled(read)
	if err != nil {
		return nil, err
	}
	if t.settled == nil {
		t.settled = map[string]int{}
	}
	for len(newest) > 0 && newest[len(newest)-1].ended { // from the oldest on
		oldest := newest[len(newest)-1]
		t.upTo = oldest.number
		t.settled[oldest.outcome]++
		newest = newest[:len(newest)-1]
	}
	counts := maps.Clone(t.settled)
	for _, thing := range newest {
		if thing.ended {
			counts[thing.outcome]++
		}
	}
	return counts, nil
}

// unsettled reads as far back as what is settled.
func (t *tally) unsettled(read func(limit int) ([]ending, error)) ([]ending, error) {
	for limit := 32; ; limit *= 8 {
		newest, err := read(limit)
		if err != nil {
			return nil, err
		}
		for i, thing := range newest {
			if thing.number <= t.upTo {
				return newest[:i], nil
			}
		}
		if len(newest) < limit {
			return newest, nil
		}
	}
}
