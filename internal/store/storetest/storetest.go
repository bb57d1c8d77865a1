// Package storetest is what every store must do, whatever database is under it: an adapter's tests call Run.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// Store is all that the suite asks of a store.
type Store interface {
	rollout.Store
	rollout.Samples
	rollout.Trials
	Runs
	Deployment(ctx context.Context, id delivery.DeploymentID) (rollout.Deployment, error)
	Deployments(ctx context.Context, service delivery.ServiceID, limit int) ([]rollout.Deployment, error)
	RolloutOf(ctx context.Context, d delivery.DeploymentID) (rollout.Rollout, error)
	Rollouts(ctx context.Context, service delivery.ServiceID, limit int) ([]rollout.Rollout, error)
	History(ctx context.Context, id delivery.RolloutID, after int) ([]rollout.Event, error)
	Setting(ctx context.Context, key string) (string, error)
	SetSetting(ctx context.Context, key, value string) error
	SettingOr(ctx context.Context, key, otherwise string) (string, error)
	Close() error
}

// Database is one place that a store keeps things in. Open opens it; a test may open it again, also without having
// closed it before.
type Database interface {
	Open(t *testing.T) Store
}

// Run runs the suite. Each test gets an empty database.
func Run(t *testing.T, empty func(t *testing.T) Database) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, db Database)
	}{
		{"what was stored is read", whole},
		{"an environment comes back at a higher generation", comesBack},
		{"gateway ports are given once", gatewayPorts},
		{"addresses are given once, for ever", addresses},
		{"of concurrent changes one wins", compareAndSet},
		{"a rollout's version is compared", versions},
		{"one active and one pending rollout a service", oneEach},
		{"deployment numbers are given once", numbers},
		{"a refused change leaves nothing", atomic},
		{"impossible rollouts are refused", impossible},
		{"a store that was not closed is opened again", reopened},
		{"evidence is kept, once", samples},
		{"evidence is pruned, and windows are the same", pruned},
		{"trials are kept, with what was told", trials},
		{"trials of old rollouts are forgotten", endedTrials},
		{"records are replaced as a whole", records},
		{"settings", settings},
		{"runs are kept, and their versions compared", runs},
		{"lists of runs", runLists},
		{"a push is one run", runsOfPushes},
		{"of concurrent changes of a run one wins", runsAtOnce},
		{"settings of pipelines", pipelineSettings},
		{"the deployment of a run", deploymentOfRun},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, empty(t)) })
	}
}

var (
	start = time.Date(2026, 1, 2, 3, 4, 5, 6789, time.UTC)
	svc   = delivery.ServiceID{Environment: "prod", Name: "shop"}
)

func id(number int) delivery.DeploymentID {
	return delivery.DeploymentID{Service: svc, Number: number}
}

func service() rollout.Service {
	return rollout.Service{
		ID: svc, Port: 80, Protocol: delivery.HTTP, Hosts: []string{"shop.example"}, Stable: 1, Created: start,
		Route: delivery.Route{Service: svc, Generation: 2, Weights: delivery.All(1), Stable: 1, Known: []int{1}},
	}
}

func deployment(number int) rollout.Deployment {
	return rollout.Deployment{
		ID: id(number), Revision: delivery.Revision{Commit: "0123456789", Image: "r/s@sha256:00", Config: "sha256:11"},
		Workload: workload.Workload{
			Containers: []workload.Container{{Name: "app", Image: "r/s@sha256:00", Environment: map[string]string{"A": "b"}, Essential: true}},
			Port:       80, Protocol: delivery.HTTP, Replicas: 2, Backends: []string{"db"}, BackendsDeclared: true, Check: workload.DefaultCheck(80),
		},
		Policy:  delivery.Policy{Step: 25, Wait: time.Minute, FailureWindow: 10 * time.Minute, NoTraffic: delivery.NoTrafficHold},
		Created: start, RunID: 7, Message: "fix the count", Stage: rollout.Live, Since: start,
	}
}

func begun(n delivery.RolloutID, number int) rollout.Rollout {
	return rollout.Begin(n, id(number), start)
}

// prod makes the environment, and gives its state.
func prod(t *testing.T, s Store) rollout.State {
	t.Helper()
	must(t, s.CreateEnvironment(t.Context(), rollout.Environment{Name: "prod", Gateway: workload.Gateway{Bind: "127.0.0.1", Port: 8080}, Created: start}))
	return read(t, s)
}

func read(t *testing.T, s Store) rollout.State {
	t.Helper()
	state, err := s.State(t.Context(), "prod")
	must(t, err)
	return state
}

// next is a change that raises the generation.
func next(state rollout.State) rollout.Change {
	env := state.Environment
	env.Generation++
	return rollout.Change{Name: env.Name, From: state.Environment.Generation, Environment: &env}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, code delivery.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Fatalf("got %v, want an error of code %s", err, code)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

func whole(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	_, err := s.State(t.Context(), "prod")
	refused(t, err, delivery.NotFound)
	state := prod(t, s)
	if state.Environment.Generation < 1 {
		t.Fatal("a new environment has no generation")
	}
	c := next(state)
	c.Services, c.Deployments, c.Mentioned = []rollout.Service{service()}, []rollout.Deployment{deployment(1)}, []string{"shop", "db"}
	r, err := s.NextRollout(t.Context())
	must(t, err)
	c.Rollouts = []rollout.Rollout{begun(r, 1)}
	c.Events = []rollout.Event{{Rollout: r, Seq: 1, At: start, Since: start, Phase: rollout.Pending, Input: map[string]int{"a": 1}, Error: "e", Attempt: 2}}
	must(t, s.Commit(t.Context(), c))
	seen := workload.Observed{At: start, Tasks: []workload.Task{
		{ID: delivery.TaskID{Deployment: id(1)}, State: workload.Running, Address: "172.17.0.2", ProxyAlive: true, Since: start},
		{ID: delivery.GatewayTask("prod"), State: workload.Running, Address: "172.17.0.3", ProxyAlive: true, Since: start},
	}}
	must(t, s.SaveSeen(t.Context(), "prod", seen))

	got := read(t, s)
	stored := begun(r, 1)
	stored.Version = 1
	same(t, got, rollout.State{
		Environment: *c.Environment, Services: []rollout.Service{service()}, Deployments: []rollout.Deployment{deployment(1)},
		Rollouts: []rollout.Rollout{stored}, Numbers: map[string]int{"shop": 1}, Seen: seen,
		Addresses: map[string]netip.Addr{"shop": netip.MustParseAddr("240.240.0.1"), "db": netip.MustParseAddr("240.240.0.2")},
	})
	d, err := s.Deployment(t.Context(), id(1))
	must(t, err)
	same(t, d, deployment(1))
	for _, read := range []func() (rollout.Rollout, error){
		func() (rollout.Rollout, error) { return s.Rollout(t.Context(), r) },
		func() (rollout.Rollout, error) { return s.RolloutOf(t.Context(), id(1)) },
	} {
		got, err := read()
		must(t, err)
		same(t, got, stored)
	}
	history, err := s.History(t.Context(), r, 0)
	must(t, err)
	same(t, history, []rollout.Event{{
		Rollout: r, Seq: 1, At: start, Since: start, Phase: rollout.Pending,
		Input: json.RawMessage(`{"a":1}`), Output: json.RawMessage(`null`), Error: "e", Attempt: 2,
	}})
	history, err = s.History(t.Context(), r, 1)
	must(t, err)
	same(t, history, []rollout.Event{})
	_, err = s.Rollout(t.Context(), r+1)
	refused(t, err, delivery.NotFound)
	_, err = s.Deployment(t.Context(), id(2))
	refused(t, err, delivery.NotFound)

	gone := deployment(1)
	gone.Stage = rollout.Removed
	c = next(got)
	c.Deployments, c.Deleted = []rollout.Deployment{gone}, []delivery.ServiceID{svc}
	must(t, s.Commit(t.Context(), c))
	got = read(t, s)
	if len(got.Services)+len(got.Deployments) != 0 || got.Numbers["shop"] != 1 || len(got.Addresses) != 2 {
		t.Fatalf("after the service is gone: %+v", got)
	}
	all, err := s.Deployments(t.Context(), svc, 10)
	must(t, err)
	same(t, all, []rollout.Deployment{gone})
	rollouts, err := s.Rollouts(t.Context(), delivery.ServiceID{Environment: "prod"}, 10)
	must(t, err)
	same(t, rollouts, []rollout.Rollout{stored})
}

func comesBack(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	state := prod(t, s)
	refused(t, s.CreateEnvironment(t.Context(), rollout.Environment{Name: "prod"}), delivery.Conflict)
	must(t, s.Commit(t.Context(), next(state)))
	state = read(t, s)
	must(t, s.Commit(t.Context(), rollout.Change{Name: "prod", From: state.Environment.Generation, Gone: true}))
	names, err := s.Environments(t.Context())
	must(t, err)
	same(t, names, []string{})
	if again := prod(t, s); again.Environment.Generation <= state.Environment.Generation {
		t.Fatalf("it came back at generation %d after %d", again.Environment.Generation, state.Environment.Generation)
	}
}

func gatewayPorts(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	prod(t, s)
	refused(t, s.CreateEnvironment(t.Context(), rollout.Environment{Name: "test", Gateway: workload.Gateway{Port: 8080}}), delivery.Conflict)
	must(t, s.CreateEnvironment(t.Context(), rollout.Environment{Name: "test"}))
	must(t, s.CreateEnvironment(t.Context(), rollout.Environment{Name: "none"}))
}

func addresses(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	state := prod(t, s)
	must(t, s.CreateEnvironment(t.Context(), rollout.Environment{Name: "test"}))
	c := next(state)
	for n := range 600 {
		c.Mentioned = append(c.Mentioned, fmt.Sprintf("s%d", n))
	}
	must(t, s.Commit(t.Context(), c))
	other, err := s.State(t.Context(), "test")
	must(t, err)
	c = next(other)
	c.Mentioned = []string{"s1", "s1", "s2"}
	must(t, s.Commit(t.Context(), c))
	other, err = s.State(t.Context(), "test")
	must(t, err)
	owner := map[netip.Addr]string{}
	for _, env := range []rollout.State{read(t, s), other} {
		for name, a := range env.Addresses {
			if last := a.As4()[3]; last == 0 || last == 255 || !netip.MustParsePrefix(topology.VirtualNet).Contains(a) {
				t.Errorf("%s was given %s", name, a)
			}
			if before, ok := owner[a]; ok {
				t.Errorf("%s was given to %s and %s", a, before, name)
			}
			owner[a] = name
		}
	}
	if len(owner) != 602 {
		t.Errorf("%d addresses, want 602", len(owner))
	}
}

func compareAndSet(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	state := prod(t, s)
	const writers = 8
	errs := make([]error, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			c := next(state)
			mine := service()
			mine.Path = fmt.Sprint(i)
			c.Services = []rollout.Service{mine}
			errs[i] = s.Commit(context.WithoutCancel(t.Context()), c)
		})
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Fatalf("%d and %d both won", won, i)
		case err == nil:
			won = i
		default:
			refused(t, err, delivery.Conflict)
		}
	}
	if got := read(t, s).Services[0].Path; won < 0 || got != fmt.Sprint(won) {
		t.Fatalf("%d won and %s is stored", won, got)
	}
}

func versions(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	c := next(prod(t, s))
	c.Rollouts = []rollout.Rollout{begun(1, 1)}
	must(t, s.Commit(t.Context(), c))
	r, err := s.Rollout(t.Context(), 1)
	must(t, err)
	r.Reason = "first"
	must(t, s.Commit(t.Context(), rollout.Change{Name: "prod", Rollouts: []rollout.Rollout{r}}))
	r.Reason = "second"
	refused(t, s.Commit(t.Context(), rollout.Change{Name: "prod", Rollouts: []rollout.Rollout{r}}), delivery.Conflict)
	r, err = s.Rollout(t.Context(), 1)
	must(t, err)
	if r.Reason != "first" || r.Version != 2 {
		t.Fatalf("stored: %q, version %d", r.Reason, r.Version)
	}
}

func oneEach(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	prod(t, s)
	put := func(r rollout.Rollout) error {
		return s.Commit(t.Context(), rollout.Change{Name: "prod", Rollouts: []rollout.Rollout{r}})
	}
	active, pending, ended := begun(1, 1), begun(2, 2), begun(3, 3)
	active.Phase, ended.Phase = rollout.CheckDeploymentVersion, rollout.Succeeded
	must(t, put(active))
	must(t, put(pending))
	must(t, put(ended))
	refused(t, put(begun(4, 4)), delivery.Conflict)
	again := begun(5, 5)
	again.Phase = rollout.DeployNewVersion
	refused(t, put(again), delivery.Conflict)
	// In one change the next takes the place of the one that ends.
	active.Version, active.Phase = 1, rollout.Succeeded
	pending.Version, pending.Phase = 1, rollout.CheckDeploymentVersion
	must(t, s.Commit(t.Context(), rollout.Change{Name: "prod", Rollouts: []rollout.Rollout{pending, active}}))
}

func numbers(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	const askers = 10
	given := make(chan delivery.RolloutID, askers)
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			n, err := s.NextRollout(context.WithoutCancel(t.Context()))
			if err != nil {
				t.Error(err)
			}
			given <- n
		})
	}
	all.Wait()
	close(given)
	seen := map[delivery.RolloutID]bool{}
	for n := range given {
		if n < 1 || seen[n] {
			t.Errorf("rollout number %d was given twice or is not positive", n)
		}
		seen[n] = true
	}
	prod(t, s)
	r := begun(1, 1)
	must(t, s.Commit(t.Context(), rollout.Change{Name: "prod", Rollouts: []rollout.Rollout{r}}))
	other := begun(2, 1)
	other.Phase = rollout.Succeeded
	refused(t, s.Commit(t.Context(), rollout.Change{Name: "prod", Rollouts: []rollout.Rollout{other}}), delivery.Conflict)
}

func atomic(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	state := prod(t, s)
	c := next(state)
	stale := begun(1, 1)
	stale.Version = 3
	c.Services, c.Deployments, c.Mentioned = []rollout.Service{service()}, []rollout.Deployment{deployment(1)}, []string{"shop"}
	c.Rollouts = []rollout.Rollout{stale}
	refused(t, s.Commit(t.Context(), c), delivery.Conflict)
	same(t, read(t, s), state)
	bad := service()
	bad.Route.Weights = delivery.Weights{{Deployment: 1, BasisPoints: 9000}}
	c.Rollouts, c.Services = nil, []rollout.Service{bad}
	refused(t, s.Commit(t.Context(), c), delivery.Invalid)
	same(t, read(t, s), state)
}

func impossible(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	prod(t, s)
	r := begun(1, 1)
	r.Phase = rollout.Wait
	refused(t, s.Commit(t.Context(), rollout.Change{Name: "prod", Rollouts: []rollout.Rollout{r}}), delivery.Internal)
}

func reopened(t *testing.T, db Database) {
	first := db.Open(t)
	defer first.Close()
	c := next(prod(t, first))
	c.Services = []rollout.Service{service()}
	must(t, first.Commit(t.Context(), c))
	want := read(t, first)
	second := db.Open(t)
	defer second.Close()
	same(t, read(t, second), want)
	must(t, second.Commit(t.Context(), next(want)))
	refused(t, first.Commit(t.Context(), next(want)), delivery.Conflict)
}

func sample(number int, at time.Duration, attempts uint64) evidence.Sample {
	return evidence.Sample{
		Key: evidence.Key{Deployment: id(number), Side: evidence.Caller, Proxy: delivery.GatewayTask("prod"), Epoch: start.UnixNano()},
		At:  start.Add(at), Counts: evidence.Counts{Attempts: attempts, Errors5xx: attempts / 10, Latency: evidence.Latency{7: attempts}}, Active: 3,
	}
}

func samples(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	a, b, c, d := sample(1, time.Second, 10), sample(1, 2*time.Second, 20), sample(1, 3*time.Second, 30), sample(1, 4*time.Second, 40)
	b.Counts = evidence.Counts{
		Attempts: 101, Errors5xx: 2, ErrorsGRPC: 3, ConnectFailed: 4, Resets: 5, Timeouts: 6, FallbackServed: 7, FallbackFailed: 8,
	}
	c.Latency = evidence.Latency{0: 1, 1: 127, 2: 128, evidence.Buckets - 1: 1 << 62}
	for i := range d.Latency {
		d.Latency[i] = 1 << (2 * i)
	}
	must(t, s.SaveSamples(t.Context(), []evidence.Sample{d, b, a, c}))
	must(t, s.SaveSamples(t.Context(), []evidence.Sample{a, b}))
	got, err := s.LoadSamples(t.Context(), "prod")
	must(t, err)
	same(t, got, []evidence.Sample{a, b, c, d})
	none, err := s.LoadSamples(t.Context(), "test")
	must(t, err)
	same(t, none, []evidence.Sample{})
}

func pruned(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	c := next(prod(t, s))
	gone := deployment(1)
	gone.Stage = rollout.Removed
	c.Deployments = []rollout.Deployment{gone, deployment(2)}
	must(t, s.Commit(t.Context(), c))
	var all []evidence.Sample
	for i := range uint64(100) {
		all = append(all, sample(1, time.Duration(i)*time.Second, i), sample(2, time.Duration(i)*time.Second, 10*i))
	}
	must(t, s.SaveSamples(t.Context(), all))
	must(t, s.PruneSamples(t.Context(), "prod", []time.Time{start.Add(20 * time.Second), start.Add(50 * time.Second)}))
	left, err := s.LoadSamples(t.Context(), "prod")
	must(t, err)
	if len(left) != 49+51 {
		t.Fatalf("%d readings are left, want 49 of the removed deployment and 51 of the living one", len(left))
	}
	for _, from := range []int{20, 50, 57, 64, 71, 99} {
		at := start.Add(time.Duration(from) * time.Second)
		want := evidence.Window(all, at, start.Add(time.Hour))[id(2)]
		same(t, evidence.Window(left, at, start.Add(time.Hour))[id(2)], want)
	}
	must(t, s.PruneSamples(t.Context(), "prod", []time.Time{start.Add(-time.Minute), start.Add(time.Hour)}))
	left, err = s.LoadSamples(t.Context(), "prod")
	must(t, err)
	same(t, left, []evidence.Sample{sample(2, 99*time.Second, 990)}) // of a counter that began after the first mark, too
}

func settings(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	_, err := s.Setting(t.Context(), "instance")
	refused(t, err, delivery.NotFound)
	for _, offered := range []string{"a", "b"} {
		got, err := s.SettingOr(t.Context(), "instance", offered)
		must(t, err)
		same(t, got, "a")
	}
	must(t, s.SetSetting(t.Context(), "instance", "c"))
	got, err := s.Setting(t.Context(), "instance")
	must(t, err)
	same(t, got, "c")
}
