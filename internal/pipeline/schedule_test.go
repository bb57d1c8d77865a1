package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runs reads "1b 2q": run 1 builds, run 2 is queued (d: deploys).
func runs(t *testing.T, text string) []Run {
	states := map[string]State{"q": Queued, "b": Building, "d": Deploying}
	var list []Run
	for word := range strings.FieldsSeq(text) {
		var run Run
		var letter string
		if _, err := fmt.Sscanf(word, "%d%s", &run.ID, &letter); err != nil {
			t.Fatal(err)
		}
		run.State = states[letter]
		list = append(list, run)
	}
	return list
}

func TestSchedule(t *testing.T) {
	for _, test := range []struct {
		name       string
		how        OnNewerPush
		open       string
		start      string
		superseded string // run>by
	}{
		{"nothing", Replace, "", "", ""},
		{"one starts", Replace, "1q", "1", ""},
		{"a newer one takes a waiting one's place", Replace, "1q 2q", "2", "1>2"},
		{"a newer one takes a building one's place", Replace, "1b 2q", "2", "1>2"},
		{"one that deploys goes on beside", Replace, "1d 2q", "1 2", ""},
		{"only the newest of many", Replace, "1d 2b 3q", "1 3", "2>3"},
		{"whatever the order they come in", Replace, "3q 1d 2b", "1 3", "2>3"},
		{"queue: one starts", Queue, "1q", "1", ""},
		{"queue: the one under way goes on", Queue, "1b 2q", "1", ""},
		{"queue: a waiting one is superseded by a newer", Queue, "1d 2q 3q", "1", "2>3"},
		{"queue: the newest of those that wait begins", Queue, "1q 2q", "2", "1>2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			todo := schedule(runs(t, test.open), test.how)
			var start, superseded []string
			for _, run := range todo.start {
				start = append(start, fmt.Sprint(run.ID))
			}
			for id, by := range todo.supersede {
				superseded = append(superseded, fmt.Sprintf("%d>%d", id, by.ID))
			}
			if diff := cmp.Diff([]string{test.start, test.superseded}, []string{strings.Join(start, " "), strings.Join(superseded, " ")}); diff != "" {
				t.Errorf("start and supersede (-want +got):\n%s", diff)
			}
		})
	}
}
