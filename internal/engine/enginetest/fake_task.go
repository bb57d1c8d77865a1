package enginetest

import (
	"fmt"
	"os"
	"strings"
	"time"

	"serin.dev/serin/internal/workload"
)

// fakeTask is one task of a Fake; the Fake's lock guards it.
type fakeTask struct {
	workload workload.Workload
	spec     string
	seen     workload.Task
	runs     Runs
	removing bool
	epoch    int // timers of an earlier one do nothing
}

func (t *fakeTask) enter(state workload.State, reason string) {
	if t.seen.State != state {
		t.seen.Since = time.Now()
	}
	t.seen.State, t.seen.Reason = state, reason
}

// start makes a task whole: namespace, proxy, app.
func (f *Fake) start(t *fakeTask) {
	t.runs = Runs{}
	for _, c := range t.workload.Containers {
		if f.behaviours[c.Image].NoImage {
			t.seen.ProxyAlive = false
			t.enter(workload.Failed, "image "+c.Image+" is missing: its registry has no such image")
			f.later(t, f.Backoff, func() { f.start(t) })
			return
		}
	}
	f.made++
	t.seen.Address = fmt.Sprintf("10.%d.%d.%d", f.made>>16&255, f.made>>8&255, f.made&255)
	t.seen.ProxyAlive = true
	t.runs[string(Pause)], t.runs[string(Proxy)] = f.newRun(), f.newRun()
	f.startApps(t)
}

// startApps starts the app's containers until none can be started any more, and tells what became of the task.
func (f *Fake) startApps(t *fakeTask) {
	if reason, forced := f.forced[t.seen.ID]; forced {
		t.enter(workload.Failed, reason)
		return
	}
	for _, c := range t.workload.Containers {
		delete(t.runs, c.Name)
	}
	var takes time.Duration
	for started := true; started; {
		started = false
		for _, c := range t.workload.Containers {
			if _, there := t.runs[c.Name]; there || !f.ready(t, c) {
				continue
			}
			started = true
			takes = max(takes, f.behaviours[c.Image].Starts)
			if why := f.run(t, c); why != "" {
				f.failed(t, why)
				return
			}
		}
	}
	switch complete := len(t.runs) == len(t.workload.Containers)+2; {
	case !complete:
		t.enter(workload.Starting, "")
	case takes > 0:
		t.enter(workload.Starting, "")
		f.later(t, takes, func() { t.enter(workload.Running, "") })
	default:
		t.enter(workload.Running, t.seen.Reason)
	}
}

// run starts one container and gives why the task fails by it, "" when it does not.
func (f *Fake) run(t *fakeTask, c workload.Container) string {
	b := f.behaviours[c.Image]
	run := f.newRun()
	for _, line := range b.Says {
		said := os.Expand(line, func(name string) string { return c.Environment[name] })
		f.logs[t.seen.ID.Deployment] = append(f.logs[t.seen.ID.Deployment], fmt.Sprintf("%d/%s | %s", t.seen.ID.Replica, c.Name, said))
	}
	if b.Ends || b.Starved {
		run.Ended = run.Started
	}
	t.runs[c.Name] = run
	switch {
	case !c.Essential:
		return ""
	case b.Starved:
		return fmt.Sprintf("container %s ran out of memory: it needed more than its limit of %d MiB", c.Name, c.Memory>>20)
	case b.Unhealthy != "":
		return "container " + c.Name + " fails its health check: " + b.Unhealthy
	case b.Ends:
		said := os.Expand(strings.Join(b.Says, "\n"), func(name string) string { return c.Environment[name] })
		return fmt.Sprintf("container %s ended with status %d; its last words:\n%s", c.Name, b.Status, said)
	}
	return ""
}

// ready tells whether a container's dependencies are met.
func (f *Fake) ready(t *fakeTask, c workload.Container) bool {
	for _, d := range c.DependsOn {
		run, there := t.runs[d.Container]
		if !there {
			return false
		}
		b := f.behaviours[imageOf(t.workload, d.Container)]
		switch d.Condition {
		case workload.Complete:
			if run.Ended.IsZero() {
				return false
			}
		case workload.Success:
			if run.Ended.IsZero() || b.Status != 0 {
				return false
			}
		case workload.Healthy:
			if !b.Checked || b.Unhealthy != "" {
				return false
			}
		}
	}
	return true
}

// ended is the end of a running container.
func (f *Fake) ended(t *fakeTask, container string) {
	run, there := t.runs[container]
	if !there {
		return
	}
	run.Ended = time.Now()
	t.runs[container] = run
	for _, c := range t.workload.Containers {
		if c.Name == container && c.Essential {
			f.failed(t, "container "+container+" was ended by signal 9 (status 137)")
		}
	}
}

// failed lets the app's containers be started again after Backoff.
func (f *Fake) failed(t *fakeTask, why string) {
	t.enter(workload.Failed, why)
	f.later(t, f.Backoff, func() {
		t.seen.Restarts++
		f.startApps(t)
	})
}

// later does something to a task after a time, unless something else has happened to it by then.
func (f *Fake) later(t *fakeTask, after time.Duration, do func()) {
	t.epoch++
	epoch := t.epoch
	time.AfterFunc(after, func() {
		f.mu.Lock()
		if t.epoch != epoch || f.tasks[t.seen.ID] != t {
			f.mu.Unlock()
			return
		}
		do()
		f.mu.Unlock()
		f.onChange(t.seen.ID.Deployment.Service.Environment)
	})
}

func imageOf(w workload.Workload, container string) string {
	for _, c := range w.Containers {
		if c.Name == container {
			return c.Image
		}
	}
	return ""
}
