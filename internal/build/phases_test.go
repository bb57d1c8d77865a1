package build

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"serin.dev/serin/internal/spec/buildspec"
)

// phase makes a phase of words, those after "|" its finally block. A word that begins with "!" fails.
func phase(name buildspec.PhaseName, words string) buildspec.Phase {
	commands, finally, _ := strings.Cut(words, "|")
	return buildspec.Phase{Name: name, Commands: lines(commands), Finally: lines(finally)}
}

func lines(words string) []buildspec.Command {
	var commands []buildspec.Command
	for word := range strings.FieldsSeq(words) {
		commands = append(commands, buildspec.Command{Text: word})
	}
	return commands
}

func continued(p buildspec.Phase, on buildspec.OnFailure) buildspec.Phase {
	p.OnFailure = on
	return p
}

func TestPhasesFollowCodeBuildsTransitions(t *testing.T) {
	all := func(install, pre, build, post string) []buildspec.Phase {
		return []buildspec.Phase{
			phase(buildspec.Install, install), phase(buildspec.PreBuild, pre),
			phase(buildspec.Build, build), phase(buildspec.PostBuild, post),
		}
	}
	for _, test := range []struct {
		name   string
		phases []buildspec.Phase
		ran    string // the commands in order; in capitals when the build was failing then
		failed string // the phase that is blamed
	}{
		{"all go well", all("i", "p", "b", "o"), "i p b o", ""},
		{"a failed install skips the rest", all("!i", "p", "b", "o"), "!i", "install"},
		{"a failed pre_build skips the rest", all("i", "!p x", "b", "o"), "i !p", "pre_build"},
		{"a failed build still runs post_build", all("i", "p", "!b x", "o"), "i p !b O", "build"},
		{"post_build's own failure does not hide build's", all("i", "p", "!b", "!o"), "i p !b !O", "build"},
		{"finally runs after a failure", all("!i x|f", "p", "b", "o"), "!i F", "install"},
		{"a failing finally fails its phase", all("i|!f", "p", "b", "o"), "i !f", "install"},
		{"CONTINUE goes on as if nothing was", []buildspec.Phase{
			continued(phase(buildspec.PreBuild, "!p x"), buildspec.Continue), phase(buildspec.Build, "b"),
		}, "!p b", ""},
		{"ABORT skips post_build", []buildspec.Phase{
			continued(phase(buildspec.Build, "!b"), buildspec.Abort), phase(buildspec.PostBuild, "o"),
		}, "!b", "build"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var ran []string
			failure, err := runPhases(t.Context(), test.phases, io.Discard, func(_ context.Context, command string, succeeding bool) (int, error) {
				shown := command
				if !succeeding {
					shown = strings.ToUpper(command)
				}
				ran = append(ran, shown)
				if strings.HasPrefix(command, "!") {
					return 3, nil
				}
				return 0, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.ran, strings.Join(ran, " ")); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if (test.failed == "") != (failure == "") || !strings.HasPrefix(strings.TrimPrefix(failure, "phase "), test.failed) {
				t.Errorf("failure is %q, want one of phase %q", failure, test.failed)
			}
		})
	}
}
