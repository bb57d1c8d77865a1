package proxy

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"serin.dev/serin/internal/mesh/agentpb"
)

// heartbeat is the longest time between two reports.
const heartbeat = 5 * time.Second

// agent does inside the task what the control plane instructs, and reports what it sees.
type agent struct {
	link    link
	hello   *agentpb.Hello
	hosts   string // path
	checker *checker
	named   func(error) // told each time the hosts file was written, or could not be
	log     *slog.Logger

	mu    sync.Mutex
	told  bool // an instruction has come
	names []Name
}

// run works until ctx ends, whether the control plane is there or not.
func (a *agent) run(ctx context.Context) {
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { a.checker.run(ctx) })
	parts.Go(func() { a.keepNames(ctx) })
	a.keepAttached(ctx)
}

// obey takes an instruction as the whole of what is wanted now.
func (a *agent) obey(m *agentpb.Instruction) {
	names, err := namesOf(m.GetNames())
	if err != nil {
		a.log.Error("a name of the hosts table", "error", err)
	}
	a.mu.Lock()
	a.told, a.names = true, names
	a.mu.Unlock()
	a.writeNames()

	if c, ok := checkOf(m.GetCheck()); ok {
		a.checker.use(&c)
	} else {
		a.checker.use(nil)
	}
}

// keepNames writes the hosts file again whenever something else has rewritten it.
func (a *agent) keepNames(ctx context.Context) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.writeNames()
		}
	}
}

func (a *agent) writeNames() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.told {
		return
	}
	err := WriteHosts(a.hosts, a.names)
	if err != nil {
		a.log.Error("names are not current", "error", err)
	}
	a.named(err)
}

// report says how the app does; hello is nil in all but a stream's first report.
func (a *agent) report(hello *agentpb.Hello) *agentpb.Report {
	report := &agentpb.Report{Hello: hello}
	if h, ok := a.checker.current(); ok {
		report.Health = h.message()
	}
	return report
}
