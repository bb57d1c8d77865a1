package rollout

import (
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

func TestAstray(t *testing.T) {
	const sentence = "task prod/shop/2/0 listens on port 4568 and not on 4567, for 12 s: change the app's port, or Port in deploy.json"
	tests := map[string]struct {
		stable, canary []int // what they listen on
		lasted         time.Duration
		change         func(task *workload.Task, stable *Deployment)
		want           string
	}{
		"another port":                    {stable: []int{4567}, canary: []int{4568}, lasted: 12 * time.Second, want: sentence},
		"not for long":                    {stable: []int{4567}, canary: []int{4568}, lasted: 9 * time.Second},
		"slow: nothing yet":               {stable: []int{4567}, lasted: time.Minute},
		"slow: as usual, management only": {stable: []int{4567, 9010}, canary: []int{9010}, lasted: time.Minute},
		"management and another port":     {stable: []int{4567, 9010}, canary: []int{4568, 9010}, lasted: 12 * time.Second, want: sentence},
		"its own too":                     {stable: []int{4567}, canary: []int{4567, 4568}, lasted: time.Minute},
		"nothing to compare with":         {canary: []int{4568}, lasted: time.Minute},
		"many": {
			stable: []int{4567}, canary: []int{1, 2, 3, 4, 5}, lasted: time.Minute,
			want: "task prod/shop/2/0 listens on ports 1, 2, 3, 4, … and not on 4567, for 60 s: change the app's port, or Port in deploy.json",
		},
		"it was started again since": {
			stable: []int{4567}, canary: []int{4568}, lasted: time.Minute,
			change: func(task *workload.Task, _ *Deployment) { task.Since = noon.Add(-time.Second) },
		},
		"it does not run": {
			stable: []int{4567}, canary: []int{4568}, lasted: time.Minute,
			change: func(task *workload.Task, _ *Deployment) { task.State = workload.Failed },
		},
		"the port was changed in deploy.json alone": {
			stable: []int{4568}, canary: []int{4568}, lasted: 12 * time.Second,
			change: func(_ *workload.Task, stable *Deployment) { stable.Workload.Port = 4568 },
			want:   sentence,
		},
		"it listens on what was a management port": {
			stable: []int{4567, 4568}, canary: []int{4567}, lasted: time.Minute,
			change: func(_ *workload.Task, stable *Deployment) { stable.Workload.Port = 4568 },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stable := Deployment{ID: delivery.DeploymentID{Service: shop, Number: 1}, Workload: workload.Workload{Port: 4567}}
			canary := Deployment{ID: delivery.DeploymentID{Service: shop, Number: 2}, Workload: workload.Workload{Port: 4567}}
			old := workload.Task{ID: delivery.TaskID{Deployment: stable.ID}, State: workload.Running}
			task := workload.Task{ID: delivery.TaskID{Deployment: canary.ID}, State: workload.Running}
			if test.change != nil {
				test.change(&task, &stable)
			}
			seen := Seen{
				Engine: workload.Observed{Tasks: []workload.Task{old, task}},
				Mesh: topology.Observed{Tasks: map[delivery.TaskID]topology.TaskSeen{
					old.ID:  {ListensOn: test.stable},
					task.ID: {ListensOn: test.canary, ListensOnSince: noon.Add(-test.lasted)},
				}},
			}
			if got := astray(canary, stable, seen, defaults, noon); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestMissingTellsWhatIsListenedOnInstead(t *testing.T) {
	d := Deployment{ID: delivery.DeploymentID{Service: shop, Number: 1}, Workload: workload.Workload{Port: 80, Replicas: 1, Check: workload.DefaultCheck(80)}}
	id := delivery.TaskID{Deployment: d.ID}
	for _, test := range []struct {
		listensOn []int
		want      string
	}{
		{nil, "task prod/shop/1/0 runs and fails its check on port 80: refused"},
		{[]int{80, 81}, "task prod/shop/1/0 runs and fails its check on port 80: refused"},
		{[]int{81, 82}, "task prod/shop/1/0 runs and fails its check on port 80: refused; the task listens on ports 81, 82"},
	} {
		seen := Seen{
			Engine: workload.Observed{Tasks: []workload.Task{{ID: id, State: workload.Running}}},
			Mesh: topology.Observed{Tasks: map[delivery.TaskID]topology.TaskSeen{
				id: {Health: topology.Unhealthy, Detail: "refused", ListensOn: test.listensOn},
			}},
		}
		if got := missing(d, seen); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
