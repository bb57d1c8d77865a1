package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/enginetest"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/store/sqlite"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// town is a running control plane over a fake engine and a mesh that always obeys, with users who call the shop 100
// times a second. It lives in a synctest bubble.
type town struct {
	t      *testing.T
	store  *sqlite.Store
	engine *enginetest.Fake
	roads  *roads

	mu      sync.Mutex
	control *rollout.Reconciler
	stop    func()
	changes chan rollout.Change
}

func newTown(t *testing.T) *town {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "serin.db"))
	if err != nil {
		t.Fatal(err)
	}
	tw := &town{t: t, store: store, roads: &roads{epoch: time.Now().UnixNano(), bad: map[int]bool{}, counters: map[evidence.Key]evidence.Counts{}}}
	tw.engine = enginetest.NewFake(func(environment string) { tw.kick(environment) })
	tw.roads.engine = tw.engine
	tw.start()
	t.Cleanup(func() {
		tw.stop()
		_ = store.Close()
	})
	if _, err := tw.control.CreateEnvironment(t.Context(), "prod", workload.Gateway{Bind: "127.0.0.1", Port: 8080}); err != nil {
		t.Fatal(err)
	}
	if _, err := tw.control.CreateService(t.Context(), rollout.NewService{ID: shop}); err != nil {
		t.Fatal(err)
	}
	return tw
}

func judge(t evidence.Trial) rollout.Judge { return analysis.New(t) }

func (tw *town) kick(environment string) {
	tw.mu.Lock()
	control := tw.control
	tw.mu.Unlock()
	if control != nil {
		control.Kick(environment)
	}
}

// start starts a control plane; stop ends it, and whatever it had not stored is gone.
func (tw *town) start() {
	tw.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.DiscardHandler)
	recorder := rollout.NewRecorder(tw.store, time.Now, log)
	changes := make(chan rollout.Change, 1000)
	control := rollout.New(rollout.Options{
		Store: tw.store, Engine: tw.engine, Mesh: tw.roads, Trials: tw.store, Judge: judge, Recorder: recorder, Logger: log,
		OnChange: func(c rollout.Change) { changes <- c },
	})
	if err := control.Prime(ctx); err != nil {
		tw.t.Fatal(err)
	}
	tw.mu.Lock()
	tw.control, tw.changes = control, changes
	tw.mu.Unlock()
	var all sync.WaitGroup
	all.Go(func() { _ = control.Run(ctx) })
	all.Go(func() { _ = recorder.Run(ctx) })
	all.Go(func() { tw.roads.users(ctx, recorder) })
	tw.stop = func() {
		cancel()
		all.Wait()
	}
}

// deploy starts version n.
func (tw *town) deploy(version string, change ...func(*rollout.NewDeployment)) rollout.Rollout {
	tw.t.Helper()
	n := rollout.NewDeployment{
		Service:  shop,
		Revision: delivery.Revision{Image: version},
		Workload: workload.Workload{
			Containers: []workload.Container{{Name: "app", Image: version, Essential: true}}, App: "app",
			Port: 80, Protocol: delivery.HTTP, Replicas: 2, Exposed: true, Backends: []string{"db"}, Check: workload.DefaultCheck(80),
		},
		Policy: delivery.Policy{
			Step: 25, Wait: 10 * time.Second, KeepPrevious: 20 * time.Second, FailureWindow: 10 * time.Minute, DeployTimeout: time.Minute,
		},
	}
	for _, c := range change {
		c(&n)
	}
	r, err := tw.control.Start(tw.t.Context(), n)
	if err != nil {
		tw.t.Fatal(err)
	}
	return r
}

// until waits for a stored change that something is true of.
func (tw *town) until(what string, is func(rollout.Change) bool) {
	tw.t.Helper()
	deadline := time.After(10 * time.Minute)
	for {
		select {
		case c := <-tw.changes:
			if is(c) {
				return
			}
		case <-deadline:
			state, _ := tw.store.State(tw.t.Context(), "prod")
			tw.t.Fatalf("%s did not happen within ten minutes: %+v", what, state.Rollouts)
		}
	}
}

// phase waits until a rollout is in a phase.
func (tw *town) phase(id delivery.RolloutID, p rollout.Phase) rollout.Rollout {
	tw.t.Helper()
	var found rollout.Rollout
	tw.until(fmt.Sprintf("phase %s", p), func(c rollout.Change) bool {
		for _, r := range c.Rollouts {
			if r.ID == id && r.Phase.Ended() && r.Phase != p {
				tw.t.Fatalf("rollout %d ended %s (%s), want %s", id, r.Phase, r.Reason, p)
			}
			if r.ID == id && r.Phase == p {
				found = r
			}
		}
		return found.ID != 0
	})
	return found
}

func (tw *town) state() rollout.State {
	tw.t.Helper()
	state, err := tw.store.State(tw.t.Context(), "prod")
	if err != nil {
		tw.t.Fatal(err)
	}
	return state
}

func (tw *town) stable() int { return tw.state().Services[0].Stable }

// phases are those a rollout has left, in order, with the share of those that shift.
func (tw *town) phases(id delivery.RolloutID) string {
	tw.t.Helper()
	history, err := tw.store.History(tw.t.Context(), id, 1)
	if err != nil {
		tw.t.Fatal(err)
	}
	var names []string
	for _, e := range history {
		names = append(names, string(e.Phase))
	}
	return strings.Join(names, " ")
}

// roads is a mesh whose proxies acknowledge what they are told as soon as the roster allows, and count.
type roads struct {
	engine *enginetest.Fake
	epoch  int64

	mu       sync.Mutex
	env      topology.Environment
	told     map[delivery.ServiceID]time.Time
	before   map[delivery.ServiceID]delivery.Generation
	bad      map[int]bool // deployments that fail one request in ten
	sick     map[int]bool // deployments that fail their check
	astray   map[int]bool // deployments that fail it since they listen on 81 and not on 80
	away     bool         // proxies do not report
	counters map[evidence.Key]evidence.Counts
}

func (r *roads) Declare(_ context.Context, env topology.Environment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told == nil {
		r.told, r.before = map[delivery.ServiceID]time.Time{}, map[delivery.ServiceID]delivery.Generation{}
	}
	r.env = env
	for _, svc := range env.Services {
		if g, ok := r.before[svc.ID]; !ok || g != svc.Route.Generation {
			r.told[svc.ID], r.before[svc.ID] = time.Now(), svc.Route.Generation
		}
	}
	return nil
}

func (r *roads) Observe(string) topology.Observed {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := topology.Observed{Services: map[delivery.ServiceID]topology.ServiceSeen{}, Tasks: map[delivery.TaskID]topology.TaskSeen{}}
	for _, svc := range r.env.Services {
		s := topology.ServiceSeen{}
		if !r.env.RosterAt.Before(r.told[svc.ID]) {
			s.Acknowledged, s.InFlight = svc.Route.Generation, map[int]uint64{}
			for _, n := range svc.Route.Known {
				s.InFlight[n] = 0
			}
		}
		seen.Services[svc.ID] = s
	}
	for _, t := range r.env.Tasks {
		health, listensOn := topology.Healthy, []int{80}
		if r.sick[t.ID.Deployment.Number] {
			health, listensOn = topology.Unhealthy, nil
		}
		if r.astray[t.ID.Deployment.Number] {
			health, listensOn = topology.Unhealthy, []int{81}
		}
		seen.Tasks[t.ID] = topology.TaskSeen{Connected: t.ProxyAlive, Configured: t.ProxyAlive, Health: health, Epoch: r.epoch, ListensOn: listensOn}
	}
	return seen
}

// users call the shop, and the gateway's proxy reports what became of it each second.
func (r *roads) users(ctx context.Context, recorder *rollout.Recorder) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
			recorder.Record(r.second())
		}
	}
}

func (r *roads) second() []evidence.Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return nil
	}
	for _, svc := range r.env.Services {
		for _, w := range svc.Route.Weights {
			key := evidence.Key{
				Deployment: delivery.DeploymentID{Service: svc.ID, Number: w.Deployment}, Side: evidence.Caller,
				Proxy: delivery.GatewayTask("prod"), Epoch: r.epoch,
			}
			c := r.counters[key]
			c.Attempts += uint64(w.BasisPoints / 100)
			if r.bad[w.Deployment] {
				c.Errors5xx += uint64(w.BasisPoints / 1000)
			}
			r.counters[key] = c
		}
	}
	var samples []evidence.Sample
	for key, c := range r.counters {
		samples = append(samples, evidence.Sample{Key: key, Counts: c, At: time.Now()})
	}
	return samples
}

func (r *roads) set(change func(*roads)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

func TestPromotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		first := tw.deploy("v1")
		tw.phase(first.ID, rollout.Succeeded)
		if got, want := tw.phases(first.ID), "Pending CheckDeploymentVersion DeployNewVersion ShiftTraffic Wait GatherHealth PromoteVersion"; got != want {
			t.Errorf("the first deployment went through %s, want %s", got, want)
		}
		second := tw.deploy("v2")
		tw.phase(second.ID, rollout.Succeeded)
		step := "ShiftTraffic Wait GatherHealth "
		if got, want := tw.phases(second.ID), "Pending CheckDeploymentVersion DeployNewVersion "+strings.Repeat(step, 4)+"PromoteVersion RemoveOldVersion"; got != want {
			t.Errorf("the second went through %s, want %s", got, want)
		}
		state := tw.state()
		if len(state.Deployments) != 1 || state.Services[0].Stable != 2 || state.Services[0].Port != 80 {
			t.Errorf("left is %+v of %+v", state.Deployments, state.Services)
		}
		if _, ok := state.Addresses["db"]; !ok {
			t.Errorf("a backend that was mentioned has no address: %v", state.Addresses)
		}
		again := tw.deploy("v2")
		if r := tw.phase(again.ID, rollout.Succeeded); !strings.Contains(r.Reason, "nothing to do") {
			t.Errorf("the same revision: %q", r.Reason)
		}
	})
}

func TestRollsBack(t *testing.T) {
	tests := []struct {
		name    string
		version string
		trouble func(*town)
		reason  string
		phases  string
	}{
		{"errors", "v2", func(tw *town) { tw.roads.set(func(r *roads) { r.bad[2] = true }) }, "answered 5xx", "Pending CheckDeploymentVersion DeployNewVersion ShiftTraffic Wait RollBack"},
		{"never healthy", "v2", func(tw *town) { tw.roads.set(func(r *roads) { r.sick = map[int]bool{2: true} }) }, "fails its check", "Pending CheckDeploymentVersion DeployNewVersion RollBack"},
		{"listens on another port", "v2", func(tw *town) { tw.roads.set(func(r *roads) { r.astray = map[int]bool{2: true} }) }, "listens on port 81 and not on 80", "Pending CheckDeploymentVersion DeployNewVersion RollBack"},
		{"image missing", "none", func(tw *town) { tw.engine.Behave("none", enginetest.Behaviour{NoImage: true}) }, "not ready in time", "Pending CheckDeploymentVersion DeployNewVersion RollBack"},
		{"ends at once", "ends", func(tw *town) { tw.engine.Behave("ends", enginetest.Behaviour{Ends: true, Status: 3}) }, "not ready in time", "Pending CheckDeploymentVersion DeployNewVersion RollBack"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tw := newTown(t)
				tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
				test.trouble(tw)
				r := tw.phase(tw.deploy(test.version).ID, rollout.RolledBack)
				if !strings.Contains(r.Reason, test.reason) {
					t.Errorf("it was rolled back because %q, want …%s…", r.Reason, test.reason)
				}
				if got := tw.phases(r.ID); got != test.phases {
					t.Errorf("it went through %s, want %s", got, test.phases)
				}
				if tw.stable() != 1 || len(tw.state().Deployments) != 1 {
					t.Errorf("stable is %d of %+v", tw.stable(), tw.state().Deployments)
				}
				// The next good one works.
				tw.phase(tw.deploy("v3").ID, rollout.Succeeded)
			})
		})
	}
}

func TestAWrongPortIsNotWaitedForLongASlowStartIs(t *testing.T) {
	tests := []struct {
		name        string
		trouble     func(*roads)
		least, most time.Duration // from the push to the way back
	}{
		{"a wrong port", func(r *roads) { r.astray = map[int]bool{2: true} }, 10 * time.Second, 15 * time.Second},
		{"nothing listens", func(r *roads) { r.sick = map[int]bool{2: true} }, time.Minute, 65 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tw := newTown(t)
				tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
				tw.roads.set(test.trouble)
				began := time.Now()
				r := tw.phase(tw.deploy("v2").ID, rollout.RollBack)
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("it took %s until %q, want %s to %s", took, r.Reason, test.least, test.most)
				}
				tw.phase(r.ID, rollout.RolledBack)
			})
		})
	}
}

func TestRestartGoesOn(t *testing.T) {
	phases := []rollout.Phase{
		rollout.CheckDeploymentVersion, rollout.DeployNewVersion, rollout.ShiftTraffic, rollout.Wait,
		rollout.GatherHealth, rollout.PromoteVersion, rollout.RemoveOldVersion,
	}
	for _, p := range phases {
		t.Run(string(p), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tw := newTown(t)
				tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
				r := tw.deploy("v2")
				tw.phase(r.ID, p)
				tw.stop()
				tw.engine.Restart()
				tw.start()
				tw.phase(r.ID, rollout.Succeeded)
				if tw.stable() != 2 {
					t.Errorf("stable is %d", tw.stable())
				}
			})
		})
	}
}

func TestErrorsWhileTheControlPlaneWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
		r := tw.deploy("v2")
		tw.phase(r.ID, rollout.Wait)
		tw.stop()
		tw.roads.set(func(r *roads) { r.bad[2] = true })
		for range 60 { // nobody takes what the proxies count
			tw.roads.second()
		}
		tw.roads.set(func(r *roads) { r.bad[2] = false })
		time.Sleep(time.Minute)
		tw.start()
		tw.phase(r.ID, rollout.RolledBack)
	})
}

func TestAwayEngineStopsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
		r := tw.deploy("v2")
		tw.phase(r.ID, rollout.Wait)
		tw.engine.Away(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		stopped, err := tw.store.Rollout(t.Context(), r.ID)
		if err != nil || stopped.Percent != 25 || stopped.Phase != rollout.Wait {
			t.Fatalf("while the engine was away: %s at %d %%, %v", stopped.Phase, stopped.Percent, err)
		}
		tw.engine.Away(false)
		tw.phase(r.ID, rollout.Succeeded)
	})
}

func TestSilentProxiesStopProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
		r := tw.deploy("v2")
		tw.phase(r.ID, rollout.Wait)
		time.Sleep(3 * time.Second)
		tw.roads.set(func(r *roads) { r.away = true })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		stopped, err := tw.store.Rollout(t.Context(), r.ID)
		if err != nil || stopped.Percent != 25 {
			t.Fatalf("while proxies were silent: %s at %d %%, %v", stopped.Phase, stopped.Percent, err)
		}
		tw.roads.set(func(r *roads) { r.away = false })
		tw.phase(r.ID, rollout.Succeeded)
	})
}

func TestNewerPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
		running := tw.deploy("v2")
		tw.phase(running.ID, rollout.Wait)
		queue := func(n *rollout.NewDeployment) { n.OnNewer = rollout.QueueBehind }
		waiting := tw.deploy("v3", queue)
		newest := tw.deploy("v4", queue)
		tw.phase(waiting.ID, rollout.Superseded)
		tw.phase(running.ID, rollout.Succeeded)
		tw.phase(newest.ID, rollout.Wait)
		replacing := tw.deploy("v5")
		tw.phase(newest.ID, rollout.Superseded)
		tw.phase(replacing.ID, rollout.Succeeded)
		if state := tw.state(); state.Services[0].Stable != 5 || len(state.Deployments) != 1 {
			t.Errorf("stable is %d of %+v", state.Services[0].Stable, state.Deployments)
		}
	})
}

func TestCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		ctx := t.Context()
		do := func(_ rollout.Rollout, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		first := tw.deploy("v1")
		tw.phase(first.ID, rollout.Succeeded)
		if _, err := tw.control.Abort(ctx, first.ID, ""); !errors.Is(err, delivery.Conflict) {
			t.Errorf("an ended rollout was aborted: %v", err)
		}
		r := tw.deploy("v2")
		tw.phase(r.ID, rollout.Wait)
		do(tw.control.Pause(ctx, r.ID, "lunch"))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if paused, _ := tw.store.Rollout(ctx, r.ID); paused.Percent != 25 || paused.Hold != rollout.Paused {
			t.Errorf("paused, and is %+v", paused)
		}
		do(tw.control.Resume(ctx, r.ID))
		tw.until("half", func(c rollout.Change) bool {
			return slices.ContainsFunc(c.Rollouts, func(r rollout.Rollout) bool { return r.Percent == 50 })
		})
		began := time.Now()
		do(tw.control.Promote(ctx, r.ID))
		tw.phase(r.ID, rollout.PromoteVersion)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("promoting took %s", took)
		}
		if _, err := tw.control.Abort(ctx, r.ID, ""); !errors.Is(err, delivery.Conflict) || !strings.Contains(err.Error(), "commit point") && !strings.Contains(err.Error(), "ended") {
			t.Errorf("aborted after the commit point: %v", err)
		}
		tw.phase(r.ID, rollout.Succeeded)

		r = tw.deploy("v3")
		tw.phase(r.ID, rollout.Wait)
		do(tw.control.Abort(ctx, r.ID, "not today"))
		if ended := tw.phase(r.ID, rollout.Aborted); ended.Reason != "not today" {
			t.Errorf("aborted because %q", ended.Reason)
		}
		if tw.stable() != 2 {
			t.Errorf("stable is %d", tw.stable())
		}
	})
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*rollout.NewDeployment)
		code   delivery.Code
		want   string
	}{
		{"another protocol", func(n *rollout.NewDeployment) { n.Workload.Protocol = delivery.TCP }, delivery.Invalid, "a protocol cannot change"},
		{"no task", func(n *rollout.NewDeployment) { n.Workload.Replicas = 0 }, delivery.Invalid, "at least one"},
		{"no container", func(n *rollout.NewDeployment) { n.Workload.Containers = nil }, delivery.Invalid, "no container"},
		{"no port", func(n *rollout.NewDeployment) { n.Workload.Port = 0 }, delivery.Invalid, "from 1 to 65535"},
		{"no step", func(n *rollout.NewDeployment) { n.Policy.Step = 0 }, delivery.Invalid, "from 1 to 100"},
		{"a backend that cannot be", func(n *rollout.NewDeployment) { n.Workload.Backends = []string{"DB"} }, delivery.Invalid, "backend name"},
		{"no such service", func(n *rollout.NewDeployment) { n.Service.Name = "none" }, delivery.NotFound, "create it first"},
		{"no such environment", func(n *rollout.NewDeployment) { n.Service.Environment = "none" }, delivery.NotFound, "no environment"},
	}
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
		for _, test := range tests {
			n := rollout.NewDeployment{
				Service: shop, Policy: delivery.Policy{Step: 10, FailureWindow: time.Minute},
				Workload: workload.Workload{Containers: []workload.Container{{Name: "app"}}, Port: 81, Protocol: delivery.HTTP, Replicas: 1},
			}
			test.change(&n)
			if _, err := tw.control.Start(t.Context(), n); !errors.Is(err, test.code) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		for _, name := range []string{"gateway", "Shop", ""} {
			if _, err := tw.control.CreateService(t.Context(), rollout.NewService{ID: delivery.ServiceID{Environment: "prod", Name: name}}); !errors.Is(err, delivery.Invalid) {
				t.Errorf("a service named %q: %v", name, err)
			}
		}
		if _, err := tw.control.CreateService(t.Context(), rollout.NewService{ID: shop}); !errors.Is(err, delivery.Conflict) {
			t.Errorf("a second shop: %v", err)
		}
	})
}

func TestDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := newTown(t)
		tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
		r := tw.deploy("v2")
		tw.phase(r.ID, rollout.Wait)
		if err := tw.control.DeleteService(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		tw.phase(r.ID, rollout.Aborted)
		tw.until("the service is gone", func(c rollout.Change) bool { return len(c.Deleted) > 0 })
		if _, err := tw.control.CreateService(t.Context(), rollout.NewService{ID: shop}); err != nil {
			t.Fatal(err)
		}
		if r := tw.deploy("v1"); r.Deployment.Number != 3 {
			t.Errorf("the next deployment is number %d", r.Deployment.Number)
		}
		if err := tw.control.DeleteEnvironment(t.Context(), "prod"); err != nil {
			t.Fatal(err)
		}
		tw.until("the environment is gone", func(c rollout.Change) bool { return c.Gone })
		if seen, err := tw.engine.Observe(t.Context(), "prod"); err != nil || len(seen.Tasks) > 0 {
			t.Errorf("left is %+v, %v", seen.Tasks, err)
		}
		if _, err := tw.control.CreateEnvironment(t.Context(), "prod", workload.Gateway{}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.control.CreateService(t.Context(), rollout.NewService{ID: shop}); err != nil {
			t.Fatal(err)
		}
		tw.phase(tw.deploy("v1").ID, rollout.Succeeded)
	})
}
