package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Fake is an engine without containers. A task is at once what its containers' images are told to make of it
// ([Fake.Behave]); what takes time (Behaviour.Starts, Backoff) takes it by the time package, so synctest's clock
// moves it. Make it with [NewFake]. It is safe for concurrent use.
type Fake struct {
	// Backoff is how long a failed task waits until it is tried again; set it before use.
	Backoff time.Duration

	onChange func(environment string)

	mu         sync.Mutex
	declared   map[string]workload.Environment
	behaviours map[string]Behaviour // by image
	tasks      map[delivery.TaskID]*fakeTask
	logs       map[delivery.DeploymentID][]string
	forced     map[delivery.TaskID]string // reason
	away       bool
	linger     bool
	made       int // counts containers and addresses
}

// NewFake makes one. onChange is called after every change, from any goroutine, without locks held; it may be nil.
func NewFake(onChange func(environment string)) *Fake {
	if onChange == nil {
		onChange = func(string) {}
	}
	return &Fake{
		Backoff: time.Second, onChange: onChange,
		declared: map[string]workload.Environment{}, behaviours: map[string]Behaviour{}, tasks: map[delivery.TaskID]*fakeTask{},
		logs: map[delivery.DeploymentID][]string{}, forced: map[delivery.TaskID]string{},
	}
}

// Behave tells what containers of an image do from the next start on. An image nobody spoke of runs until stopped.
func (f *Fake) Behave(image string, b Behaviour) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.behaviours[image] = b
}

// Fail lets a task fail with a reason until [Fake.Mend], also one that does not exist yet. Its proxy lives on.
func (f *Fake) Fail(id delivery.TaskID, reason string) {
	f.change(id.Deployment.Service.Environment, func() {
		f.forced[id] = reason
		if t := f.tasks[id]; t != nil {
			t.enter(workload.Failed, reason)
		}
	})
}

// Mend ends a [Fake.Fail].
func (f *Fake) Mend(id delivery.TaskID) {
	f.change(id.Deployment.Service.Environment, func() {
		delete(f.forced, id)
		if t := f.tasks[id]; t != nil && !t.removing {
			f.startApps(t)
		}
	})
}

// Away makes the platform unreachable: Observe fails, and what is declared is made when it is back.
func (f *Fake) Away(away bool) {
	f.mu.Lock()
	f.away = away
	environments := make([]string, 0, len(f.declared))
	for name := range f.declared {
		f.reconcile(name)
		environments = append(environments, name)
	}
	f.mu.Unlock()
	for _, name := range environments {
		f.onChange(name)
	}
}

// Linger keeps tasks that are removed, with their proxies alive, until Linger(false).
func (f *Fake) Linger(linger bool) {
	f.mu.Lock()
	f.linger = linger
	var environments []string
	for id, t := range f.tasks {
		if t.removing && !linger {
			delete(f.tasks, id)
			environments = append(environments, id.Deployment.Service.Environment)
		}
	}
	f.mu.Unlock()
	for _, name := range slices.Compact(environments) {
		f.onChange(name)
	}
}

// Restart forgets what was declared, as an engine does whose process died; the tasks stay.
func (f *Fake) Restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.declared)
}

// Declared gives what an environment was declared to be last.
func (f *Fake) Declared(environment string) (workload.Environment, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	env, ok := f.declared[environment]
	return env, ok
}

// Declare is [Engine]'s.
func (f *Fake) Declare(_ context.Context, env workload.Environment) error {
	if err := delivery.CheckName("environment", env.Name); err != nil {
		return err
	}
	f.mu.Lock()
	last, ok := f.declared[env.Name]
	if ok && env.Generation < last.Generation {
		f.mu.Unlock()
		return delivery.Errorf(delivery.Stale, "environment %s: generation %d was declared after generation %d", env.Name, env.Generation, last.Generation)
	}
	f.declared[env.Name] = env
	changed := f.reconcile(env.Name)
	f.mu.Unlock()
	if changed {
		f.onChange(env.Name)
	}
	return nil
}

// Observe is [Engine]'s.
func (f *Fake) Observe(_ context.Context, environment string) (workload.Observed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := workload.Observed{At: time.Now()}
	if f.away {
		return seen, delivery.Errorf(delivery.Unavailable, "looking at environment %s: the platform does not answer", environment)
	}
	for id, t := range f.tasks {
		if id.Deployment.Service.Environment == environment {
			seen.Tasks = append(seen.Tasks, t.seen)
		}
	}
	slices.SortFunc(seen.Tasks, func(a, b workload.Task) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return seen, nil
}

// Kill ends a process of a task at once, and lets the engine mend it: a namespace or a proxy immediately, an app
// after Backoff. container is the name of an app's container.
func (f *Fake) Kill(id delivery.TaskID, part Part, container string) {
	f.change(id.Deployment.Service.Environment, func() {
		t := f.tasks[id]
		if t == nil || t.removing {
			return
		}
		switch part {
		case Pause:
			f.start(t)
		case Proxy:
			t.runs[string(Proxy)] = f.newRun()
		case App:
			f.ended(t, container)
		}
	})
}

// Runs gives the runs of a task's containers.
func (f *Fake) Runs(id delivery.TaskID) Runs {
	f.mu.Lock()
	defer f.mu.Unlock()
	runs := Runs{}
	if t := f.tasks[id]; t != nil {
		for name, run := range t.runs {
			runs[name] = run
		}
	}
	return runs
}

// Logs gives everything a deployment's containers have said.
func (f *Fake) Logs(d delivery.DeploymentID) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.logs[d], "\n")
}

// change does something under the lock and calls back.
func (f *Fake) change(environment string, do func()) {
	f.mu.Lock()
	do()
	f.mu.Unlock()
	f.onChange(environment)
}

// reconcile makes an environment's tasks what is declared.
func (f *Fake) reconcile(environment string) (changed bool) {
	if f.away {
		return false
	}
	env := f.declared[environment]
	wanted := map[delivery.TaskID]workload.Workload{}
	for _, d := range env.Deployments {
		for replica := range d.Workload.Replicas {
			wanted[delivery.TaskID{Deployment: d.ID, Replica: replica}] = d.Workload
		}
	}
	if env.Gateway != nil {
		wanted[delivery.GatewayTask(environment)] = workload.Workload{}
	}
	for id, t := range f.tasks {
		w, stays := wanted[id]
		if id.Deployment.Service.Environment != environment || stays && !t.removing && t.spec == specOf(w) {
			continue
		}
		changed = true
		f.stop(t)
	}
	for id, w := range wanted {
		if t := f.tasks[id]; t == nil || t.removing {
			changed = true
			f.tasks[id] = &fakeTask{workload: w, spec: specOf(w), seen: workload.Task{ID: id, State: workload.Pending, Since: time.Now()}}
			f.start(f.tasks[id])
		}
	}
	return changed
}

func (f *Fake) stop(t *fakeTask) {
	t.epoch++
	if t.removing = f.linger; t.removing {
		t.enter(workload.Removing, "")
		return
	}
	delete(f.tasks, t.seen.ID)
}

func (f *Fake) newRun() ContainerRun {
	f.made++
	return ContainerRun{ID: fmt.Sprintf("fake-%d", f.made), Started: time.Now()}
}

// specOf is equal for equal containers.
func specOf(w workload.Workload) string {
	text, err := json.Marshal(w.Containers)
	if err != nil {
		panic(err) // plain values: it cannot fail
	}
	return string(text)
}
