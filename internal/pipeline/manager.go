package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
)

// Options are what a Manager needs.
type Options struct {
	Store    Store
	Source   Source
	Builder  Builder
	Images   Images
	Logs     Logs
	Releases Releases
	Scratch  string        // host folder for checkouts
	Builds   int           // how many builds may run at once; 0: 2
	Retry    time.Duration // until what failed because something was away is tried again; 0: 1 s
	Clock    Clock
	Logger   *slog.Logger
	OnChange func(Run) // told of each stored change of a run; may be nil
}

// Manager works on runs.
type Manager struct {
	Options
	builds chan struct{} // one token a build
	kicks  chan struct{}

	mu      sync.Mutex
	workers map[RunID]context.CancelCauseFunc
}

// New makes a Manager; Run sets it going.
func New(o Options) *Manager {
	if o.Builds == 0 {
		o.Builds = 2
	}
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	return &Manager{
		Options: o, builds: make(chan struct{}, o.Builds), kicks: make(chan struct{}, 1),
		workers: map[RunID]context.CancelCauseFunc{},
	}
}

// Deliver stores a push as a run. It may be told of the same push again. A commit that is not there becomes a run all
// the same, which will say so: it must not hold up the pushes after it.
func (m *Manager) Deliver(ctx context.Context, push Push) (Run, error) {
	author, message, err := m.Source.Describe(ctx, push.Service, push.Commit)
	if err != nil && !errors.Is(err, delivery.NotFound) {
		return Run{}, fmt.Errorf("reading the pushed commit: %w", err)
	}
	run, err := m.Store.CreateRun(ctx, Run{Push: push, Author: author, Message: message, State: Queued, Created: m.Clock()})
	if err != nil {
		return Run{}, fmt.Errorf("storing the run: %w", err)
	}
	m.changed(run)
	m.kick()
	return run, nil
}

// Cancel ends a run that waits or builds. One that deploys has a rollout, which can be aborted: it fails with
// delivery.Conflict then, and with delivery.NotFound when the run has ended or never was.
func (m *Manager) Cancel(ctx context.Context, id RunID, by string) error {
	for {
		run, err := m.openRun(ctx, id)
		if err != nil {
			return err
		}
		if run.State == Deploying {
			return delivery.Errorf(delivery.Conflict, "run %d is deploying: abort its rollout with `serin rollout abort %s`", id, run.Push.Service)
		}
		err = m.endEarly(ctx, run, Cancelled, "cancelled by "+by)
		if !errors.Is(err, errOvertaken) {
			return err
		}
	}
}

func (m *Manager) openRun(ctx context.Context, id RunID) (Run, error) {
	open, err := m.Store.OpenRuns(ctx)
	if err != nil {
		return Run{}, err
	}
	for _, run := range open {
		if run.ID == id {
			return run, nil
		}
	}
	return Run{}, delivery.Errorf(delivery.NotFound, "run %d is not under way", id)
}

// Run works on all open runs until ctx ends, and waits for its workers. Runs that were cut off by ctx stay open.
func (m *Manager) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	for {
		wait := time.Minute
		if err := m.pass(ctx, &workers); err != nil && ctx.Err() == nil {
			m.Logger.Error("runs could not be looked at; trying again", "error", err)
			wait = time.Second
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.kicks:
		case <-time.After(wait):
		}
	}
}

// pass supersedes and starts what the schedule says.
func (m *Manager) pass(ctx context.Context, workers *sync.WaitGroup) error {
	open, err := m.Store.OpenRuns(ctx)
	if err != nil {
		return err
	}
	byService := map[delivery.ServiceID][]Run{}
	for _, run := range open {
		byService[run.Push.Service] = append(byService[run.Push.Service], run)
	}
	for service, runs := range byService {
		settings, err := m.Store.PipelineSettings(ctx, service)
		if err != nil {
			return err
		}
		todo := schedule(runs, settings.OnNewerPush)
		for _, run := range runs {
			if by, ok := todo.supersede[run.ID]; ok {
				err := m.endEarly(ctx, run, Superseded, superseded(by))
				if errors.Is(err, errOvertaken) { // it went on meanwhile: look again
					m.kick()
				} else if err != nil {
					return err
				}
			}
		}
		for _, run := range todo.start {
			m.start(ctx, run, settings, workers)
		}
	}
	return nil
}

// start sets a worker on a run, unless there is one.
func (m *Manager) start(ctx context.Context, run Run, settings Settings, workers *sync.WaitGroup) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.workers[run.ID] != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	m.workers[run.ID] = cancel
	workers.Go(func() {
		defer m.kick() // another run may wait for this one
		defer m.forget(run.ID)
		defer cancel(nil)
		m.work(ctx, run, settings)
	})
}

func (m *Manager) stop(id RunID, cause error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if cancel := m.workers[id]; cancel != nil {
		cancel(cause)
	}
}

func (m *Manager) forget(id RunID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.workers, id)
}

func (m *Manager) kick() {
	select {
	case m.kicks <- struct{}{}:
	default: // one is waiting already
	}
}

// errOvertaken says that a run was changed by another since it was read: what was to be done is not to be done.
var errOvertaken = errors.New("it was changed meanwhile")

// save stores a changed run and tells of it. It fails with errOvertaken when another change came first.
func (m *Manager) save(ctx context.Context, run Run) (Run, error) {
	run, err := m.Store.SaveRun(ctx, run)
	if errors.Is(err, delivery.Conflict) {
		return run, fmt.Errorf("storing run %d: %w", run.ID, errOvertaken)
	}
	if err != nil {
		return run, fmt.Errorf("storing run %d: %w", run.ID, err)
	}
	m.changed(run)
	return run, nil
}

func (m *Manager) end(ctx context.Context, run Run, state State, reason string) (Run, error) {
	run.State, run.Reason, run.Ended = state, reason, m.Clock()
	return m.save(ctx, run)
}

// endEarly ends a run that may have a worker: first in the store, so that nothing can come of it any more, then the
// worker.
func (m *Manager) endEarly(ctx context.Context, run Run, state State, reason string) error {
	if _, err := m.end(ctx, run, state, reason); err != nil {
		return err
	}
	m.stop(run.ID, errors.New(reason))
	return nil
}

func (m *Manager) changed(run Run) {
	if m.OnChange != nil {
		m.OnChange(run)
	}
}
