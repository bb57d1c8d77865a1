package evidence_test

import (
	"encoding/json"
	"testing"

	"serin.dev/serin/internal/evidence"
)

// A latency is written without the buckets that nothing is in behind the last one used, and read with or without them.
func TestLatencyAsJSON(t *testing.T) {
	for _, test := range []struct {
		latency       evidence.Latency
		written, also string
	}{
		{evidence.Latency{}, "[]", "[0,0]"},
		{evidence.Latency{2: 7}, "[0,0,7]", "[0,0,7,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"},
		{evidence.Latency{30: 1}, "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]", ""},
	} {
		written, err := json.Marshal(test.latency)
		if err != nil || string(written) != test.written {
			t.Errorf("%v is written as %s, %v", test.latency, written, err)
		}
		for _, text := range []string{test.written, test.also} {
			read := evidence.Latency{1: 9} // what was there before
			if err := json.Unmarshal([]byte(text), &read); text != "" && (err != nil || read != test.latency) {
				t.Errorf("%s is read as %v, %v", text, read, err)
			}
		}
	}
}
