package sqlite

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"

	"serin.dev/serin/internal/evidence"
)

// latency is an evidence.Latency as a column: the buckets as varints, those after the last that is not zero left out;
// NULL when all are zero. A reading of a busy deployment takes some 40 bytes.
type latency evidence.Latency

// Value writes it.
func (l latency) Value() (driver.Value, error) {
	var text []byte
	end := 0
	for _, n := range l {
		text = binary.AppendUvarint(text, n)
		if n > 0 {
			end = len(text)
		}
	}
	if end == 0 {
		return nil, nil
	}
	return text[:end], nil
}

// Scan reads it.
func (l *latency) Scan(column any) error {
	*l = latency{}
	text, ok := column.([]byte)
	if !ok && column != nil {
		return fmt.Errorf("a latency is a %T", column)
	}
	for i := 0; len(text) > 0; i++ {
		n, size := binary.Uvarint(text)
		if size <= 0 || i == len(l) {
			return fmt.Errorf("a latency of %d bytes cannot be read from bucket %d on", len(column.([]byte)), i)
		}
		l[i], text = n, text[size:]
	}
	return nil
}
