package specfile_test

import (
	"errors"
	"strings"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
)

func TestResultIsByLine(t *testing.T) {
	c := specfile.NewCollector("f")
	c.Errorf(9, "b", "second")
	c.Add(specfile.Refused, 2, "a", "first")
	c.Errorf(9, "b", "second")
	c.Warnf(3, "", "a warning")
	notes, err := c.Result()
	if want := "f:2: a: first\nf:9: b: second"; !errors.Is(err, delivery.Invalid) || err.Error() != want {
		t.Errorf("%q", err)
	}
	if len(notes) != 1 || notes[0].String() != "f:3: a warning" || !c.Failed() {
		t.Error(notes)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	c := specfile.NewCollector("f")
	for line := range 10_000 {
		c.Errorf(line, "", "wrong")
	}
	_, err := c.Result()
	if problems, _ := errors.AsType[specfile.Problems](err); len(problems) != 200 {
		t.Error(len(problems))
	}
	if hint := c.Hint(specfile.Error, "Prt", func() []string { return []string{"Port"} }); hint != "" {
		t.Error(hint)
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"Port", "Protocol", "PercentageStep"}
	for name, want := range map[string]string{
		"port": "Port", "Pord": "Port", "Protocoll": "Protocol", "PercentStep": "", "PercentagStep": "PercentageStep", "X": "",
		strings.Repeat("x", 1000): "",
	} {
		got := specfile.DidYouMean(name, known...)
		if want != "" {
			want = " (did you mean " + want + "?)"
		}
		if got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestYAML(t *testing.T) {
	c := specfile.NewCollector("f")
	root, ok := c.YAML([]byte("\ufeffa: &x {b: 1}\nc: *x\na: 2\n"))
	if !ok {
		t.Fatal(c.Result())
	}
	if a, ok := specfile.Lookup(root, "a"); !ok || a.Value != "2" {
		t.Error("the last a must stay")
	}
	if x, ok := specfile.Lookup(root, "c"); !ok || len(x.Content) != 2 {
		t.Error("aliases must be resolved")
	}
	if _, ok := specfile.Lookup(root, "d"); ok {
		t.Error("there is no d")
	}
}

func TestLineOf(t *testing.T) {
	for offset, want := range map[int]int{-1: 1, 0: 1, 1: 1, 2: 2, 99: 3} {
		if got := specfile.LineOf([]byte("a\nb\nc"), offset); got != want {
			t.Errorf("%d: %d", offset, got)
		}
	}
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte("a: &x [b, *x]\n"))
	f.Add([]byte("<<: {a: b}\n? [c]\n: d\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := specfile.NewCollector("f")
		root, ok := c.YAML(data)
		if _, err := c.Result(); ok != (err == nil) {
			t.Fatalf("ok is %v and the error %v", ok, err)
		}
		if ok {
			for k := range specfile.Pairs(root) {
				if _, found := specfile.Lookup(root, k.Value); !found {
					t.Fatal(k.Value)
				}
			}
		}
	})
}
