package specfile

import (
	"bytes"
	"unicode/utf8"
)

// What a spec file may be at most.
const (
	MaxSize  = 1 << 20 // bytes
	MaxDepth = 64      // lists and maps within each other
	MaxNodes = 100_000 // scalars, lists and maps, each alias counted as what it stands for
)

// Text checks that data is a text of a bearable size and gives it without a byte order mark. It records what is
// wrong and gives false otherwise.
func (c *Collector) Text(data []byte) ([]byte, bool) {
	if len(data) > MaxSize {
		c.Errorf(0, "", "the file has %d bytes: at most %d (1 MiB) are read", len(data), MaxSize)
		return nil, false
	}
	if at := invalid(data); at >= 0 {
		c.Errorf(LineOf(data, at), "", "byte %#x is no UTF-8 text: save the file as UTF-8", data[at])
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		c.Errorf(0, "", "the file is empty")
		return nil, false
	}
	return data, true
}

// invalid gives the offset of the first byte that is not UTF-8 text, NUL included, or -1.
func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// LineOf gives the line, from 1, of the byte at offset.
func LineOf(data []byte, offset int) int {
	return 1 + bytes.Count(data[:max(0, min(offset, len(data)))], []byte("\n"))
}
