package analysis

import "testing"

// A record takes what was tried: of stable, its failures and whether there was any; of the new version, its failures.
func TestRecordTakesWhatWasTried(t *testing.T) {
	var r record
	r.add(pair{10, 2}, pair{100, 7})
	r.add(pair{10, 1}, pair{})
	r.add(pair{}, pair{100, 0})
	if r.total != (pair{200, 7}) || r.errors.Fine.K != 7 || r.events.Fine.K != 1 || r.events.Fine.N != 2 || r.canary.Fine.K != 3 || r.canary.Fine.N != 20 {
		t.Errorf("it is %+v", r)
	}
}
