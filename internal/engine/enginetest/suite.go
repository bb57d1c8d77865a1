package enginetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Run runs the suite. newHarness gives an engine with an empty world for each test.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	for _, test := range []struct {
		name string
		run  func(t *world)
	}{
		{"declared tasks run", declaredTasksRun},
		{"replicas go up and down", replicas},
		{"an undesired deployment is removed and its logs kept", removal},
		{"a changed workload is made anew", replacement},
		{"an older generation is refused", stale},
		{"an engine that restarts leaves tasks alone", restart},
		{"an engine that restarts removes what is no longer desired", restartRemoves},
		{"an app that exits is restarted with a reason", crashLoop},
		{"a missing image is told", missingImage},
		{"one failing deployment holds back no other", independence},
		{"running out of memory is told", starved},
		{"a failing health command is told", unhealthy},
		{"containers start in order", order},
		{"a container that ends and is not essential stays ended", nonEssential},
		{"variables reach the container", variables},
		{"a killed app is started again", killedApp},
		{"a killed proxy is made again, and the app left alone", killedProxy},
		{"a killed namespace makes the task whole again", killedPause},
		{"a gateway runs", gateway},
		{"a platform that is away is told, and what was declared is made when it is back", away},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(&world{T: t, Harness: newHarness(t)})
		})
	}
}

func declaredTasksRun(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(1, d)
	task := w.running(d, 0)
	if task.Address == "" || !task.ProxyAlive || task.Restarts != 0 || task.Since.IsZero() {
		w.Errorf("a running task is %+v: it must have an address, a proxy, no restarts and a time", task)
	}
	runs := w.Runs(w.T, task.ID)
	if runs["proxy"].Started.After(runs["app"].Started) {
		w.Errorf("the app was started before its proxy: %+v", runs)
	}
}

func replicas(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(1, d)
	w.running(d, 0)
	before := w.Runs(w.T, taskOf(d, 0))
	d.Workload.Replicas = 3
	w.declare(2, d)
	for replica := range 3 {
		w.running(d, replica)
	}
	w.same(taskOf(d, 0), before)
	d.Workload.Replicas = 1
	w.declare(3, d)
	w.gone(taskOf(d, 1))
	w.gone(taskOf(d, 2))
	w.same(taskOf(d, 0), before)
}

func removal(w *world) {
	stays := w.deployment(1, 1, w.Container("app", Behaviour{}))
	goes := w.deployment(2, 1, w.Container("app", Behaviour{Says: []string{"I was here"}}))
	w.declare(1, stays, goes)
	w.running(stays, 0)
	w.running(goes, 0)
	w.said(goes, "I was here")
	before := w.Runs(w.T, taskOf(stays, 0))
	w.declare(2, stays)
	w.gone(taskOf(goes, 0))
	w.same(taskOf(stays, 0), before)
	if logs := w.Logs(w.T, goes.ID); !strings.Contains(logs, "I was here") {
		w.Errorf("the logs of a removed deployment are %q", logs)
	}
	w.declare(3)
	w.gone(taskOf(stays, 0))
}

func replacement(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(1, d)
	w.running(d, 0)
	before := w.Runs(w.T, taskOf(d, 0))
	d.Workload.Containers = []workload.Container{w.Container("app", Behaviour{Says: []string{"second"}})}
	w.declare(2, d)
	w.until("the task is made anew and runs", func(o workload.Observed) bool {
		task, ok := find(o, taskOf(d, 0))
		return ok && task.State == workload.Running && w.Runs(w.T, taskOf(d, 0))["app"].ID != before["app"].ID
	})
}

func stale(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(7, d)
	err := w.Engine.Declare(w.Context(), w.environment(6))
	if !errors.Is(err, delivery.Stale) {
		w.Errorf("declaring generation 6 after 7 gives %v, not Stale", err)
	}
	w.declare(7, d) // again is fine
	w.running(d, 0)
}

func restart(w *world) {
	d := w.deployment(1, 2, w.Container("app", Behaviour{}))
	w.declare(4, d)
	w.running(d, 0)
	w.running(d, 1)
	before := []Runs{w.Runs(w.T, taskOf(d, 0)), w.Runs(w.T, taskOf(d, 1))}
	w.Engine = w.Restart(w.T)
	w.declare(5, d)
	for replica := range 2 {
		w.running(d, replica)
		w.same(taskOf(d, replica), before[replica])
	}
}

func restartRemoves(w *world) {
	stays := w.deployment(1, 1, w.Container("app", Behaviour{}))
	goes := w.deployment(2, 1, w.Container("app", Behaviour{}))
	w.declare(1, stays, goes)
	w.running(stays, 0)
	w.running(goes, 0)
	w.Engine = w.Restart(w.T)
	w.declare(2, stays)
	w.gone(taskOf(goes, 0))
	w.running(stays, 0)
}

func crashLoop(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{Says: []string{"out of luck"}, Ends: true, Status: 3}))
	w.declare(1, d)
	w.until("the reason tells status and last words", func(o workload.Observed) bool {
		task, _ := find(o, taskOf(d, 0))
		return task.State == workload.Failed && task.Restarts >= 2 && strings.Contains(task.Reason, "status 3") && strings.Contains(task.Reason, "out of luck")
	})
}

func missingImage(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{NoImage: true}))
	w.declare(1, d)
	w.failed(d, "missing")
}

func independence(w *world) {
	bad := w.deployment(1, 3, w.Container("app", Behaviour{NoImage: true}))
	worse := w.deployment(2, 3, w.Container("app", Behaviour{Checked: true, Unhealthy: "no"}))
	good := w.deployment(3, 1, w.Container("app", Behaviour{}))
	w.declare(1, bad, worse, good)
	w.running(good, 0)
}

func starved(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{Starved: true}))
	w.declare(1, d)
	w.failed(d, "out of memory", "32 MiB")
}

func unhealthy(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{Checked: true, Unhealthy: "the tank is empty"}))
	w.declare(1, d)
	w.until("the reason tells the check's output", func(o workload.Observed) bool {
		task, _ := find(o, taskOf(d, 0))
		return task.State != workload.Running && strings.Contains(task.Reason, "the tank is empty")
	})
}

func order(w *world) {
	after := func(c workload.Container, on string, condition workload.Condition) workload.Container {
		c.DependsOn = append(c.DependsOn, workload.Dependency{Container: on, Condition: condition})
		return c
	}
	app := w.Container("app", Behaviour{})
	app = after(after(after(after(app, "migrate", workload.Success), "warm", workload.Complete), "cache", workload.Healthy), "side", workload.Start)
	app.Essential = true
	d := w.deployment(1, 1, app,
		after(w.Container("migrate", Behaviour{Ends: true}), "cache", workload.Healthy),
		w.Container("warm", Behaviour{Ends: true, Status: 1}),
		w.Container("cache", Behaviour{Checked: true}),
		w.Container("side", Behaviour{}),
	)
	w.declare(1, d)
	w.running(d, 0)
	runs := w.Runs(w.T, taskOf(d, 0))
	for _, c := range []struct {
		later string
		first time.Time
	}{
		{"app", runs["migrate"].Ended},
		{"app", runs["warm"].Ended},
		{"app", runs["cache"].Started},
		{"app", runs["side"].Started},
		{"migrate", runs["cache"].Started},
	} {
		if c.first.IsZero() || runs[c.later].Started.Before(c.first) {
			w.Errorf("%s started too early: %+v", c.later, runs)
		}
	}
}

func nonEssential(w *world) {
	app := w.Container("app", Behaviour{})
	app.Essential = true
	d := w.deployment(1, 1, app, w.Container("side", Behaviour{}))
	w.declare(1, d)
	w.running(d, 0)
	before := w.Runs(w.T, taskOf(d, 0))
	w.Kill(w.T, taskOf(d, 0), App, "side")
	w.declare(2, d)
	task := w.running(d, 0)
	after := w.Runs(w.T, taskOf(d, 0))
	if task.Restarts != 0 || after["app"] != before["app"] || after["side"].ID != before["side"].ID || after["side"].Ended.IsZero() {
		w.Errorf("after the end of a container that is not essential: %+v, before %+v, task %+v", after, before, task)
	}
}

func variables(w *world) {
	c := w.Container("app", Behaviour{Says: []string{"colour=$COLOUR"}, Ends: true})
	c.Environment = map[string]string{"COLOUR": "pale blue"}
	d := w.deployment(1, 1, c)
	w.declare(1, d)
	w.failed(d, "status 0", "colour=pale blue")
}

func killedApp(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(1, d)
	w.running(d, 0)
	before := w.Runs(w.T, taskOf(d, 0))
	w.Kill(w.T, taskOf(d, 0), App, "app")
	w.until("the app runs again", func(o workload.Observed) bool {
		task, _ := find(o, taskOf(d, 0))
		return task.State == workload.Running && task.Restarts == 1
	})
	after := w.Runs(w.T, taskOf(d, 0))
	if after["pause"] != before["pause"] || after["proxy"] != before["proxy"] {
		w.Errorf("the app's end disturbed namespace or proxy: %+v, before %+v", after, before)
	}
}

func killedProxy(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(1, d)
	w.running(d, 0)
	before := w.Runs(w.T, taskOf(d, 0))
	w.Kill(w.T, taskOf(d, 0), Proxy, "")
	w.until("the proxy runs again", func(o workload.Observed) bool {
		task, _ := find(o, taskOf(d, 0))
		return task.State == workload.Running && task.ProxyAlive && w.Runs(w.T, taskOf(d, 0))["proxy"].ID != before["proxy"].ID
	})
	after := w.Runs(w.T, taskOf(d, 0))
	if after["pause"] != before["pause"] || after["app"] != before["app"] {
		w.Errorf("the proxy's end disturbed namespace or app: %+v, before %+v", after, before)
	}
}

func killedPause(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(1, d)
	w.running(d, 0)
	before := w.Runs(w.T, taskOf(d, 0))
	w.Kill(w.T, taskOf(d, 0), Pause, "")
	w.until("the task is whole again", func(o workload.Observed) bool {
		task, _ := find(o, taskOf(d, 0))
		after := w.Runs(w.T, taskOf(d, 0))
		return task.State == workload.Running && task.Address != "" && after["pause"].ID != before["pause"].ID &&
			after["proxy"].ID != before["proxy"].ID && after["app"].ID != before["app"].ID
	})
}

func gateway(w *world) {
	env := w.environment(1)
	env.Gateway = &workload.Gateway{Bind: "127.0.0.1", Port: FreePort(w.T)}
	w.declareAll(env)
	id := delivery.GatewayTask(env.Name)
	w.until("the gateway runs", func(o workload.Observed) bool {
		task, ok := find(o, id)
		return ok && task.State == workload.Running && task.ProxyAlive && task.Address != ""
	})
	w.declare(2)
	w.gone(id)
}

func away(w *world) {
	d := w.deployment(1, 1, w.Container("app", Behaviour{}))
	w.declare(1)
	w.Away(w.T, true)
	if _, err := w.Engine.Observe(w.Context(), environmentName); !errors.Is(err, delivery.Unavailable) {
		w.Errorf("observing a platform that is away gives %v, not Unavailable", err)
	}
	w.declare(2, d)
	w.Away(w.T, false)
	w.running(d, 0)
}
