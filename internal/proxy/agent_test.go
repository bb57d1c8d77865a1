package proxy

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
)

// patience is how long a test waits for an event.
const patience = 20 * time.Second

// controlPlane is the agent's half of a control plane: it says what it is given and tells what it hears.
type controlPlane struct {
	agentpb.UnimplementedAgentServer
	token   string
	say     chan *agentpb.Instruction
	reports chan *agentpb.Report
	refused chan struct{}        // has a value for each wrong token
	first   *agentpb.Instruction // said at once to each that attaches
}

func newControlPlane(token string, first *agentpb.Instruction) *controlPlane {
	return &controlPlane{token: token, say: make(chan *agentpb.Instruction), reports: make(chan *agentpb.Report, 1000), refused: make(chan struct{}, 1000), first: first}
}

func (c *controlPlane) Attach(stream agentpb.Agent_AttachServer) error {
	md, _ := metadata.FromIncomingContext(stream.Context())
	if got := strings.Join(md.Get("authorization"), ","); got != "Bearer "+c.token {
		c.refused <- struct{}{}
		return status.Error(codes.Unauthenticated, "wrong token")
	}
	heard := make(chan error, 1)
	go func() {
		for {
			report, err := stream.Recv()
			if err != nil {
				heard <- err
				return
			}
			c.reports <- report
		}
	}()
	if err := stream.Send(c.first); err != nil {
		return err
	}
	for {
		select {
		case err := <-heard:
			return err
		case m := <-c.say:
			if err := stream.Send(m); err != nil {
				return err
			}
		}
	}
}

// serve serves at a unix socket until stop.
func serve(t *testing.T, socket string, register func(*grpc.Server)) (stop func()) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	stop = func() { server.Stop(); <-done }
	t.Cleanup(stop)
	return stop
}

// await gives the first report that fits.
func (c *controlPlane) await(t *testing.T, what string, fits func(*agentpb.Report) bool) *agentpb.Report {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case report := <-c.reports:
			if fits(report) {
				return report
			}
		case <-deadline:
			t.Fatalf("no report came: %s", what)
		}
	}
}

func TestAgentObeysReportsAndComesBack(t *testing.T) {
	dir := t.TempDir()
	socket, hosts := filepath.Join(dir, "mesh.sock"), filepath.Join(dir, "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	app := newApp(t, http.NotFoundHandler())
	tcp := &agentpb.Check{Protocol: "tcp", Port: uint32(app), IntervalMs: 20, TimeoutMs: 1000, Healthy: 2, Unhealthy: 1}
	web := &agentpb.Check{Protocol: "http", Port: uint32(app), Path: "/", IntervalMs: 20, TimeoutMs: 1000, Healthy: 2, Unhealthy: 1}
	shop := []*agentpb.Name{{Name: "shop", Address: "240.240.0.3"}, {Name: "bad name", Address: "240.240.0.4"}, {Name: "localhost", Address: "10.0.0.1"}}

	// The agent starts before the control plane.
	named := newTestAgent(t, socket, hosts)
	control := newControlPlane("t0ken", &agentpb.Instruction{Names: shop, Check: tcp})
	stop := serve(t, socket, func(s *grpc.Server) { agentpb.RegisterAgentServer(s, control) })

	hello := control.await(t, "hello", func(*agentpb.Report) bool { return true }).GetHello()
	if hello.GetTask() != "demo/shop/7/0" || hello.GetEpoch() != 17 || hello.GetVersion() != "test" {
		t.Errorf("the first report's hello is %v", hello)
	}
	healthy := control.await(t, "healthy", func(r *agentpb.Report) bool { return r.GetHealth().GetState() == agentpb.Health_HEALTHY })
	if healthy.GetHello() != nil || healthy.GetHealth().GetSinceUnixNano() == 0 || healthy.GetHealth().GetDetail() == "" {
		t.Errorf("a later report is %v", healthy)
	}
	<-named
	wantFile(t, hosts, "127.0.0.1 localhost\n# serin begin\n240.240.0.3\tshop\n# serin end\n")

	// Another check fails.
	control.say <- &agentpb.Instruction{Names: shop, Check: web}
	control.await(t, "unhealthy by 404", func(r *agentpb.Report) bool {
		return r.GetHealth().GetState() == agentpb.Health_UNHEALTHY && strings.HasSuffix(r.GetHealth().GetDetail(), "answered 404")
	})
	<-named

	// The control plane goes, and names another table when it is back.
	stop()
	wantFile(t, hosts, "127.0.0.1 localhost\n# serin begin\n240.240.0.3\tshop\n# serin end\n")
	again := newControlPlane("t0ken", &agentpb.Instruction{})
	serve(t, socket, func(s *grpc.Server) { agentpb.RegisterAgentServer(s, again) })
	back := again.await(t, "hello again", func(*agentpb.Report) bool { return true })
	if back.GetHello().GetEpoch() != 17 || back.GetHealth().GetState() != agentpb.Health_UNHEALTHY {
		t.Errorf("back, it says %v; want its hello and the health it has seen", back)
	}
	<-named
	wantFile(t, hosts, "127.0.0.1 localhost\n# serin begin\n# serin end\n")
}

func TestAgentWithTheWrongTokenKeepsTrying(t *testing.T) {
	dir := t.TempDir()
	socket, hosts := filepath.Join(dir, "mesh.sock"), filepath.Join(dir, "hosts")
	if err := os.WriteFile(hosts, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	other := newControlPlane("another", nil)
	stop := serve(t, socket, func(s *grpc.Server) { agentpb.RegisterAgentServer(s, other) })
	named := newTestAgent(t, socket, hosts)
	for range 2 {
		<-other.refused
	}
	stop()
	serve(t, socket, func(s *grpc.Server) {
		agentpb.RegisterAgentServer(s, newControlPlane("t0ken", &agentpb.Instruction{}))
	})
	select {
	case <-named:
	case <-time.After(patience):
		t.Error("it did not attach when its token was accepted")
	}
}

// newTestAgent runs an agent until the test ends; named has a value each time it wrote the hosts file.
func newTestAgent(t *testing.T, socket, hosts string) <-chan error {
	t.Helper()
	task, err := delivery.ParseTaskID("demo/shop/7/0")
	if err != nil {
		t.Fatal(err)
	}
	s := Settings{Task: task, Token: "t0ken", Control: Control{Path: socket}, Hosts: hosts, Version: "test"}
	a, err := newAgent(s, time.Unix(0, 17), nil, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	named := make(chan error, 1000)
	a.named = func(err error) { named <- err }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); a.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; a.link.conn.Close() })
	return named
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}
