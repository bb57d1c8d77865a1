package pipeline_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

func TestAPushIsBuiltAndReleased(t *testing.T) {
	w := newWorld(t)
	run := w.push(cart, 1)
	if run.State != pipeline.Queued || run.Author != "Ada" || run.Message != "change 1" {
		t.Errorf("stored as %+v", run)
	}
	w.building().succeed()
	run = w.until(run.ID, pipeline.Deploying)
	for run.Rollout == 0 { // it is stored as deploying before its rollout begins
		run = w.next(run)
	}
	if run.Rollout != 100 || run.Deployment != 1 || run.Attempt != 1 || run.Release != nil || run.Started.IsZero() {
		t.Errorf("deploying: %+v", run)
	}
	release := w.all()[0]
	pinned := "127.0.0.1:5000/shop/cart@sha256:" + strings.Repeat("ab", 32)
	if release.Run != run.ID || release.Revision.Image != pinned || release.Workload.Containers[0].Image != pinned || release.Queue {
		t.Errorf("released %+v", release)
	}
	w.end(run, pipeline.Succeeded, "")
	run = w.until(run.ID, pipeline.Succeeded)
	if run.Ended.IsZero() {
		t.Error("it has no end")
	}
	if log := w.log(run.ID); !strings.Contains(log, "building") || !strings.Contains(log, "as deployment 1") {
		t.Errorf("log:\n%s", log)
	}
}

// next waits for the change of a run after the one given.
func (w *world) next(before pipeline.Run) pipeline.Run {
	w.t.Helper()
	timeout := time.After(deadline)
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if run := w.run(before.ID); run.Version > before.Version {
			return run
		}
		select {
		case <-changed:
		case <-timeout:
			w.t.Fatalf("run %d stays as it is: %+v", before.ID, before)
		}
	}
}

// rolling waits for a run to have its rollout.
func (w *world) rolling(id delivery.RunID) pipeline.Run {
	w.t.Helper()
	run := w.until(id, pipeline.Deploying)
	for run.Rollout == 0 {
		run = w.next(run)
	}
	return run
}

func TestARolloutsEndIsTheRuns(t *testing.T) {
	for _, state := range []pipeline.State{pipeline.Succeeded, pipeline.RolledBack, pipeline.Cancelled, pipeline.Superseded} {
		t.Run(string(state), func(t *testing.T) {
			w := newWorld(t)
			run := w.push(cart, 1)
			w.building().succeed()
			run = w.rolling(run.ID)
			w.end(run, state, "because")
			if run = w.until(run.ID, state); run.Reason != "because" {
				t.Errorf("reason %q", run.Reason)
			}
		})
	}
}

func TestAPushThatComesTwiceIsOneRun(t *testing.T) {
	w := newWorld(t)
	first := w.push(cart, 1)
	w.building().succeed()
	if again := w.push(cart, 1); again.ID != first.ID {
		t.Errorf("runs %d and %d", first.ID, again.ID)
	}
	run := w.rolling(first.ID)
	w.end(run, pipeline.Succeeded, "")
	w.until(first.ID, pipeline.Succeeded)
	if again := w.push(cart, 1); again.ID != first.ID || again.State != pipeline.Succeeded {
		t.Errorf("after its end it came as %+v", again)
	}
}

func TestPushesAtOnce(t *testing.T) {
	w := newWorld(t)
	var ids [8]delivery.RunID
	var together sync.WaitGroup
	for i := range ids {
		together.Go(func() {
			run, err := w.manager.Deliver(t.Context(), nthPush(cart, 1+i/2)) // each push twice
			if err != nil {
				t.Error(err)
			}
			ids[i] = run.ID
		})
	}
	together.Wait()
	newest := ids[0]
	for i, id := range ids {
		if ids[i/2*2] != id {
			t.Errorf("push %d has the runs %v", i/2, ids)
		}
		newest = max(newest, id)
	}
	call := w.building()
	for call.run.ID != newest { // an older one may have begun before the newest came
		call = w.building()
	}
	call.succeed()
	w.rolling(newest)
	for _, id := range ids {
		if id != newest {
			w.until(id, pipeline.Superseded)
		}
	}
}

func TestANewerPushSupersedesABuild(t *testing.T) {
	w := newWorld(t)
	first := w.push(cart, 1)
	old := w.building()
	second := w.push(cart, 2)
	newer := w.building()
	if newer.run.ID != second.ID {
		t.Fatalf("run %d builds, want %d", newer.run.ID, second.ID)
	}
	select {
	case <-old.ctx.Done():
	case <-time.After(deadline):
		t.Fatal("the older build goes on")
	}
	ended := w.until(first.ID, pipeline.Superseded)
	if want := "run 2, a newer push (22222222), took its place"; ended.Reason != want {
		t.Errorf("reason %q, want %q", ended.Reason, want)
	}
	old.fail(errors.New("broken"))
	newer.succeed()
	w.end(w.rolling(second.ID), pipeline.Succeeded, "")
	w.until(second.ID, pipeline.Succeeded)
	if again := w.run(first.ID); again.Version != ended.Version {
		t.Errorf("its end was overwritten: %+v", again)
	}
	if log := w.log(first.ID); !strings.Contains(log, "took its place") {
		t.Errorf("the log does not say why it ends:\n%s", log)
	}
}

func TestANewerPushLetsARolloutGoOnUntilItIsBuilt(t *testing.T) {
	w := newWorld(t)
	first := w.push(cart, 1)
	w.building().succeed()
	rolling := w.rolling(first.ID)
	second := w.push(cart, 2)
	w.building().fail(delivery.Errorf(delivery.Invalid, "no compiler"))
	w.until(second.ID, pipeline.Failed)
	w.end(rolling, pipeline.Succeeded, "")
	w.until(first.ID, pipeline.Succeeded)
}

func TestQueue(t *testing.T) {
	w := newWorld(t)
	if err := w.store.SetPipelineSettings(t.Context(), cart, &pipeline.Settings{Branch: "main", OnNewerPush: pipeline.Queue}); err != nil {
		t.Fatal(err)
	}
	first := w.push(cart, 1)
	w.building().succeed()
	rolling := w.rolling(first.ID)
	second, third := w.push(cart, 2), w.push(cart, 3)
	w.until(second.ID, pipeline.Superseded)
	if run := w.run(third.ID); run.State != pipeline.Queued {
		t.Errorf("the third is %s, want queued", run.State)
	}
	w.end(rolling, pipeline.RolledBack, "5xx")
	call := w.building()
	if call.run.ID != third.ID {
		t.Errorf("run %d builds, want %d", call.run.ID, third.ID)
	}
	call.succeed()
	if w.rolling(third.ID); !w.all()[1].Queue {
		t.Error("its rollout is not told to wait")
	}
}

func TestServicesDoNotWaitForEachOther(t *testing.T) {
	w := newWorld(t)
	w.push(cart, 1)
	w.push(user, 1)
	seen := map[delivery.ServiceID]bool{}
	for range 2 {
		seen[w.building().run.Push.Service] = true
	}
	if !seen[cart] || !seen[user] {
		t.Errorf("builds of %v", seen)
	}
	third := delivery.ServiceID{Environment: "shop", Name: "third"}
	run := w.push(third, 1)
	if run = w.run(run.ID); run.State != pipeline.Queued {
		t.Errorf("a third build runs beside two: %s", run.State)
	}
}

func TestFailuresAreSentences(t *testing.T) {
	for _, test := range []struct {
		name   string
		play   func(w *world, call buildCall)
		reason string
	}{
		{"of the build", func(_ *world, c buildCall) {
			c.fail(delivery.Errorf(delivery.Invalid, "phase build: make ended with status 2"))
		}, "phase build: make ended with status 2"},
		{"a deploy.json of another service", func(_ *world, c buildCall) {
			c.ended <- built{deploy: deployJSON(user, "127.0.0.1:5000/shop/cart:1")}
		}, `MicroserviceName: it is "user"`},
		{"an image of another service", func(_ *world, c buildCall) {
			c.ended <- built{deploy: deployJSON(cart, "127.0.0.1:5000/shop/user:1")}
		}, "which is not in the service's own repository"},
		{"a deploy.json that is none", func(_ *world, c buildCall) { c.ended <- built{deploy: []byte("{")} }, "deploy.json"},
		{"a rollout that is refused", func(w *world, c buildCall) {
			w.failNext(delivery.Errorf(delivery.Invalid, "the protocol cannot change"))
			c.succeed()
		}, "the protocol cannot change"},
		{"a rollout that is in conflict", func(w *world, c buildCall) {
			w.failNext(delivery.Errorf(delivery.Conflict, "it is being deleted"))
			c.succeed()
		}, "it is being deleted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			run := w.push(cart, 1)
			test.play(w, w.building())
			run = w.until(run.ID, pipeline.Failed)
			if !strings.Contains(run.Reason, test.reason) || run.Ended.IsZero() || run.Release != nil {
				t.Errorf("%+v, want the reason %q", run, test.reason)
			}
			if log := w.log(run.ID); !strings.Contains(log, "[serin] failed: ") || !strings.Contains(log, test.reason) {
				t.Errorf("log:\n%s", log)
			}
			if len(w.all()) > 0 {
				t.Error("it was released")
			}
		})
	}
}

func TestACommitThatIsNotThereFailsItsRunAlone(t *testing.T) {
	w := newWorld(t)
	w.unreadable(nthPush(cart, 1).Commit, delivery.Errorf(delivery.NotFound, "there is no commit 1111"))
	run := w.until(w.push(cart, 1).ID, pipeline.Failed)
	if run.Reason != "there is no commit 1111" {
		t.Errorf("reason %q", run.Reason)
	}
	w.push(cart, 2)
	w.building()
}

func TestASourceThatIsAwayIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	push := nthPush(cart, 1)
	w.unreadable(push.Commit, delivery.Errorf(delivery.Unavailable, "git does not answer"))
	if _, err := w.manager.Deliver(t.Context(), push); !errors.Is(err, delivery.Unavailable) {
		t.Errorf("Deliver: %v; the source must go on trying", err)
	}
	w.unreadable(push.Commit, nil)
	w.push(cart, 1)
	w.building()
}

func TestWhatIsAwayIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	run := w.push(cart, 1)
	away := delivery.Errorf(delivery.Unavailable, "Docker does not answer")
	w.building().fail(away)
	call := w.building()
	w.failNext(away, away)
	w.store.away(2)
	call.succeed()
	rolling := w.rolling(run.ID)
	if rolling.Attempt != 2 {
		t.Errorf("attempt %d, want 2", rolling.Attempt)
	}
	w.store.away(2)
	w.end(rolling, pipeline.Succeeded, "")
	w.until(run.ID, pipeline.Succeeded)
}

func TestARunSaysWhatItsBuildWaitsFor(t *testing.T) {
	w := newWorld(t)
	var docker, other error = delivery.Errorf(delivery.Unavailable, "Docker is away: start it"), delivery.Errorf(delivery.Unavailable, "another reason")
	w.away.Store(&docker)
	run := w.push(cart, 1)
	w.waits(run.ID, pipeline.Queued, "Docker is away: start it")
	w.restart()
	w.away.Store(&other)
	w.waits(run.ID, pipeline.Queued, "another reason")
	w.away.Store(nil)
	call := w.building()
	w.waits(run.ID, pipeline.Building, "")
	w.away.Store(&docker) // it goes away in the middle of the build
	call.fail(delivery.Errorf(delivery.Unavailable, "the builder was lost"))
	w.waits(run.ID, pipeline.Building, "Docker is away: start it")
	w.away.Store(nil)
	w.building().succeed()
	rolling := w.rolling(run.ID)
	if rolling.Attempt != 2 || rolling.Reason != "" {
		t.Errorf("attempt %d, reason %q: waiting is no attempt, and it is over", rolling.Attempt, rolling.Reason)
	}

	w.away.Store(&docker)
	waiting := w.push(user, 1)
	w.waits(waiting.ID, pipeline.Queued, "Docker is away: start it")
	if err := w.manager.Cancel(t.Context(), waiting.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	if ended := w.until(waiting.ID, pipeline.Cancelled); ended.Reason != "cancelled by ada" {
		t.Errorf("reason %q", ended.Reason)
	}
	broken := errors.New("the builder image is not there")
	w.away.Store(&broken)
	if failed := w.until(w.push(user, 2).ID, pipeline.Failed); failed.Reason != broken.Error() {
		t.Errorf("reason %q", failed.Reason)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	run := w.push(cart, 1)
	call := w.building()
	if err := w.manager.Cancel(t.Context(), run.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-call.ctx.Done():
	case <-time.After(deadline):
		t.Fatal("its build goes on")
	}
	if run = w.until(run.ID, pipeline.Cancelled); run.Reason != "cancelled by ada" {
		t.Errorf("reason %q", run.Reason)
	}
	if err := w.manager.Cancel(t.Context(), run.ID, "ada"); !errors.Is(err, delivery.NotFound) {
		t.Errorf("a second time: %v", err)
	}
}

// What a person cancelled must not be released, and what is being released is not cancelled.
func TestCancelAtTheMomentOfRelease(t *testing.T) {
	w := newWorld(t)
	run := w.push(cart, 1)
	held, let := w.holdNext()
	w.building().succeed()
	<-held
	if err := w.manager.Cancel(t.Context(), run.ID, "ada"); !errors.Is(err, delivery.Conflict) || !strings.Contains(err.Error(), "serin rollout abort shop/cart") {
		t.Errorf("Cancel: %v", err)
	}
	let()
	w.end(w.rolling(run.ID), pipeline.Succeeded, "")
	w.until(run.ID, pipeline.Succeeded)
}

func TestACrashWhileBuilding(t *testing.T) {
	w := newWorld(t)
	run := w.push(cart, 1)
	w.building()
	w.restart()
	if again := w.run(run.ID); again.State != pipeline.Building {
		t.Fatalf("after the crash it is %s (%s)", again.State, again.Reason)
	}
	w.building().succeed()
	if rolling := w.rolling(run.ID); rolling.Attempt != 2 {
		t.Errorf("attempt %d, want 2", rolling.Attempt)
	}
}

func TestACrashWhileQueued(t *testing.T) {
	w := newWorld(t)
	w.crash()
	run := w.push(cart, 1)
	w.start()
	w.building().succeed()
	w.rolling(run.ID)
}

// The rollout may have begun or not: it is asked for again, with what was built before the crash.
func TestACrashBetweenBuildAndRollout(t *testing.T) {
	w := newWorld(t)
	run := w.push(cart, 1)
	held, _ := w.holdNext()
	w.building().succeed()
	<-held
	w.restart()
	rolling := w.rolling(run.ID)
	if len(w.all()) != 1 || rolling.Attempt != 1 {
		t.Errorf("%d rollouts after %d builds, want one of each", len(w.all()), rolling.Attempt)
	}
	w.end(rolling, pipeline.Succeeded, "")
	w.until(run.ID, pipeline.Succeeded)
}

func TestACrashWhileDeploying(t *testing.T) {
	w := newWorld(t)
	run := w.push(cart, 1)
	w.building().succeed()
	rolling := w.rolling(run.ID)
	w.crash()
	w.end(rolling, pipeline.RolledBack, "5xx") // while nobody looked
	w.start()
	w.until(run.ID, pipeline.RolledBack)
	if len(w.all()) != 1 {
		t.Errorf("%d rollouts", len(w.all()))
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, test := range []struct {
		settings pipeline.Settings
		fails    string
	}{
		{pipeline.Settings{OnNewerPush: pipeline.Replace}, ""},
		{pipeline.Settings{OnNewerPush: pipeline.Queue, BuildLimit: 8 * time.Hour}, ""},
		{pipeline.Settings{OnNewerPush: "later"}, `on_newer_push is "later"`},
		{pipeline.Settings{OnNewerPush: pipeline.Queue, BuildLimit: -1}, "build_limit is"},
		{pipeline.Settings{OnNewerPush: pipeline.Queue, BuildLimit: 9 * time.Hour}, "build_limit is 9h"},
	} {
		err := test.settings.Check()
		if (err == nil) != (test.fails == "") || err != nil && (!errors.Is(err, delivery.Invalid) || !strings.HasPrefix(err.Error(), test.fails)) {
			t.Errorf("%+v: %v, want %q", test.settings, err, test.fails)
		}
	}
}
