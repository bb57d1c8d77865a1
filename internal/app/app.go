package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/docker"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/mesh/identity"
	"serin.dev/serin/internal/mesh/xds"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/internal/registry"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/source"
	"serin.dev/serin/internal/store/sqlite"
)

// App is one Serin.
type App struct {
	config   Config
	version  string
	started  time.Time
	log      *slog.Logger
	instance string
	lock     *os.File

	docker   *client.Client
	store    *sqlite.Store
	access   *access.Access
	source   *source.Source
	registry *registry.Registry
	logs     *build.Logs
	builder  *build.Builder
	swept    *sweep
	engine   *docker.Engine
	mesh     *xds.Server
	recorder *rollout.Recorder
	// pullCredential lets Docker pull from the registry.
	pullCredential string
	tokens         *identity.Tokens
	rollouts       *rollout.Reconciler
	pipelines      *pipeline.Manager

	metrics *metrics

	runsChanged, rolloutsChanged changes
}

// Open takes the data folder and makes all parts; nothing runs before Run. Close gives the folder back.
func Open(ctx context.Context, config Config, version string, log *slog.Logger) (_ *App, err error) {
	if err := config.makeFolders(); err != nil {
		return nil, err
	}
	a := &App{config: config, version: version, started: time.Now(), log: log}
	a.metrics = newMetrics(a)
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.lock, err = lock(config.path("lock")); err != nil {
		return nil, err
	}
	if a.store, err = sqlite.Open(ctx, config.path("serin.db")); err != nil {
		return nil, err
	}
	if a.instance, err = randomSetting(ctx, a.store, settingInstance, 4); err != nil {
		return nil, err
	}
	for _, open := range []func(context.Context) error{a.openDocker, a.openAccess, a.openSource, a.openRegistry, a.openMesh, a.openRollouts, a.openPipelines} {
		if err := open(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Close lets the store and the data folder go.
func (a *App) Close() error {
	var errs []error
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.docker != nil {
		errs = append(errs, a.docker.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Close())
	}
	return errors.Join(errs...)
}

func (a *App) openDocker(context.Context) (err error) {
	if a.docker, err = newDocker(a.config); err != nil {
		return err
	}
	a.engine, err = docker.New(docker.Options{
		Client: a.docker, Instance: a.instance, ProxyImage: a.config.ProxyImage,
		ControlDir: a.config.path("run", "mesh"), LogDir: a.config.path("logs", "tasks"),
		Token: a.token, RegistryAuth: a.pullAuth, OnChange: func(environment string) { a.rollouts.Kick(environment) },
		Logger: a.log.With("part", "engine"),
	})
	if err != nil {
		return err
	}
	a.logs = build.NewLogs(a.config.path("logs", "runs"))
	a.builder = build.New(build.Options{
		Docker: a.docker, Image: a.config.BuilderImage, Instance: a.instance, SocketDir: a.config.path("run"),
		Logger: a.log.With("part", "build"),
	})
	a.swept = &sweep{do: a.builder.Sweep, log: a.log.With("part", "build")}
	return os.MkdirAll(a.config.path("run", "mesh"), 0o755) // proxies run as another user
}

// newDocker makes a client; it calls nobody yet.
func newDocker(config Config) (*client.Client, error) {
	options := []client.Opt{client.FromEnv}
	if config.Docker != "" {
		options = append(options, client.WithHost(config.Docker))
	}
	docker, err := client.New(options...)
	if err != nil {
		return nil, fmt.Errorf("finding Docker: %w", err)
	}
	return docker, nil
}

func (a *App) openAccess(ctx context.Context) error {
	a.access = access.New(a.store, time.Now)
	path := a.config.path("token")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	text, _, err := a.access.Issue(ctx, "first start", access.Admin)
	if err != nil {
		return fmt.Errorf("making the first token: %w", err)
	}
	return os.WriteFile(path, []byte(text+"\n"), 0o600)
}

func (a *App) openSource(context.Context) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	a.source, err = source.New(source.Options{Dir: a.config.path("git"), Hook: []string{self, "hook"}, Logger: a.log.With("part", "source")})
	return err
}

func (a *App) openMesh(ctx context.Context) error {
	secret, err := randomSetting(ctx, a.store, settingSecret, 32)
	if err != nil {
		return err
	}
	environments, err := a.store.Environments(ctx)
	if err != nil {
		return err
	}
	a.recorder = rollout.NewRecorder(a.store, time.Now, a.log.With("part", "evidence"))
	a.tokens = identity.NewTokens([]byte(secret))
	a.mesh = xds.New(xds.Options{
		Tokens: a.tokens, Evidence: a.recorder, Environments: environments,
		OnChange: func(environment string) { a.rollouts.Kick(environment) }, Logger: a.log.With("part", "mesh"),
	})
	return nil
}

func (a *App) openRollouts(context.Context) error {
	a.rollouts = rollout.New(rollout.Options{
		Store: a.store, Engine: a.engine, Mesh: a.mesh, Trials: a.store, Recorder: a.recorder,
		Judge:  func(t evidence.Trial) rollout.Judge { return analysis.New(t) },
		Logger: a.log.With("part", "rollout"), OnChange: func(rollout.Change) { a.rolloutsChanged.tell() },
	})
	return nil
}

func (a *App) openPipelines(context.Context) error {
	a.pipelines = pipeline.New(pipeline.Options{
		Store: a.store, Source: a.source, Builder: buildAdapter{a}, Images: images{a}, Logs: a.logs, Releases: releases{a},
		Scratch: a.config.path("tmp"), Builds: a.config.Builds, Clock: time.Now, Logger: a.log.With("part", "pipeline"),
		OnChange: func(pipeline.Run) { a.runsChanged.tell() },
	})
	return nil
}

// Run runs everything until ctx ends or a part fails. Tasks and their proxies go on without it.
func (a *App) Run(ctx context.Context) error {
	web, err := a.listen()
	if err != nil {
		return err
	}
	proxies, err := listenUnix(a.config.path("run", "mesh", "mesh.sock"))
	if err != nil {
		web.Close()
		return err
	}
	if err := a.publish(ctx); err != nil {
		return errors.Join(err, web.Close(), proxies.Close())
	}
	if err := a.rollouts.Prime(ctx); err != nil {
		return errors.Join(err, web.Close(), proxies.Close())
	}
	if err := a.known(ctx); err != nil {
		return errors.Join(err, web.Close(), proxies.Close())
	}
	parts, ctx := errgroup.WithContext(ctx)
	for name, run := range map[string]func(context.Context) error{
		"mesh":      func(ctx context.Context) error { return a.mesh.Run(ctx, proxies) },
		"evidence":  a.recorder.Run,
		"engine":    a.engine.Run,
		"rollout":   a.rollouts.Run,
		"pipeline":  a.pipelines.Run,
		"builders":  a.swept.run,
		"source":    func(ctx context.Context) error { return a.source.Run(ctx, pushes{a.pipelines}) },
		"registry":  a.runRegistry,
		"interface": func(ctx context.Context) error { return a.serve(ctx, web) },
	} {
		parts.Go(func() error {
			err := run(ctx)
			if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
				return nil
			}
			if err == nil {
				err = errors.New("it ended by itself")
			}
			return fmt.Errorf("%s: %w", name, err)
		})
	}
	return parts.Wait()
}

// known tells the engine which environments there are, so that it removes what belongs to none.
func (a *App) known(ctx context.Context) error {
	environments, err := a.store.Environments(ctx)
	if err != nil {
		return err
	}
	a.engine.Known(environments)
	return nil
}

// token is a task's join token.
func (a *App) token(task delivery.TaskID) string { return a.tokens.Token(task) }

// pushes hands pushes to the pipelines.
type pushes struct{ *pipeline.Manager }

// Deliver implements source.Pushes.
func (p pushes) Deliver(ctx context.Context, push source.Push) (delivery.RunID, error) {
	run, err := p.Manager.Deliver(ctx, pipeline.Push{
		Service: push.Service, Key: push.Key, Branch: push.Branch, Commit: push.Commit, Pusher: push.Pusher, At: push.At,
	})
	return run.ID, err
}

// listenUnix opens a socket whose name may be left over from a process that was killed. The folder is locked, so
// nobody else listens there.
func listenUnix(path string) (net.Listener, error) {
	const most = 107 // sockaddr_un
	if len(path) > most {
		return nil, delivery.Errorf(delivery.Invalid, "the data folder's path is too long for a socket in it (%s, at most %d bytes): choose a shorter one with --data", path, most)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the proxies' socket: %w", err)
	}
	return l, os.Chmod(path, 0o666) // every stream is authenticated by its task's token
}
