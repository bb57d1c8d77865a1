package e2e_test

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestStories(t *testing.T) {
	b := build(t)
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: b.open,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up":        command(up),
			"kill9":     command(kill9),
			"down":      command(down),
			"load":      command(loadCommand),
			"await":     command(await),
			"httpget":   command(httpGet),
			"push":      command(push),
			"container": command(containerCommand),
			"port":      command(portCommand),
			"disk":      command(disk),
		},
		RequireUniqueNames: true,
	})
}

// command makes a testscript command of a function of the story.
func command(do func(c call) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := do(call{story: ts.Value(storyKey{}).(*story), TestScript: ts, neg: neg, args: args})
		ts.Check(err)
	}
}

// call is one line of a script.
type call struct {
	*story
	*testscript.TestScript
	neg  bool // it begins with "!"
	args []string
}
