package buildspec_test

import (
	"errors"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/buildspec"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("version: 0.2\nphases: {build: {commands: [&a [*a]]}}"))
	f.Add([]byte("version: 0.2\nphases: &a\n  build: *a\n"))
	f.Add([]byte("version: 0.2\nenv: {variables: {<<: {a: b}}}\n"))
	f.Add([]byte("!!binary x: ? [y]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _, err := buildspec.Parse("build.yml", data)
		if err != nil {
			if !errors.Is(err, delivery.Invalid) {
				t.Fatalf("%v is not Invalid", err)
			}
			return
		}
		if len(s.Phases) == 0 {
			t.Fatal("no phases and no error")
		}
		for _, p := range s.Phases {
			for _, c := range p.Commands {
				if c.Text == "" || c.Line < 1 {
					t.Fatalf("%+v", c)
				}
			}
		}
	})
}
