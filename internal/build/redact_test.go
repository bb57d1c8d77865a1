package build

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"whole", "a hunter22 b", "a *** b"},
		{"twice", "hunter22hunter22", "******"},
		{"its beginning alone is text", "hunter2 hunt", "hunter2 hunt"},
		{"none", "nothing", "nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for size := 1; size <= len(test.text); size++ { // however the writes cut it
				var out strings.Builder
				r := redact(&out, []string{"hunter22", "abc"})
				for text := test.text; text != ""; {
					n := min(size, len(text))
					if _, err := r.Write([]byte(text[:n])); err != nil {
						t.Fatal(err)
					}
					text = text[n:]
				}
				if err := r.Flush(); err != nil {
					t.Fatal(err)
				}
				if out.String() != test.want {
					t.Errorf("in writes of %d: %q, want %q", size, out.String(), test.want)
				}
			}
		})
	}
}
