package rollout

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// Options are what a Reconciler is made of. All but Clock, Logger, OnChange and Timing must be set.
type Options struct {
	Store    Store
	Engine   Engine
	Mesh     Mesh
	Trials   Trials
	Judge    func(evidence.Trial) Judge // begins to judge a rollout
	Recorder *Recorder
	Clock    func() time.Time // time.Now when nil
	Logger   *slog.Logger     // slog.Default when nil
	OnChange func(Change)     // told each stored change, in order within an environment; it must not block
	Timing   Timing
}

// Reconciler runs one loop per environment, and takes the commands of people and pipelines.
type Reconciler struct {
	store    Store
	engine   Engine
	mesh     Mesh
	trials   Trials
	judges   func(evidence.Trial) Judge
	recorder *Recorder
	now      func() time.Time
	log      *slog.Logger
	onChange func(Change)
	timing   Timing
	step     func(State, Seen, Timing, time.Time) Change

	appeared chan struct{} // an environment was made
	mu       sync.Mutex
	loops    map[string]*loop
	verdicts map[delivery.RolloutID]evidence.Verdict // the last ones of rollouts whose new version has traffic
}

// New makes a Reconciler; Run runs it.
func New(o Options) *Reconciler {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.OnChange == nil {
		o.OnChange = func(Change) {}
	}
	return &Reconciler{
		store: o.Store, engine: o.Engine, mesh: o.Mesh, trials: o.Trials, judges: o.Judge, recorder: o.Recorder,
		now: o.Clock, log: cmp.Or(o.Logger, slog.Default()), onChange: o.OnChange, timing: o.Timing.withDefaults(), step: step,
		appeared: make(chan struct{}, 1), loops: map[string]*loop{}, verdicts: map[delivery.RolloutID]evidence.Verdict{},
	}
}

// Prime tells the mesh of all environments as the store has them, with the addresses last seen, and loads the
// evidence. It comes before proxies are listened to: an empty answer to a proxy is an outage.
func (c *Reconciler) Prime(ctx context.Context) error {
	names, err := c.store.Environments(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		s, err := c.store.State(ctx, name)
		if err != nil {
			return err
		}
		if err := c.mesh.Declare(ctx, meshOf(s, s.Seen)); err != nil {
			return err
		}
	}
	return c.recorder.Load(ctx, names...)
}

// Run runs the loops until the context ends.
func (c *Reconciler) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	defer loops.Wait()
	retry := time.NewTicker(c.timing.Idle)
	defer retry.Stop()
	for {
		names, err := c.store.Environments(ctx)
		if err != nil && ctx.Err() == nil {
			c.log.Error("the environments cannot be read, and will be tried again", "error", err)
		}
		for _, name := range names {
			if l, isNew := c.loop(name); isNew {
				loops.Go(func() { c.keep(ctx, l) })
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.appeared:
		case <-retry.C:
		}
	}
}

// Kick makes an environment's loop look at once: something was seen or wanted. It never blocks.
func (c *Reconciler) Kick(environment string) {
	c.mu.Lock()
	l, ok := c.loops[environment]
	c.mu.Unlock()
	wake := c.appeared
	if ok {
		wake = l.kick
	}
	select {
	case wake <- struct{}{}:
	default:
	}
}

// loop is what the loop of one environment remembers: nothing that a restart must not lose.
type loop struct {
	environment string
	kick        chan struct{}
	trouble     string               // the last error, to log each once
	told        topology.Environment // what the mesh was last told
	seen        workload.Observed    // the engine's last look
	hearings    map[delivery.RolloutID]*hearing
}

func (c *Reconciler) loop(environment string) (l *loop, isNew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l, ok := c.loops[environment]; ok {
		return l, false
	}
	l = &loop{environment: environment, kick: make(chan struct{}, 1)}
	c.loops[environment] = l
	return l, true
}

func (c *Reconciler) forget(l *loop) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loops, l.environment)
}

// keep turns the loop of one environment until the context ends or the environment is gone.
func (c *Reconciler) keep(ctx context.Context, l *loop) {
	defer c.Kick(l.environment) // it may have been made anew meanwhile
	defer c.forget(l)
	for {
		next, err := c.turn(ctx, l)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, delivery.NotFound):
			c.publish(l.hearings, nil)
			c.recorder.forget(ctx, l.environment)
			return
		case errors.Is(err, delivery.Conflict):
			next = 0
		}
		c.report(l, err)
		if next > 0 { // what is seen may come in a stream
			select {
			case <-ctx.Done():
				return
			case <-time.After(min(next, c.timing.Breath)):
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-l.kick:
		case <-time.After(next):
		}
	}
}

// turn is one round: load, declare, observe, judge, decide, commit. It says after how long to look again.
func (c *Reconciler) turn(ctx context.Context, l *loop) (time.Duration, error) {
	s, err := c.store.State(ctx, l.environment)
	if err != nil {
		return c.timing.Look, err
	}
	seen, trouble := c.look(ctx, l, s)
	if errors.Is(trouble, delivery.Stale) {
		return c.timing.Look, trouble // somebody newer is in charge: read again before doing anything
	}
	now := c.now()
	trouble = errors.Join(trouble, c.judge(ctx, l, s, &seen, now))
	change := c.step(s, seen, c.timing, now)
	if change.Empty() {
		return s.sleep(c.timing, now), trouble
	}
	if err := c.store.Commit(ctx, change); err != nil {
		return c.timing.Look, err
	}
	c.onChange(change)
	return 0, trouble
}

// look declares the state to engine and mesh, and observes them. Routes go out before the engine is asked, which may
// take a while; and again after, with the roster it saw.
func (c *Reconciler) look(ctx context.Context, l *loop, s State) (Seen, error) {
	if l.seen.At.IsZero() {
		l.seen = s.Seen
	}
	seen := Seen{Engine: l.seen}
	if err := c.tellMesh(ctx, l, meshOf(s, l.seen)); err != nil {
		return seen, err
	}
	engine, err := c.askEngine(ctx, s)
	if err == nil {
		err = c.remember(ctx, l, engine)
		seen.Engine, seen.Looked = engine, err == nil
	}
	if told := c.tellMesh(ctx, l, meshOf(s, seen.Engine)); told != nil {
		seen.Looked, err = false, errors.Join(err, told)
	}
	seen.Mesh = c.mesh.Observe(s.Environment.Name)
	return seen, err
}

// tellMesh declares a topology unless it is the one the mesh was told last, with all its routes acknowledged: then
// a newer roster says nothing new.
func (c *Reconciler) tellMesh(ctx context.Context, l *loop, env topology.Environment) error {
	if sameMesh(env, l.told) {
		seen := c.mesh.Observe(env.Name)
		behind := func(v topology.Service) bool { return seen.Services[v.ID].Acknowledged < v.Route.Generation }
		if !env.RosterAt.After(l.told.RosterAt) || !slices.ContainsFunc(env.Services, behind) {
			return nil
		}
	}
	if err := c.mesh.Declare(ctx, env); err != nil {
		return err
	}
	l.told = env
	return nil
}

// sameMesh tells whether two topologies are the same but for when the engine looked.
func sameMesh(a, b topology.Environment) bool {
	b.RosterAt = a.RosterAt
	return reflect.DeepEqual(a, b)
}

func (c *Reconciler) askEngine(ctx context.Context, s State) (workload.Observed, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timing.Observe)
	defer cancel()
	if err := c.engine.Declare(ctx, workloadOf(s)); err != nil {
		return workload.Observed{}, err
	}
	return c.engine.Observe(ctx, s.Environment.Name)
}

// remember keeps a look, and stores it when somebody is somewhere else.
func (c *Reconciler) remember(ctx context.Context, l *loop, engine workload.Observed) error {
	same := func(a, b workload.Task) bool {
		return a.ID == b.ID && a.Address == b.Address && a.ProxyAlive == b.ProxyAlive
	}
	moved := l.seen.At.IsZero() || !slices.EqualFunc(l.seen.Tasks, engine.Tasks, same)
	if moved {
		if err := c.store.SaveSeen(ctx, l.environment, engine); err != nil {
			return err
		}
	}
	l.seen = engine
	return nil
}

// report logs what went wrong, once each.
func (c *Reconciler) report(l *loop, err error) {
	switch {
	case err == nil && l.trouble != "":
		c.log.Info("the environment is looked after again", "environment", l.environment)
		l.trouble = ""
	case err != nil && !errors.Is(err, delivery.Conflict) && err.Error() != l.trouble:
		l.trouble = err.Error()
		c.log.Warn("the environment cannot be looked after for now", "environment", l.environment, "error", err)
	}
}

// sleep is how long nothing happens by itself. What was due and did not happen waits for the world, not for time.
func (s State) sleep(t Timing, now time.Time) time.Duration {
	sleep := t.Idle
	if s.busy() {
		sleep = t.Look
	}
	due := make([]time.Time, 0, len(s.Rollouts)+len(s.Deployments))
	for _, r := range s.Rollouts {
		due = append(due, r.WakeAt)
	}
	for _, d := range s.Deployments {
		due = append(due, d.wakeAt(t, now))
	}
	for _, at := range due {
		if at.After(now) {
			sleep = min(sleep, at.Sub(now))
		}
	}
	return sleep
}

// busy tells whether something is under way.
func (s State) busy() bool {
	leaving := func(d Deployment) bool { return d.Stage.Leaving() }
	return s.Environment.Deleting || len(s.Rollouts) > 0 || slices.ContainsFunc(s.Deployments, leaving)
}
