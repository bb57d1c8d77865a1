package docker

import (
	"context"
	"errors"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// worker keeps one task as it is wanted: it looks, decides, does one thing, and looks again.
type worker struct {
	e       *Engine
	id      delivery.TaskID
	started bool // guarded by Engine.mu
	poked   chan struct{}

	memory  memory // of run alone
	looked  bool   // of run alone
	lastDid *wanted

	mu         sync.Mutex
	want       *wanted
	generation delivery.Generation
	interrupt  context.CancelFunc // ends a long step when want changes; may be nil
	seen       status
}

// status is what a worker has to tell about its task.
type status struct {
	State       workload.State
	Reason      string
	Since       time.Time
	Restarts    int
	ProxyComing bool // a proxy runs, or is being made
	proxyRuns   bool
	address     string
}

func newWorker(e *Engine, id delivery.TaskID) *worker {
	return &worker{e: e, id: id, poked: make(chan struct{}, 1), seen: status{State: workload.Pending, Since: time.Now(), ProxyComing: true}}
}

// tell sets what the task is to be, nil for nothing.
func (w *worker) tell(want *wanted, generation delivery.Generation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.generation = generation
	same := (w.want == nil) == (want == nil) && (want == nil || w.want.Spec == want.Spec)
	w.want = want
	if same {
		return
	}
	if w.interrupt != nil {
		w.interrupt()
	}
	w.poke()
}

// poke lets the worker look again.
func (w *worker) poke() {
	select {
	case w.poked <- struct{}{}:
	default:
	}
}

func (w *worker) status() status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// dockerAway is how long a worker waits after Docker did not answer, unless the engine hears from it earlier.
const dockerAway = 5 * time.Second

// run works until the task is gone or ctx ends.
func (w *worker) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wake, gone := w.converge(ctx)
		if gone {
			return
		}
		timer.Stop()
		var due <-chan time.Time
		if !wake.IsZero() {
			timer.Reset(max(0, time.Until(wake)))
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return
		case <-w.poked:
		case <-due:
		}
	}
}

// converge does steps until none is left to do now.
func (w *worker) converge(ctx context.Context) (wake time.Time, gone bool) {
	for ctx.Err() == nil {
		s, err := w.e.look(ctx, w.id)
		if err != nil {
			if ctx.Err() == nil && !away(err) {
				w.e.log.Warn("looking at a task", "task", w.id, "error", err)
			}
			return time.Now().Add(dockerAway), false
		}
		step, want, p, now := w.next(ctx, s)
		w.publish(s, p, now)
		switch p.Do {
		case rest:
			return p.Wake, false
		case finish:
			if w.e.dismiss(w) {
				return time.Time{}, true
			}
			continue
		}
		w.e.log.Debug("task", "task", w.id, "step", p.Do, "container", p.App.Name, "why", p.Why)
		err = w.do(ctx, step, want, s, p)
		switch {
		case err == nil || ctx.Err() != nil || step.Err() != nil:
		case away(err):
			return time.Now().Add(dockerAway), false
		default:
			if again := w.failed(p, err); p.Do.removes() {
				return again, false
			}
		}
	}
	return time.Time{}, false
}

// next decides, and gives the context of the step, which ends when something else is wanted.
func (w *worker) next(ctx context.Context, s sight) (context.Context, *wanted, plan, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.interrupt != nil {
		w.interrupt()
	}
	step, cancel := context.WithCancel(ctx)
	w.interrupt = cancel
	now := time.Now()
	w.memory.Generation = w.generation
	w.recall(s, now)
	return step, w.want, decide(w.want, s, w.memory, w.e.networkName(w.id.Deployment.Service.Environment), now), now
}

// recall brings the memory up to what stands: what an earlier control plane did, and what has lasted.
func (w *worker) recall(s sight, now time.Time) {
	m := &w.memory
	for _, b := range s.Apps {
		m.Restarts = max(m.Restarts, b.Restarts)
	}
	if !w.looked && s.Proxy != nil && s.Proxy.Running && s.orderedAfterProxy(w.want) {
		m.Ready = s.Proxy.run()
	}
	w.looked = true
	if last := s.lastStart(); !last.IsZero() && now.Sub(last) >= steady {
		m.Base = pacer{}
		if len(s.Apps) > 0 {
			m.Apps = pacer{}
		}
	}
}

// orderedAfterProxy tells whether the app was started after the proxy, so that the proxy was ready then.
func (s sight) orderedAfterProxy(w *wanted) bool {
	if w == nil {
		return false
	}
	for _, c := range w.Workload.Containers {
		if b := s.Apps[c.Name]; b == nil || b.StartedAt.Before(s.Proxy.StartedAt) {
			return false
		}
	}
	return true
}

// do takes one step. A failure is a sentence, or Docker being away. What makes something is given up when step ends,
// as soon as something else is wanted; a removal goes on, since half of one is no gain.
func (w *worker) do(ctx, step context.Context, want *wanted, s sight, p plan) error {
	if want != nil {
		w.lastDid = want
	}
	switch p.Do {
	case clearAll:
		return w.clear(ctx, s, p)
	case makePause:
		return w.e.makePause(step, *want, w.memory.Generation)
	case capture:
		return w.e.runCapture(step, *want, s, w.memory.Generation)
	case makeProxy:
		return w.e.makeProxy(step, *want, s, w.memory.Generation)
	case awaitProxy:
		if err := w.e.awaitProxy(step, s.Proxy); err != nil {
			return err
		}
		w.memory.Ready = s.Proxy.run()
		return nil
	case buryProxy:
		return w.buryProxy(ctx, s, p)
	case startApp:
		return w.e.startApp(step, *want, p.App, s, w.memory)
	case buryApps:
		return w.buryApps(ctx, s, p)
	}
	return errors.New("no such step: " + string(p.Do))
}

// failed notes why a step did not work, so that it is tried again later.
func (w *worker) failed(p plan, err error) (again time.Time) {
	pace := &w.memory.Base
	if p.Do == startApp {
		pace = &w.memory.Apps
	}
	*pace = pace.failed(time.Now(), 0, err.Error(), w.e.opts.Jitter)
	w.e.log.Warn("task", "task", w.id, "step", p.Do, "error", err, "again", time.Until(pace.until).Round(time.Millisecond))
	return pace.until
}

func (w *worker) clear(ctx context.Context, s sight, p plan) error {
	if p.Why != "" {
		w.memory.Base = w.memory.Base.failed(time.Now(), 1, p.Why, w.e.opts.Jitter)
		if len(s.Apps) > 0 {
			w.memory.Restarts++
		}
	} else {
		w.memory = memory{Generation: w.memory.Generation}
	}
	return w.e.remove(ctx, w.id, s, w.lastDid)
}

func (w *worker) buryProxy(ctx context.Context, s sight, p plan) error {
	if s.Proxy.lasted() >= steady {
		w.memory.Base = pacer{}
	}
	w.memory.Base = w.memory.Base.failed(time.Now(), 1, p.Why+w.e.lastWords(ctx, s.Proxy), w.e.opts.Jitter)
	return w.e.discard(ctx, w.id, s.Proxy)
}

func (w *worker) buryApps(ctx context.Context, s sight, p plan) error {
	for _, b := range s.Apps {
		if b.ended() && b.lasted() >= steady {
			w.memory.Apps = pacer{}
		}
	}
	why := p.Why
	if p.Ended.ended() {
		why += w.e.lastWords(ctx, p.Ended)
	}
	w.memory.Apps = w.memory.Apps.failed(time.Now(), 0, why, w.e.opts.Jitter)
	w.memory.Restarts++
	return w.e.removeApps(ctx, w.id, s, w.lastDid)
}

// publish keeps what the task is like, and calls back when that is new.
func (w *worker) publish(s sight, p plan, now time.Time) {
	next := status{State: p.State, Reason: p.Reason, Restarts: w.memory.Restarts, address: s.address(w.e.networkName(w.id.Deployment.Service.Environment))}
	next.proxyRuns = s.Proxy != nil && s.Proxy.Running
	switch p.Do {
	case makePause, capture, makeProxy:
		next.ProxyComing = true
	default:
		next.ProxyComing = next.proxyRuns
	}
	w.mu.Lock()
	next.Since = w.seen.Since
	if next.State != w.seen.State {
		next.Since = now
	}
	changed := next != w.seen
	w.seen = next
	w.mu.Unlock()
	if changed {
		w.e.opts.OnChange(w.id.Deployment.Service.Environment)
	}
}

// address is the task's on its environment's network, "" when it has none.
func (s sight) address(network string) string {
	if s.Pause == nil || !s.Pause.Networks[network].IsValid() {
		return ""
	}
	return s.Pause.Networks[network].String()
}

// dismiss forgets a worker whose task is gone, unless it is wanted again.
func (e *Engine) dismiss(w *worker) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.wantedOf(w.id) != nil {
		w.tell(e.wantedOf(w.id), e.declared[w.id.Deployment.Service.Environment].Generation)
		return false
	}
	delete(e.workers, w.id.String())
	w.mu.Lock()
	w.interrupt() // frees the last step's context
	w.mu.Unlock()
	e.wake() // for the network
	return true
}
