package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/store/sqlite"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

var (
	shop        = delivery.ServiceID{Environment: "prod", Name: "shop"}
	modelTiming = rollout.Timing{RouteTimeout: time.Second, DrainDeadline: 20 * time.Second, CleanupDeadline: time.Minute, Look: time.Second}
)

// model is a reconciler in a world that does what it likes, over a real store.
type model struct {
	*world
	store      *sqlite.Store
	misread    func(rollout.State, *rollout.Seen)
	reconciler *rollout.Reconciler
	turn       func(context.Context) (time.Duration, error)
	started    int
}

func newModel(t *testing.T, seed uint64, misread func(rollout.State, *rollout.Seen)) *model {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "serin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	m := &model{world: newWorld(seed), store: store, misread: misread}
	m.restart(t)
	if _, err := m.reconciler.CreateEnvironment(t.Context(), "prod", workload.Gateway{}); err != nil {
		t.Fatal(err)
	}
	m.createService(t)
	return m
}

// restart is what kill -9 leaves: the store, and the world as it is.
func (m *model) restart(t *testing.T) {
	t.Helper()
	recorder := rollout.NewRecorder(m.store, func() time.Time { return m.now }, slog.New(slog.DiscardHandler))
	m.reconciler = rollout.New(rollout.Options{
		Store: faulty{m.store, m.world}, Engine: m.world, Mesh: wire{m.world}, Trials: m.store, Judge: m.judge, Recorder: recorder,
		Clock: func() time.Time { return m.now }, Logger: slog.New(slog.DiscardHandler), OnChange: m.changed, Timing: modelTiming,
	})
	if m.misread != nil {
		m.reconciler.Misread(m.misread)
	}
	if err := m.reconciler.Prime(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.turn = m.reconciler.Turns("prod")
}

// faulty is a store that sometimes fails: before a change is stored, or after, when nobody learns that it was.
type faulty struct {
	rollout.Store
	w *world
}

func (s faulty) Commit(ctx context.Context, c rollout.Change) error {
	if s.w.chance(40) {
		return delivery.Errorf(delivery.Unavailable, "the disk is full")
	}
	err := s.Store.Commit(ctx, c)
	if err == nil && s.w.chance(40) {
		s.w.changed(c)
		return delivery.Errorf(delivery.Unavailable, "the process died")
	}
	return err
}

func (m *model) createService(t *testing.T) {
	t.Helper()
	_, err := m.reconciler.CreateService(t.Context(), rollout.NewService{ID: shop})
	if err != nil && !errors.Is(err, delivery.Conflict) && !errors.Is(err, delivery.Unavailable) {
		t.Fatal(err)
	}
}

// somebody does something: a push, a command, a crash.
func (m *model) somebody(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	rollouts, err := m.store.Rollouts(ctx, shop, 3)
	if err != nil {
		t.Fatal(err)
	}
	any := delivery.RolloutID(0)
	if len(rollouts) > 0 {
		any = rollouts[m.rng.IntN(len(rollouts))].ID
	}
	switch m.rng.IntN(40) {
	case 0:
		m.push(t)
	case 1, 2, 3:
		if m.rng.IntN(6) > 0 {
			return
		}
		_, err = m.reconciler.Abort(ctx, any, "")
	case 4, 5:
		_, err = m.reconciler.Pause(ctx, any, "")
	case 6, 7, 8:
		_, err = m.reconciler.Resume(ctx, any)
	case 9:
		_, err = m.reconciler.Promote(ctx, any)
	case 10:
		if m.rng.IntN(5) == 0 {
			err = m.reconciler.DeleteService(ctx, shop)
		}
	case 11:
		m.restart(t)
	case 12:
		m.createService(t)
	}
	for _, allowed := range []delivery.Code{delivery.Conflict, delivery.NotFound, delivery.Unavailable} {
		if errors.Is(err, allowed) {
			return
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (m *model) push(t *testing.T) {
	t.Helper()
	m.started++
	how := rollout.ReplaceRunning
	if m.rng.IntN(2) == 0 {
		how = rollout.QueueBehind
	}
	traffic := delivery.NoTrafficHold
	if m.rng.IntN(2) == 0 {
		traffic = delivery.NoTrafficChecks
	}
	r, err := m.reconciler.Start(t.Context(), rollout.NewDeployment{
		Service: shop, OnNewer: how,
		Revision: delivery.Revision{Image: fmt.Sprintf("app@sha256:%d", m.rng.IntN(6))},
		Workload: workload.Workload{
			Containers: []workload.Container{{Name: "app"}}, Port: 80, Protocol: delivery.HTTP,
			Replicas: 1 + m.rng.IntN(2), Check: workload.DefaultCheck(80),
		},
		Policy: delivery.Policy{Step: 50, Wait: 5 * time.Second, KeepPrevious: 5 * time.Second, FailureWindow: time.Minute, DeployTimeout: 30 * time.Second, NoTraffic: traffic},
	})
	switch {
	case err == nil:
		m.sick[r.Deployment.Number] = m.rng.IntN(4) == 0
	case !errors.Is(err, delivery.Conflict) && !errors.Is(err, delivery.NotFound) && !errors.Is(err, delivery.Unavailable):
		t.Fatal(err)
	}
}

func (m *model) oneTurn(t *testing.T) {
	t.Helper()
	sleep, err := m.turn(t.Context())
	if err != nil && delivery.CodeOf(err) == delivery.Internal {
		t.Fatal(err)
	}
	m.move(min(sleep, time.Duration(1+m.rng.IntN(2000))*time.Millisecond))
}

// settle lets a kind world go on until nothing is rolling out.
func (m *model) settle(t *testing.T) rollout.State {
	t.Helper()
	m.kind = true
	for range 400 {
		state, err := m.store.State(t.Context(), "prod")
		if err != nil {
			t.Fatal(err)
		}
		leaving := func(d rollout.Deployment) bool { return d.Stage.Leaving() }
		closing := func(s rollout.Service) bool { return s.Deleting }
		if len(state.Rollouts) == 0 && !slices.ContainsFunc(state.Deployments, leaving) && !slices.ContainsFunc(state.Services, closing) {
			return state
		}
		for _, r := range state.Rollouts {
			if _, err := m.reconciler.Resume(t.Context(), r.ID); err != nil && !errors.Is(err, delivery.Conflict) {
				t.Fatal(err)
			}
		}
		m.oneTurn(t)
	}
	state, _ := m.store.State(t.Context(), "prod")
	t.Fatalf("it does not end in a kind world: %+v", state.Rollouts)
	return state
}

func (m *model) run(t *testing.T, steps int) {
	t.Helper()
	for range steps {
		m.somebody(t)
		m.oneTurn(t)
		if len(m.wrong) > 0 {
			return
		}
	}
}

func TestModel(t *testing.T) {
	ends := map[rollout.Phase]int{}
	for seed := range uint64(25) {
		m := newModel(t, seed, nil)
		m.run(t, 250)
		state := m.settle(t)
		for range 5 {
			m.oneTurn(t)
		}
		for _, w := range m.wrong {
			t.Errorf("seed %d: %s", seed, w)
		}
		m.checkEnd(t, state)
		for _, r := range m.everyRollout(t) {
			ends[r.Phase]++
		}
	}
	for _, p := range []rollout.Phase{rollout.Succeeded, rollout.RolledBack, rollout.Aborted, rollout.Superseded} {
		if ends[p] == 0 {
			t.Errorf("no rollout ended %s: the model does not go everywhere", p)
		}
	}
	t.Logf("how rollouts ended: %v", ends)
}

// checkEnd looks at what is left when nothing rolls out any more: the stable deployment, and nothing else.
func (m *model) checkEnd(t *testing.T, state rollout.State) {
	t.Helper()
	var stable []int
	for _, svc := range state.Services {
		if svc.Stable != 0 {
			stable = append(stable, svc.Stable)
		}
		if svc.Route.Weights.String() != delivery.All(svc.Stable).String() {
			t.Errorf("the weights are %s and %d is stable", svc.Route.Weights, svc.Stable)
		}
	}
	var left []int
	for _, d := range state.Deployments {
		left = append(left, d.ID.Number)
	}
	if !slices.Equal(left, stable) {
		t.Errorf("deployments %v are left, stable is %v", left, stable)
	}
	for id := range m.tasks {
		if !slices.Contains(stable, id.Deployment.Number) {
			t.Errorf("task %s is left", id)
		}
	}
}

// everyRollout gives all there ever were, each ended and with its history whole.
func (m *model) everyRollout(t *testing.T) []rollout.Rollout {
	t.Helper()
	all, err := m.store.Rollouts(t.Context(), shop, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		history, err := m.store.History(t.Context(), r.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Phase.Ended() || len(history) != r.Events {
			t.Errorf("rollout %d is %s with %d events, %d are stored", r.ID, r.Phase, r.Events, len(history))
		}
	}
	return all
}

// A test that cannot fail says nothing: rules that do not look at one thing are found out.
func TestModelFindsWrongRules(t *testing.T) {
	acknowledged := func(s rollout.State, seen *rollout.Seen) {
		for _, svc := range s.Services {
			x := seen.Mesh.Services[svc.ID]
			x.Acknowledged = svc.Route.Generation
			seen.Mesh.Services[svc.ID] = x
		}
	}
	tests := []struct {
		name    string
		misread func(rollout.State, *rollout.Seen)
	}{
		{"acknowledgements are not waited for", func(s rollout.State, seen *rollout.Seen) {
			if seen.Mesh.Services == nil {
				seen.Mesh.Services = map[delivery.ServiceID]topology.ServiceSeen{}
			}
			acknowledged(s, seen)
		}},
		{"what is in flight is not drained", func(s rollout.State, seen *rollout.Seen) {
			for id, x := range seen.Mesh.Services {
				x.InFlight = map[int]uint64{}
				for _, d := range s.Deployments {
					x.InFlight[d.ID.Number] = 0
				}
				seen.Mesh.Services[id] = x
			}
		}},
		{"silence is taken for health", func(_ rollout.State, seen *rollout.Seen) {
			for id, v := range seen.Verdicts {
				if v.Outcome == evidence.NotEnough {
					v.Outcome = evidence.Healthy
					seen.Verdicts[id] = v
				}
			}
		}},
		{"failing is taken for health", func(_ rollout.State, seen *rollout.Seen) {
			for id, v := range seen.Verdicts {
				if v.Outcome == evidence.Failing {
					v.Outcome = evidence.Healthy
					seen.Verdicts[id] = v
				}
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(30) {
				m := newModel(t, seed, test.misread)
				m.run(t, 250)
				if len(m.wrong) > 0 {
					t.Logf("seed %d: %s", seed, m.wrong[0])
					return
				}
			}
			t.Error("the model found nothing wrong")
		})
	}
}
