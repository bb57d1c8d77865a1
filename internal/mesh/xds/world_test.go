package xds

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/mesh"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/mesh/identity"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

const (
	patience = 20 * time.Second
	appPort  = 9000
)

var tokens = identity.NewTokens([]byte("a secret of the tests"))

// world is an environment called demo with real Envoys under one control plane.
type world struct {
	testing.TB
	network  *network
	server   *Server
	address  string
	end      func()
	tasks    map[delivery.TaskID]*task
	env      topology.Environment
	template mesh.Template // of the proxies that are started

	mu      sync.Mutex
	news    chan struct{} // closed and made anew whenever something may have changed
	samples map[evidence.Key]evidence.Sample
}

// task is a place with an Envoy, an agent and an app.
type task struct {
	world *world
	id    delivery.TaskID
	place *place
	envoy *envoy
	http  *http.Client
	// report lets the task's agent report another state.
	report func(agentpb.Health_State)
}

func newWorld(t testing.TB) *world {
	w := &world{
		TB:       t,
		network:  newNetwork(t),
		tasks:    map[delivery.TaskID]*task{},
		env:      topology.Environment{Name: "demo"},
		template: mesh.Newest,
		news:     make(chan struct{}),
		samples:  map[evidence.Key]evidence.Sample{},
	}
	w.start("")
	return w
}

// start runs a control plane; at the address of the last one, when it is given.
func (w *world) start(address string) {
	if address == "" {
		address = w.network.host() + ":0"
	}
	l := w.network.hub.listen(address)
	w.address = l.Addr().String()
	w.server = New(Options{
		Tokens: tokens, Evidence: w, OnChange: func(string) { w.tell() }, Environments: []string{"demo"},
		Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.server.Run(ctx, l) }()
	end := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("the server ended with %v", err)
		}
	})
	w.end = end
	w.Cleanup(end)
}

func (w *world) Record(samples []evidence.Sample) {
	w.mu.Lock()
	for _, s := range samples {
		w.samples[s.Key] = s
	}
	w.mu.Unlock()
	w.tell()
}

func (w *world) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.news)
	w.news = make(chan struct{})
}

// until waits for a condition, looking again after every piece of news and now and then.
func (w *world) until(what string, ok func() bool) {
	w.Helper()
	deadline := time.After(patience)
	for {
		w.mu.Lock()
		news := w.news
		w.mu.Unlock()
		if ok() {
			return
		}
		again := time.NewTimer(50 * time.Millisecond)
		select {
		case <-news:
		case <-again.C:
		case <-deadline:
			w.Fatalf("waited in vain until %s\nproxies: %+v\nseen: %+v", what, w.server.Proxies("demo"), w.server.Observe("demo"))
		}
		again.Stop()
	}
}

// declare changes the environment and declares it as the next generation.
func (w *world) declare(change func(env *topology.Environment)) {
	w.Helper()
	env := w.env
	env.Services = append([]topology.Service(nil), env.Services...)
	env.Tasks = append([]topology.Task(nil), env.Tasks...)
	env.Generation++
	env.RosterAt = time.Now().Add(time.Hour)
	change(&env)
	w.env = env
	if err := w.server.Declare(context.Background(), env); err != nil {
		w.Fatal(err)
	}
}

// shift declares a service's route as the environment's next generation and returns the generation.
func (w *world) shift(name string, weights delivery.Weights, stable int, known ...int) delivery.Generation {
	w.Helper()
	w.declare(func(env *topology.Environment) {
		for i := range env.Services {
			if s := &env.Services[i]; s.ID.Name == name {
				s.Route = delivery.Route{Service: s.ID, Generation: env.Generation, Weights: weights, Stable: stable, Known: known}
			}
		}
	})
	return w.env.Generation
}

// shiftAndWait is shift, and waits for the acknowledgement.
func (w *world) shiftAndWait(name string, weights delivery.Weights, stable int, known ...int) {
	w.Helper()
	g := w.shift(name, weights, stable, known...)
	w.until(fmt.Sprintf("generation %d of %s is acknowledged", g, name), func() bool { return w.seen(name).Acknowledged == g })
}

func (w *world) seen(name string) topology.ServiceSeen {
	return w.server.Observe("demo").Services[serviceID(name)]
}

func serviceID(name string) delivery.ServiceID {
	return delivery.ServiceID{Environment: "demo", Name: name}
}

func taskID(name string, number, replica int) delivery.TaskID {
	return delivery.TaskID{Deployment: delivery.DeploymentID{Service: serviceID(name), Number: number}, Replica: replica}
}

// service adds a service to the environment, undeclared as yet.
func (w *world) service(name string, p delivery.Protocol, number int) {
	n := len(w.env.Services) + 1
	w.env.Services = append(w.env.Services, topology.Service{
		ID: serviceID(name), Namespace: "demo.local", VIP: netip.AddrFrom4([4]byte{240, 240, 0, byte(n)}), Port: 8080,
		Protocol: p, Retries: delivery.RetryIdempotent,
		Route: delivery.Route{Service: serviceID(name), Generation: 1, Weights: delivery.All(number), Stable: number, Known: []int{number}},
	})
}

// task adds a task with a place, its Envoy and, unless it is a gateway, a healthy agent. Its app is the test's.
func (w *world) task(id delivery.TaskID, p delivery.Protocol) *task {
	w.Helper()
	x := &task{world: w, id: id, place: w.network.place()}
	x.http = &http.Client{Transport: &http.Transport{DialContext: x.place.dial, MaxIdleConnsPerHost: 100}, Timeout: patience}
	w.tasks[id] = x
	declared := topology.Task{ID: id, Address: x.place.address, ProxyAlive: true, BackendsDeclared: false}
	if !id.Gateway() {
		declared.Port, declared.Protocol, declared.Check = appPort, p, workload.DefaultCheck(appPort)
	}
	w.env.Tasks = append(w.env.Tasks, declared)
	x.start()
	return x
}

// start runs the task's Envoy and agent.
func (x *task) start() {
	x.world.Helper()
	host, port, _ := net.SplitHostPort(x.world.address)
	var n int
	fmt.Sscan(port, &n)
	x.envoy = startEnvoy(x.world.TB, x.place, bootstrapValues{
		Node: x.id.String(), Template: x.world.template, Token: tokens.Token(x.id), Host: host, Port: n,
	})
	if !x.id.Gateway() && x.report == nil {
		x.report = x.agent(agentpb.Health_HEALTHY)
	}
}

// agent reports a state until the test ends, whenever a control plane is there; it returns a way to report another.
func (x *task) agent(state agentpb.Health_State) (report func(agentpb.Health_State)) {
	w := x.world
	conn, err := grpc.NewClient("passthrough:///"+w.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(w.network.hub.dialAddress))
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+tokens.Token(x.id)))
	epoch := time.Now().UnixNano()
	var current atomic.Int32
	current.Store(int32(state))
	changes := make(chan struct{}, 1)
	done := make(chan struct{})
	w.Cleanup(func() { cancel(); <-done; conn.Close() })
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			attach(ctx, conn, x.id, epoch, &current, changes)
		}
	}()
	return func(s agentpb.Health_State) { current.Store(int32(s)); changes <- struct{}{} }
}

func attach(ctx context.Context, conn *grpc.ClientConn, id delivery.TaskID, epoch int64, state *atomic.Int32, changes <-chan struct{}) {
	stream, err := agentpb.NewAgentClient(conn).Attach(ctx, grpc.WaitForReady(true))
	if err != nil {
		return
	}
	report := func() *agentpb.Report {
		return &agentpb.Report{Health: &agentpb.Health{State: agentpb.Health_State(state.Load()), Detail: "as the test says"}}
	}
	hello := report()
	hello.Hello = &agentpb.Hello{Task: id.String(), Epoch: epoch, Version: "test"}
	if stream.Send(hello) != nil {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if _, err := stream.Recv(); err != nil {
				return
			}
		}
	}()
	for {
		select {
		case <-changes:
			_ = stream.Send(report())
		case <-ended:
			return
		}
	}
}

// app serves the task's app with a handler.
func (x *task) app(h http.HandlerFunc) {
	l := x.place.listen(fmt.Sprintf("127.0.0.1:%d", appPort))
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	s := &http.Server{Handler: h, Protocols: &p}
	go func() { _ = s.Serve(l) }()
	x.world.Cleanup(func() { s.Close() })
}

// says answers with a word.
func says(word string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, word)
	}
}

// fails answers with a status.
func fails(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// ask makes one request and tells the status and the body.
func (x *task) ask(method, url string) (int, string, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(map[bool]string{true: "", false: "body"}[method == http.MethodGet]))
	if err != nil {
		return 0, "", err
	}
	resp, err := x.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// configured waits until every task has all of its configuration.
func (w *world) configured() {
	w.Helper()
	w.until("every proxy is configured", func() bool {
		for id, x := range w.server.Observe("demo").Tasks {
			if w.tasks[id] != nil && w.tasks[id].envoy != nil && !x.Configured {
				return false
			}
		}
		return true
	})
}

// counts sums the evidence about a deployment from one side.
func (w *world) counts(name string, number int, side evidence.Side) evidence.Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	var sum evidence.Counts
	for k, s := range w.samples {
		if k.Deployment == (delivery.DeploymentID{Service: serviceID(name), Number: number}) && k.Side == side {
			sum = sum.Add(s.Counts)
		}
	}
	return sum
}
