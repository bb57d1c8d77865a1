package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/internal/spec/buildspec"
	"serin.dev/serin/internal/store/sqlite"
)

var (
	cart = delivery.ServiceID{Environment: "shop", Name: "cart"}
	user = delivery.ServiceID{Environment: "shop", Name: "user"}
)

// deadline bounds each wait of a test.
const deadline = 20 * time.Second

// world is all around a Manager: a real store, and a source, a builder, a registry and rollouts that a test plays.
type world struct {
	t     *testing.T
	store *faulty
	*builder
	*releases

	mu      sync.Mutex
	changed chan struct{} // closed at each stored change of a run
	logs    map[delivery.RunID]*bytes.Buffer
	unread  map[string]error // commits that cannot be read

	manager *pipeline.Manager
	stop    func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "serin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := &world{
		t: t, store: &faulty{Store: store}, changed: make(chan struct{}),
		logs: map[delivery.RunID]*bytes.Buffer{}, unread: map[string]error{},
		builder:  &builder{calls: make(chan buildCall)},
		releases: &releases{rollouts: map[delivery.RunID]delivery.RolloutID{}, outcomes: map[delivery.RolloutID]pipeline.Outcome{}, changed: make(chan struct{})},
	}
	t.Cleanup(func() { w.crash() })
	w.start()
	return w
}

// start sets a new Manager going on what the store holds.
func (w *world) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	w.manager = pipeline.New(pipeline.Options{
		Store: w.store, Source: w, Builder: w.builder, Images: registry{}, Logs: w, Releases: w.releases,
		Scratch: w.t.TempDir(), Clock: time.Now, Retry: time.Millisecond, Logger: slog.New(slog.DiscardHandler), OnChange: w.tell,
	})
	ended := make(chan struct{})
	go func(m *pipeline.Manager) {
		defer close(ended)
		if err := m.Run(ctx); ctx.Err() == nil {
			w.t.Errorf("the manager ended by itself: %v", err)
		}
	}(w.manager)
	w.stop = func() { cancel(); <-ended }
}

// crash ends the Manager wherever it is.
func (w *world) crash() { w.stop() }

func (w *world) restart() { w.crash(); w.start() }

func (w *world) tell(pipeline.Run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
}

// push delivers the nth push of a service.
func (w *world) push(service delivery.ServiceID, n int) pipeline.Run {
	w.t.Helper()
	run, err := w.manager.Deliver(w.t.Context(), nthPush(service, n))
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

func nthPush(service delivery.ServiceID, n int) pipeline.Push {
	return pipeline.Push{Service: service, Key: fmt.Sprintf("%s@%d", service, n), Branch: "main", Commit: strings.Repeat(fmt.Sprint(n), 40), Pusher: "ada"}
}

func (w *world) run(id delivery.RunID) pipeline.Run {
	w.t.Helper()
	run, err := w.store.Run(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// until waits for a run's state.
func (w *world) until(id delivery.RunID, state pipeline.State) pipeline.Run {
	w.t.Helper()
	timeout := time.After(deadline)
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		run := w.run(id)
		if run.State == state {
			return run
		}
		if run.State.Ended() {
			w.t.Fatalf("run %d ended as %s (%s), want %s", id, run.State, run.Reason, state)
		}
		select {
		case <-changed:
		case <-timeout:
			w.t.Fatalf("run %d is %s after %s, want %s", id, run.State, deadline, state)
		}
	}
}

// waits waits until a run in a state gives a reason.
func (w *world) waits(id delivery.RunID, state pipeline.State, reason string) {
	w.t.Helper()
	timeout := time.After(deadline)
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		run := w.run(id)
		if run.State == state && run.Reason == reason {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			w.t.Fatalf("run %d is %s (%s), want %s (%s)", id, run.State, run.Reason, state, reason)
		}
	}
}

// log is what a run's log says.
func (w *world) log(id delivery.RunID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.logs[id]; b != nil {
		return b.String()
	}
	return ""
}

// Append implements pipeline.Logs.
func (w *world) Append(id delivery.RunID) (io.WriteCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.logs[id] == nil {
		w.logs[id] = &bytes.Buffer{}
	}
	return page{w, w.logs[id]}, nil
}

type page struct {
	w *world
	b *bytes.Buffer
}

func (p page) Write(text []byte) (int, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.b.Write(text)
}

func (p page) Close() error { return nil }

// Tree implements pipeline.Source.
func (w *world) Tree(_ context.Context, service delivery.ServiceID, commit string) (fs.FS, error) {
	if err := w.reading(commit); err != nil {
		return nil, err
	}
	return fstest.MapFS{
		"Dockerfile":            {Data: []byte("FROM scratch\n")},
		"specfiles/deploy.json": {Data: deployJSON(service, "")},
	}, nil
}

// Checkout implements pipeline.Source.
func (w *world) Checkout(_ context.Context, _ delivery.ServiceID, commit, _ string) error {
	return w.reading(commit)
}

// Describe implements pipeline.Source.
func (w *world) Describe(_ context.Context, _ delivery.ServiceID, commit string) (author, message string, err error) {
	return "Ada", "change " + commit[:1], w.reading(commit)
}

func (w *world) unreadable(commit string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unread[commit] = err
}

func (w *world) reading(commit string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unread[commit]
}

func deployJSON(service delivery.ServiceID, image string) []byte {
	keys := map[string]any{
		"EnvironmentName": service.Environment, "MicroserviceName": service.Name, "Namespace": "shop.local",
		"Protocol": "http", "Port": 8080, "PercentageStep": 25, "WaitTime": 60,
	}
	if image != "" {
		keys["ContainerImage"] = image
	}
	text, _ := json.Marshal(keys) // strings and numbers only
	return text
}

// builder lets a test end each build.
type builder struct {
	calls chan buildCall
	away  atomic.Pointer[error] // why it is not ready
}

// Ready implements pipeline.Builder.
func (b *builder) Ready(context.Context) error {
	if away := b.away.Load(); away != nil {
		return *away
	}
	return nil
}

type buildCall struct {
	run   pipeline.Run
	ctx   context.Context
	ended chan<- built
}

type built struct {
	deploy []byte
	err    error
}

// Build implements pipeline.Builder.
func (b *builder) Build(ctx context.Context, run pipeline.Run, _ time.Duration, _ string, _ buildspec.Spec, log io.Writer) ([]byte, error) {
	fmt.Fprintln(log, "building")
	ended := make(chan built, 1)
	select {
	case b.calls <- buildCall{run, ctx, ended}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case end := <-ended:
		return end.deploy, end.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// building waits for the next build.
func (w *world) building() buildCall {
	w.t.Helper()
	select {
	case call := <-w.calls:
		return call
	case <-time.After(deadline):
		w.t.Fatal("no build began")
		return buildCall{}
	}
}

// succeed lets a build leave what it should.
func (c buildCall) succeed() {
	s := c.run.Push.Service
	c.ended <- built{deploy: deployJSON(s, registry{}.Repository(s)+":"+c.run.Push.Commit[:8])}
}

func (c buildCall) fail(err error) { c.ended <- built{err: err} }

type registry struct{}

// Repository implements pipeline.Images.
func (registry) Repository(service delivery.ServiceID) string {
	return "127.0.0.1:5000/" + service.String()
}

// Pin implements pipeline.Images.
func (r registry) Pin(_ context.Context, service delivery.ServiceID, _ string) (string, error) {
	return r.Repository(service) + "@sha256:" + strings.Repeat("ab", 32), nil
}

// releases are rollouts that a test ends.
type releases struct {
	mu       sync.Mutex
	rollouts map[delivery.RunID]delivery.RolloutID
	outcomes map[delivery.RolloutID]pipeline.Outcome
	started  []pipeline.Release
	fail     []error // of the next calls
	hold     chan struct{}
	held     chan struct{}
	changed  chan struct{}
}

// Release implements pipeline.Releases.
func (r *releases) Release(ctx context.Context, release pipeline.Release) (delivery.RolloutID, error) {
	r.mu.Lock()
	hold, held := r.hold, r.held
	r.hold, r.held = nil, nil
	r.mu.Unlock()
	if hold != nil {
		close(held)
		select {
		case <-hold:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.fail) > 0 {
		err := r.fail[0]
		r.fail = r.fail[1:]
		return 0, err
	}
	if id, known := r.rollouts[release.Run]; known {
		return id, nil
	}
	id := delivery.RolloutID(100 + len(r.rollouts))
	r.rollouts[release.Run] = id
	r.outcomes[id] = pipeline.Outcome{Deployment: len(r.rollouts)}
	r.started = append(r.started, release)
	return id, nil
}

// Outcome implements pipeline.Releases.
func (r *releases) Outcome(_ context.Context, id delivery.RolloutID) (pipeline.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcome, known := r.outcomes[id]
	if !known {
		return outcome, delivery.Errorf(delivery.NotFound, "there is no rollout %d", id)
	}
	return outcome, nil
}

// Changed implements pipeline.Releases.
func (r *releases) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// holdNext keeps the next release from being answered; held is closed when it is asked for.
func (r *releases) holdNext() (held <-chan struct{}, let func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	hold, asked := make(chan struct{}), make(chan struct{})
	r.hold, r.held = hold, asked
	return asked, func() { close(hold) }
}

func (r *releases) failNext(errs ...error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = errs
}

// end ends the rollout of a run.
func (r *releases) end(run pipeline.Run, state pipeline.State, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[run.Rollout] = pipeline.Outcome{Deployment: run.Deployment, Ended: true, State: state, Reason: reason}
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *releases) all() []pipeline.Release {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]pipeline.Release(nil), r.started...)
}

// faulty is a store that can be away.
type faulty struct {
	*sqlite.Store

	mu   sync.Mutex
	fail int // how many of the next writes fail
}

func (f *faulty) away(writes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = writes
}

// SaveRun implements pipeline.Store.
func (f *faulty) SaveRun(ctx context.Context, run pipeline.Run) (pipeline.Run, error) {
	f.mu.Lock()
	fail := f.fail > 0
	f.fail--
	f.mu.Unlock()
	if fail {
		return run, delivery.Errorf(delivery.Unavailable, "the store cannot be used")
	}
	return f.Store.SaveRun(ctx, run)
}
