package docker

import (
	"context"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/singleflight"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Options is what an Engine needs. Instance, ProxyImage, ControlDir, Token and LogDir are required.
type Options struct {
	Client       *client.Client                      // nil: one is made for Host
	Host         string                              // such as "unix:///var/run/docker.sock"; "": DOCKER_HOST and its kin, or Docker's default
	Instance     string                              // 1 to 16 of a-z and 0-9; names and labels carry it, so several Serins share a host
	ProxyImage   string                              // image of serin-proxy; it must be on the host
	ControlDir   string                              // host directory that holds mesh.sock; proxies see it as /run/serin
	LogDir       string                              // where logs of removed containers are kept
	Token        func(delivery.TaskID) string        // a task's join token
	RegistryAuth func(image string) (string, bool)   // X-Registry-Auth of a pull; nil or false: none
	Secret       Secret                              // nil: containers with secrets fail with a sentence
	OnChange     func(environment string)            // called from any goroutine when a look would tell something new; must not block
	Logger       *slog.Logger                        // nil: slog.Default()
	Jitter       func(d time.Duration) time.Duration // nil: d less up to a fifth, at random
}

// Secret resolves a reference of [workload.Container].Secrets to its value.
type Secret func(ctx context.Context, environment, reference string) (string, error)

// Engine makes the declared environments so on one Docker. Make it with [New]; nothing happens before Run.
type Engine struct {
	opts   Options
	docker *client.Client
	log    *slog.Logger
	gate   chan struct{} // bounds how many containers are created or started at once
	pulls  singleflight.Group
	logs   keeper

	kick chan struct{} // what is declared changed, or something unowned may be there

	mu           sync.Mutex
	away         error // why Docker does not answer, nil when it does
	declared     map[string]workload.Environment
	known        map[string]bool // nil: not told; environments that are neither known nor declared are removed
	workers      map[string]*worker
	networkLocks map[string]*sync.Mutex
	cpus         int // of the host; 0: not asked yet
}

// atOnce is how many containers are created or started at the same time.
const atOnce = 4

// resync is how often everything is looked at again although no event asked for it.
const resync = 30 * time.Second

var instanceName = regexp.MustCompile(`^[a-z0-9]{1,16}$`)

// New makes an Engine. It fails with Invalid when an option is missing or wrong. It does not call Docker.
func New(o Options) (*Engine, error) {
	if !instanceName.MatchString(o.Instance) {
		return nil, delivery.Errorf(delivery.Invalid, "instance %q: it must be 1 to 16 of a-z and 0-9", o.Instance)
	}
	for _, need := range []struct {
		name    string
		missing bool
	}{
		{"ProxyImage", o.ProxyImage == ""}, {"ControlDir", o.ControlDir == ""}, {"LogDir", o.LogDir == ""}, {"Token", o.Token == nil},
	} {
		if need.missing {
			return nil, delivery.Errorf(delivery.Invalid, "the Docker engine needs Options.%s", need.name)
		}
	}
	if o.OnChange == nil {
		o.OnChange = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Jitter == nil {
		o.Jitter = jitter
	}
	if o.Client == nil {
		from := []client.Opt{client.FromEnv}
		if o.Host != "" {
			from = []client.Opt{client.WithHost(o.Host)}
		}
		c, err := client.New(from...)
		if err != nil {
			return nil, delivery.Errorf(delivery.Invalid, "Docker at %q: %w", o.Host, err)
		}
		o.Client = c
	}
	return &Engine{
		opts: o, docker: o.Client, log: o.Logger,
		gate:         make(chan struct{}, atOnce),
		logs:         keeper{dir: o.LogDir},
		kick:         make(chan struct{}, 1),
		declared:     map[string]workload.Environment{},
		workers:      map[string]*worker{},
		networkLocks: map[string]*sync.Mutex{},
	}, nil
}

// Run makes declared environments so until ctx ends, and leaves every container as it is then. It gives ctx's error.
func (e *Engine) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { e.watch(ctx) })

	again := time.NewTicker(resync)
	defer again.Stop()
	for {
		e.assign(ctx, &running)
		if err := e.sweep(ctx); err != nil && ctx.Err() == nil && !away(err) {
			e.log.Warn("looking for what nobody declared", "error", err)
		}
		e.assign(ctx, &running)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.kick:
		case <-again.C:
			e.pokeAll()
		}
	}
}

// wake lets Run look again.
func (e *Engine) wake() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}
