package sqlite

import (
	"testing"

	"serin.dev/serin/internal/evidence"
)

func TestLatencyThatCannotBeRead(t *testing.T) {
	for name, column := range map[string]any{
		"cut off":          []byte{1, 0x80},
		"too many buckets": make([]byte, evidence.Buckets+1),
		"too large":        []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"no bytes":         "1",
	} {
		if err := new(latency).Scan(column); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
