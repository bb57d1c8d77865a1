package rollout_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// world is an engine, a mesh, users and a judge that do what they like, within what real ones may do. It notes what
// must never happen.
type world struct {
	rng  *rand.Rand
	now  time.Time
	kind bool // everything works, everybody answers

	declared workload.Environment
	tasks    map[delivery.TaskID]workload.Task
	sick     map[int]bool // deployments whose check does not pass

	mesh     topology.Environment
	told     map[delivery.ServiceID]time.Time // when the present route was first declared
	acked    map[delivery.ServiceID]delivery.Generation
	held     map[delivery.ServiceID][]delivery.Route // what proxies may hold: the acknowledged route and all since
	flights  map[delivery.DeploymentID]uint64
	left     map[delivery.DeploymentID]time.Time // when the last proxy stopped routing to it
	verdicts map[delivery.DeploymentID]evidence.Verdict

	stable map[delivery.ServiceID]int
	wrong  []string
}

func newWorld(seed uint64) *world {
	return &world{
		rng: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		tasks: map[delivery.TaskID]workload.Task{}, sick: map[int]bool{},
		told: map[delivery.ServiceID]time.Time{}, acked: map[delivery.ServiceID]delivery.Generation{},
		held: map[delivery.ServiceID][]delivery.Route{}, flights: map[delivery.DeploymentID]uint64{},
		left: map[delivery.DeploymentID]time.Time{}, verdicts: map[delivery.DeploymentID]evidence.Verdict{},
		stable: map[delivery.ServiceID]int{},
	}
}

func (w *world) broken(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// chance is true once in n, never in a kind world.
func (w *world) chance(n int) bool { return !w.kind && w.rng.IntN(n) == 0 }

// move lets time pass and things happen.
func (w *world) move(d time.Duration) {
	w.now = w.now.Add(d)
	w.moveTasks()
	for id, routes := range w.held {
		for _, route := range routes {
			for _, weight := range route.Weights {
				d := delivery.DeploymentID{Service: id, Number: weight.Deployment}
				delete(w.left, d)
				w.flights[d] = w.rng.Uint64N(20)
			}
		}
	}
	for d, n := range w.flights {
		if w.routed(d) {
			continue
		}
		if _, noted := w.left[d]; !noted {
			w.left[d] = w.now
		}
		if n > 0 && (w.kind || w.rng.IntN(4) > 0) {
			w.flights[d] = n / 2
		}
	}
}

// routed tells whether a proxy may send anything to a deployment.
func (w *world) routed(d delivery.DeploymentID) bool {
	return slices.ContainsFunc(w.held[d.Service], func(r delivery.Route) bool { return r.Weights.Of(d.Number) > 0 })
}

func (w *world) moveTasks() {
	wanted := map[delivery.TaskID]bool{}
	for _, d := range w.declared.Deployments {
		for replica := range d.Workload.Replicas {
			id := delivery.TaskID{Deployment: d.ID, Replica: replica}
			wanted[id] = true
			t, there := w.tasks[id]
			switch {
			case !there:
				t = workload.Task{ID: id, State: workload.Pending, Since: w.now}
			case w.chance(60):
				t.State, t.Since, t.Reason = workload.Failed, w.now, "it exited with status 1"
			case t.State != workload.Running && !w.chance(3):
				t.State, t.Since, t.ProxyAlive, t.Address = workload.Running, w.now, true, "172.17.0.9"
			}
			w.tasks[id] = t
		}
	}
	for id := range w.tasks {
		if !wanted[id] && !w.chance(2) {
			delete(w.tasks, id)
		}
	}
}

// Declare is the engine's.
func (w *world) Declare(_ context.Context, env workload.Environment) error {
	if w.chance(10) {
		return delivery.Errorf(delivery.Unavailable, "the engine is away")
	}
	if env.Generation < w.declared.Generation {
		return delivery.Errorf(delivery.Stale, "generation %d is older than %d", env.Generation, w.declared.Generation)
	}
	for _, before := range w.declared.Deployments {
		if !slices.ContainsFunc(env.Deployments, func(d workload.Deployment) bool { return d.ID == before.ID }) {
			w.checkRemoval(before.ID)
		}
	}
	w.declared = env
	return nil
}

// checkRemoval is asked when a deployment's tasks are about to be removed.
func (w *world) checkRemoval(d delivery.DeploymentID) {
	for _, r := range w.held[d.Service] {
		if r.Knows(d.Number) || r.Weights.Of(d.Number) > 0 {
			w.broken("%s is removed while a proxy may hold %+v", d, r)
		}
	}
	if n := w.flights[d]; n > 0 && w.now.Sub(w.left[d]) < modelTiming.DrainDeadline {
		w.broken("%s is removed with %d requests in flight, %s after its last", d, n, w.now.Sub(w.left[d]))
	}
}

// Observe is the engine's.
func (w *world) Observe(context.Context, string) (workload.Observed, error) {
	if w.chance(10) {
		return workload.Observed{}, delivery.Errorf(delivery.Unavailable, "the engine is away")
	}
	w.now = w.now.Add(time.Millisecond)
	seen := workload.Observed{At: w.now}
	for _, id := range slices.SortedFunc(maps.Keys(w.tasks), func(a, b delivery.TaskID) int { return a.Deployment.Number - b.Deployment.Number }) {
		seen.Tasks = append(seen.Tasks, w.tasks[id])
	}
	w.now = w.now.Add(time.Millisecond)
	return seen, nil
}

// judge begins to judge a rollout in the world's way.
func (w *world) judge(t evidence.Trial) rollout.Judge { return whim{w, t.Deployment} }

type whim struct {
	*world
	deployment delivery.DeploymentID
}

// Look gives any verdict, and notes it.
func (w whim) Look(evidence.Interval) evidence.Verdict {
	v := evidence.Verdict{Outcome: evidence.Healthy, Reason: "all is well", Checked: true}
	if !w.kind {
		v.Checked = w.rng.IntN(2) == 0
		switch n := w.rng.IntN(24); {
		case n == 0:
			v.Outcome, v.Reason = evidence.Failing, "it fails"
		case n < 10:
			v.Outcome, v.Reason, v.Thin = evidence.NotEnough, "nobody came", true
		}
	}
	w.verdicts[w.deployment] = v
	return v
}

// wire is the mesh of a world.
type wire struct{ *world }

func (w wire) Declare(_ context.Context, env topology.Environment) error {
	if env.Generation < w.mesh.Generation {
		return delivery.Errorf(delivery.Stale, "generation %d is older than %d", env.Generation, w.mesh.Generation)
	}
	w.mesh = env
	w.now = w.now.Add(time.Millisecond)
	for _, svc := range env.Services {
		if svc.Route.Generation == 0 { // a name without a service
			delete(w.held, svc.ID)
			continue
		}
		w.checkRoute(svc)
		held := w.held[svc.ID]
		if len(held) == 0 || held[len(held)-1].Generation != svc.Route.Generation {
			w.held[svc.ID] = append(held, svc.Route)
			w.told[svc.ID] = w.now
		}
	}
	return nil
}

// checkRoute is asked of every route that is declared.
func (w wire) checkRoute(svc topology.Service) {
	if err := svc.Route.Weights.Check(); err != nil {
		w.broken("%v", err)
	}
	for _, weight := range svc.Route.Weights {
		d := delivery.DeploymentID{Service: svc.ID, Number: weight.Deployment}
		if !svc.Route.Knows(d.Number) || !slices.ContainsFunc(w.mesh.Tasks, func(t topology.Task) bool { return t.ID.Deployment == d }) {
			w.broken("%s has weight and is not known or has no task: %+v", d, svc.Route)
		}
	}
	if n := len(w.held[svc.ID]); n > 0 && w.held[svc.ID][n-1].Generation > svc.Route.Generation {
		w.broken("the route of %s went back from generation %d to %d", svc.ID, w.held[svc.ID][n-1].Generation, svc.Route.Generation)
	}
}

func (w wire) Observe(string) topology.Observed {
	seen := topology.Observed{Services: map[delivery.ServiceID]topology.ServiceSeen{}, Tasks: map[delivery.TaskID]topology.TaskSeen{}}
	for _, svc := range w.mesh.Services {
		if w.mesh.RosterAt.After(w.told[svc.ID]) && (w.kind || w.rng.IntN(2) == 0) {
			w.acked[svc.ID] = svc.Route.Generation
			w.held[svc.ID] = w.held[svc.ID][max(0, len(w.held[svc.ID])-1):]
		}
		s := topology.ServiceSeen{Acknowledged: w.acked[svc.ID]}
		if s.Acknowledged == svc.Route.Generation && !w.chance(3) {
			s.InFlight = map[int]uint64{}
			for d, n := range w.flights {
				if d.Service == svc.ID {
					s.InFlight[d.Number] = n
				}
			}
		}
		seen.Services[svc.ID] = s
	}
	for id, t := range w.tasks {
		health, listensOn := topology.Healthy, []int{80}
		if w.sick[id.Deployment.Number] && id.Deployment.Number%2 == 0 {
			listensOn = []int{81}
		}
		if t.State != workload.Running || w.sick[id.Deployment.Number] && !w.kind || w.chance(20) {
			health = topology.Unknown
		}
		seen.Tasks[id] = topology.TaskSeen{Connected: true, Configured: !w.chance(4), Health: health, Since: t.Since, ListensOn: listensOn, ListensOnSince: t.Since}
	}
	return seen
}

// changed is told every change that was stored.
func (w *world) changed(c rollout.Change) {
	promoted := map[delivery.ServiceID]int{}
	for _, r := range c.Rollouts {
		svc, v := r.Deployment.Service, w.verdicts[r.Deployment]
		switch r.Phase {
		case rollout.PromoteVersion:
			enough := v.Outcome == evidence.Healthy || r.Intent == rollout.Promote || v.Checked && r.Waits >= 3
			if !enough || v.Outcome == evidence.Failing {
				w.broken("%s is promoted (intent %q) on %+v", r.Deployment, r.Intent, v)
			}
			if routes := w.held[svc]; len(routes) != 1 || routes[0].Weights.Of(r.Deployment.Number) != delivery.Full {
				w.broken("%s is promoted while proxies may hold %+v", r.Deployment, routes)
			}
			promoted[svc] = r.Deployment.Number
		case rollout.ShiftTraffic:
			if r.Since.Equal(w.now) && len(w.held[svc]) != 1 {
				w.broken("%s is shifted to %d %% while proxies may hold %+v", r.Deployment, r.Percent, w.held[svc])
			}
		}
	}
	for _, svc := range c.Services {
		if svc.Stable != w.stable[svc.ID] && svc.Stable != promoted[svc.ID] && !svc.Deleting {
			w.broken("%d became stable of %s without being promoted", svc.Stable, svc.ID)
		}
		w.stable[svc.ID] = svc.Stable
	}
	for _, id := range c.Deleted {
		delete(w.stable, id)
	}
}
