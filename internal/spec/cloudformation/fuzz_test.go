package cloudformation_test

import (
	"errors"
	"strings"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/cloudformation"
)

func FuzzEvaluate(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(valued("!Sub ['${a}${!b}', {a: !Join ['-', [!Ref Port, !Select [1, !Split [',', 'a,b']]]]}]")))
	f.Add([]byte("Conditions: {A: !Not [!Condition B], B: !Or [!Condition A, !Equals [a, !Ref Port]]}\n" + valued("!If [A, a, !Ref AWS::NoValue]")))
	f.Add([]byte("Mappings: {M: &a {k: {v: [a]}, w: *a}}\n" + valued("!FindInMap [M, k, v]")))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, _, err := cloudformation.Evaluate("t.yaml", data, given)
		if err != nil {
			if !errors.Is(err, delivery.Invalid) {
				t.Fatalf("%v is not Invalid", err)
			}
			return
		}
		if len(w.Containers) == 0 || w.App == "" || w.Port < 1 || w.Port > 65535 || w.Replicas < 0 || w.Check.Port == 0 {
			t.Fatalf("%+v", w)
		}
		for _, c := range w.Containers {
			for k, v := range c.Environment {
				if strings.Contains(k+v, "\x00") {
					t.Fatalf("a placeholder in %q=%q", k, v)
				}
			}
			if c.Name == "" || c.Image == "" || strings.Contains(c.Image, "\x00") {
				t.Fatalf("%+v", c)
			}
		}
	})
}
