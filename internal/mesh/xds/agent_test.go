package xds

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

var dawn = time.Unix(1_700_000_000, 0)

// desk is a server without Envoys, on a clock of the test's.
type desk struct {
	*testing.T
	*Server
	clock atomic.Int64 // seconds after dawn
	news  chan struct{}
	conn  *grpc.ClientConn
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, news: make(chan struct{}, 100)}
	d.Server = New(Options{
		Tokens: tokens, Environments: []string{"demo"}, OnChange: func(string) { d.news <- struct{}{} },
		Now: func() time.Time { return dawn.Add(time.Duration(d.clock.Load()) * time.Second) },
	})
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Server.Run(ctx, l) }()
	d.conn, err = grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.conn.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return d
}

// attach begins an agent's stream.
func (d *desk) attach(task delivery.TaskID, epoch int64, h *agentpb.Health) agentpb.Agent_AttachClient {
	d.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	d.Cleanup(cancel)
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+tokens.Token(task))
	stream, err := agentpb.NewAgentClient(d.conn).Attach(ctx, grpc.WaitForReady(true))
	if err != nil {
		d.Fatal(err)
	}
	if err := stream.Send(&agentpb.Report{Hello: &agentpb.Hello{Task: task.String(), Epoch: epoch, Version: "1"}, Health: h}); err != nil {
		d.Fatal(err)
	}
	return stream
}

func (d *desk) receive(stream agentpb.Agent_AttachClient, want *agentpb.Instruction) {
	d.Helper()
	got, err := stream.Recv()
	if err != nil {
		d.Fatal(err)
	}
	if !proto.Equal(got, want) {
		d.Errorf("instructed %v, want %v", got, want)
	}
}

func (d *desk) until(what string, ok func() bool) {
	d.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-d.news:
		case <-deadline:
			d.Fatalf("waited in vain until %s: %+v", what, d.Observe("demo"))
		}
	}
}

func small(generation delivery.Generation, rosterAt time.Time) topology.Environment {
	id := serviceID("shop")
	return topology.Environment{
		Name: "demo", Generation: generation, RosterAt: rosterAt,
		Services: []topology.Service{
			{
				ID: id, Namespace: "demo.local", VIP: netip.MustParseAddr("240.240.0.1"), Port: 80, Protocol: delivery.HTTP,
				Route: delivery.Route{Service: id, Generation: generation, Weights: delivery.All(1), Stable: 1, Known: []int{1}},
			},
			{ID: serviceID("mentioned"), VIP: netip.MustParseAddr("240.240.0.2")},
		},
		Tasks: []topology.Task{{
			ID: taskID("shop", 1, 0), Port: appPort, Protocol: delivery.HTTP,
			Check: workload.HealthCheck{
				Protocol: delivery.HTTP, Port: appPort, Path: "/ok", Interval: 2 * time.Second, Timeout: time.Second, Healthy: 1, Unhealthy: 3,
			},
		}},
	}
}

func TestAnAgentIsTold(t *testing.T) {
	d := newDesk(t)
	task := taskID("shop", 1, 0)
	env := small(1, dawn)
	if err := d.Declare(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	stream := d.attach(task, 7, nil)
	want := &agentpb.Instruction{
		Names: []*agentpb.Name{
			{Name: "mentioned", Address: "240.240.0.2"},
			{Name: "shop", Address: "240.240.0.1"},
			{Name: "shop.demo.local", Address: "240.240.0.1"},
		},
		Check: &agentpb.Check{Protocol: "http", Port: appPort, Path: "/ok", IntervalMs: 2000, TimeoutMs: 1000, Healthy: 1, Unhealthy: 3},
	}
	d.receive(stream, want)
	env = small(2, dawn)
	env.Services = env.Services[:1]
	if err := d.Declare(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	want.Names = want.Names[1:]
	d.receive(stream, want)
	if seen := d.Observe("demo").Tasks[task]; seen.Epoch != 7 || seen.Health != topology.Unknown {
		t.Errorf("seen %+v", seen)
	}
}

func TestHealthIsTheLastReportUntilSilence(t *testing.T) {
	d := newDesk(t)
	task := taskID("shop", 1, 0)
	if err := d.Declare(t.Context(), small(1, dawn)); err != nil {
		t.Fatal(err)
	}
	stream := d.attach(task, 7, &agentpb.Health{State: agentpb.Health_HEALTHY, Detail: "200", SinceUnixNano: dawn.UnixNano()})
	health := func(h topology.Health) func() bool {
		return func() bool { return d.Observe("demo").Tasks[task].Health == h }
	}
	d.until("the task is healthy", health(topology.Healthy))
	_ = stream.Send(&agentpb.Report{Health: &agentpb.Health{State: agentpb.Health_UNHEALTHY, Detail: "500", SinceUnixNano: dawn.UnixNano()}})
	d.until("the task is unhealthy", health(topology.Unhealthy))
	if seen := d.Observe("demo").Tasks[task]; seen.Detail != "500" || !seen.Since.Equal(dawn) {
		t.Errorf("seen %+v", seen)
	}
	d.clock.Store(16)
	d.until("the agent's silence is noticed", health(topology.Unknown))
}

func TestWhatTheAppListensOnIsToldWithSinceWhen(t *testing.T) {
	d := newDesk(t)
	task := taskID("shop", 1, 0)
	if err := d.Declare(t.Context(), small(1, dawn)); err != nil {
		t.Fatal(err)
	}
	var stream agentpb.Agent_AttachClient
	for _, step := range []struct {
		what  string
		epoch int64 // of an agent that attaches
		clock int64 // seconds after dawn at which it says
		says  []uint32
		want  []int
		since int64
	}{
		{what: "at first", epoch: 7, clock: 1, says: []uint32{4568}, want: []int{4568}, since: 1},
		{what: "the same again", clock: 9, says: []uint32{4568}, want: []int{4568}, since: 1},
		{what: "one more", clock: 10, says: []uint32{4568, 9010}, want: []int{4568, 9010}, since: 10},
		{what: "a reconnection", epoch: 7, clock: 12, says: []uint32{4568, 9010}, want: []int{4568, 9010}, since: 10},
		{what: "nothing", clock: 13},
		{what: "something", clock: 14, says: []uint32{4568}, want: []int{4568}, since: 14},
		{what: "after silence", clock: 40, says: []uint32{4568}, want: []int{4568}, since: 40},
		{what: "a proxy made anew", epoch: 8, clock: 41, says: []uint32{4568}, want: []int{4568}, since: 41},
	} {
		d.clock.Store(step.clock)
		health := &agentpb.Health{State: agentpb.Health_UNHEALTHY, Detail: step.what, ListensOn: step.says}
		if step.epoch != 0 {
			stream = d.attach(task, step.epoch, health)
		} else if err := stream.Send(&agentpb.Report{Health: health}); err != nil {
			t.Fatal(err)
		}
		seen := func() topology.TaskSeen { return d.Observe("demo").Tasks[task] }
		d.until(step.what, func() bool { return seen().Detail == step.what })
		since := time.Time{}
		if step.since != 0 {
			since = dawn.Add(time.Duration(step.since) * time.Second)
		}
		if got := seen(); !slices.Equal(got.ListensOn, step.want) || !got.ListensOnSince.Equal(since) {
			t.Errorf("%s: it listens on %v since %v, want %v since %v", step.what, got.ListensOn, got.ListensOnSince, step.want, since)
		}
	}
	d.clock.Store(60)
	if got := d.Observe("demo").Tasks[task].ListensOn; got != nil {
		t.Errorf("after silence it listens on %v", got)
	}
}

func TestAGenerationIsAcknowledgedAfterALookAtTheTasks(t *testing.T) {
	d := newDesk(t)
	acknowledged := func() delivery.Generation { return d.Observe("demo").Services[serviceID("shop")].Acknowledged }
	for _, step := range []struct {
		what     string
		clock    int64
		env      topology.Environment
		want     delivery.Generation
		wantFail error
	}{
		{"declared after the look", 10, small(1, dawn.Add(9*time.Second)), 0, nil},
		{"looked again", 12, small(1, dawn.Add(11*time.Second)), 1, nil},
		{"a new generation after that look", 13, small(2, dawn.Add(11*time.Second)), 1, nil},
		{"an old one", 14, small(1, dawn.Add(14*time.Second)), 1, delivery.Stale},
		{"looked again", 15, small(2, dawn.Add(14*time.Second)), 2, nil},
	} {
		d.clock.Store(step.clock)
		if err := d.Declare(t.Context(), step.env); !errors.Is(err, step.wantFail) {
			t.Fatalf("%s: %v, want %v", step.what, err, step.wantFail)
		}
		if got := acknowledged(); got != step.want {
			t.Errorf("%s: acknowledged %d, want %d", step.what, got, step.want)
		}
	}
	env := small(3, dawn.Add(time.Hour))
	env.Tasks[0].ProxyAlive = true
	if err := d.Declare(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if seen := d.Observe("demo").Services[serviceID("shop")]; seen.Acknowledged != 2 || len(seen.Waiting) != 1 || seen.InFlight != nil {
		t.Errorf("a proxy that is alive but not connected: %+v", seen)
	}
}
