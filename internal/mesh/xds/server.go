package xds

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/service/metrics/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/delta/v3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"serin.dev/serin/internal/mesh/agentpb"
)

// Options are what a Server needs.
type Options struct {
	Tokens   Tokens
	Evidence Evidence
	// OnChange is called, one call at a time, after something that Observe tells of an environment changed.
	// Changes in quick succession are one call.
	OnChange func(environment string)
	Logger   *slog.Logger
	// Environments are those the store knows. Run serves nobody before each has been declared.
	Environments []string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Server tells proxies what to do and hears from them how it went. It is ready for use after New; Declare and
// Observe may be called before and while Run serves.
type Server struct {
	options Options
	delta   delta.Server
	streams context.Context // ends with the server: go-control-plane wants it early
	stop    context.CancelFunc

	mu           sync.Mutex
	environments map[string]*environment
	open         map[int64]*stream
	undeclared   map[string]bool
	ready        chan struct{} // closed when nothing is undeclared
	dirty        map[string]bool
	wake         chan struct{}
}

// New makes a server that serves nobody yet.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		options:      o,
		environments: map[string]*environment{},
		open:         map[int64]*stream{},
		undeclared:   map[string]bool{},
		ready:        make(chan struct{}),
		dirty:        map[string]bool{},
		wake:         make(chan struct{}, 1),
	}
	for _, name := range o.Environments {
		s.undeclared[name] = true
	}
	if len(s.undeclared) == 0 {
		close(s.ready)
	}
	s.streams, s.stop = context.WithCancel(context.Background())
	s.delta = delta.NewServer(s.streams, watcher{s}, callbacks{s})
	return s
}

// Register adds the services to a gRPC server that somebody else runs. Run must run as well, without listeners.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(r, &discovery{server: s})
	metricsv3.RegisterMetricsServiceServer(r, &metrics{server: s})
	agentpb.RegisterAgentServer(r, &agents{server: s})
}

// Run serves on the listeners, once every environment of Options.Environments has been declared, until ctx ends.
// It closes the listeners.
func (s *Server) Run(ctx context.Context, listeners ...net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.notify(ctx) })
	group.Go(func() error { return s.watchSilence(ctx) })
	if len(listeners) > 0 {
		group.Go(func() error { return s.serve(ctx, listeners) })
	}
	group.Go(func() error {
		<-ctx.Done()
		s.stop()
		return nil
	})
	return group.Wait()
}

func (s *Server) serve(ctx context.Context, listeners []net.Listener) error {
	select {
	case <-s.ready:
	case <-ctx.Done():
		for _, l := range listeners {
			l.Close()
		}
		return nil
	}
	g := grpc.NewServer(
		// Envoys ping each 5 s; gRPC's default would close the connections of clients that do.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 5 * time.Second, Timeout: 5 * time.Second}),
		grpc.MaxRecvMsgSize(64<<20),
	)
	s.Register(g)
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		group.Go(func() error {
			if err := g.Serve(l); !errors.Is(err, grpc.ErrServerStopped) {
				return err
			}
			return nil // ctx ended before it began
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		g.Stop() // proxies go on with what they have, and come back
		return nil
	})
	return group.Wait()
}

// discovery serves delta ADS; the other ways to ask are not implemented.
type discovery struct {
	discoveryv3.UnimplementedAggregatedDiscoveryServiceServer
	server *Server
}

func (d *discovery) DeltaAggregatedResources(stream discoveryv3.AggregatedDiscoveryService_DeltaAggregatedResourcesServer) error {
	return d.server.delta.DeltaStreamHandler(stream, resource.AnyType)
}
