package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// Options are what a Builder needs.
type Options struct {
	Docker     *client.Client
	DockerHost string        // where Docker listens, "unix:///var/run/docker.sock"
	Image      string        // the builder image
	Instance   string        // short id of this Serin: containers are named and labelled with it
	SocketDir  string        // host folder for the fences' sockets; its path must stay under 80 bytes
	Grace      time.Duration // how long Collect leaves an image alone after it was named; 0: an hour
	Logger     *slog.Logger
}

// Builder runs builds in containers of the local Docker.
type Builder struct{ Options }

// New makes a Builder.
func New(o Options) *Builder {
	if o.Grace == 0 {
		o.Grace = time.Hour
	}
	return &Builder{o}
}

// Failed says that the build ran and did not succeed; the sentence says where.
type Failed struct{ Sentence string }

func (f Failed) Error() string { return f.Sentence }

// Build runs the job and leaves its artifacts in job.Artifacts. It fails with [Failed] when the repository is to
// blame (a command, the time limit, a missing artifact), and with another error when the builder is.
func (b *Builder) Build(ctx context.Context, job Job) error {
	limit := job.TimeLimit
	if limit == 0 {
		limit = time.Hour
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, Failed{fmt.Sprintf("the build took longer than its limit of %s", limit)})
	defer cancel()
	err := b.build(ctx, job)
	if cause, ok := errors.AsType[Failed](context.Cause(ctx)); ok && err != nil {
		return cause
	}
	return err
}

func (b *Builder) build(ctx context.Context, job Job) error {
	vars, secrets, err := job.variables()
	if err != nil {
		return err
	}
	log := redact(job.Log, secrets)
	defer log.Flush()

	layers := b.holder(job)
	fence, closeFence, err := b.openFence(job, layers, log)
	if err != nil {
		return err
	}
	defer b.tidy(fence, layers) // last, when nobody can make any more
	defer closeFence()

	box, err := b.start(ctx, job)
	if err != nil {
		return err
	}
	defer box.remove()
	if err := box.prepare(ctx, job.Checkout, exports(vars)); err != nil {
		return err
	}
	failure, err := runPhases(ctx, job.Spec.Phases, log, func(ctx context.Context, command string, succeeding bool) (int, error) {
		return box.run(ctx, command, succeeding, log)
	})
	if err != nil {
		return err
	}
	if err := box.artifacts(ctx, job.Spec.Artifacts, job.Artifacts, log); err != nil {
		if failure != "" { // what failed first is what to tell
			return Failed{failure}
		}
		return err
	}
	if failure != "" {
		return Failed{failure}
	}
	return nil
}

// openFence serves the job's fence on a socket of its own.
func (b *Builder) openFence(job Job, layers *holder, log io.Writer) (*Fence, func(), error) {
	dir := b.socketDir(job.Run)
	if err := os.RemoveAll(dir); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "docker.sock"))
	if err != nil {
		return nil, nil, fmt.Errorf("opening the build's Docker socket: %w", err)
	}
	fence := &Fence{
		Own:   job.Repository(),
		Local: fmt.Sprintf("%s%s/%d", b.localPrefix(), job.Service, job.Run),
		Dial:  b.Docker.Dialer(),
		Built: layers.watch,
		Log:   log,
	}
	server := &http.Server{Handler: fence, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(b.Logger.Handler(), slog.LevelDebug)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			b.Logger.Error("a build's Docker socket failed", "run", job.Run, "error", err)
		}
	}()
	return fence, func() {
		_ = server.Close() // what a build still asks for after its end is of no use
		<-done
		fence.Wait()
		_ = os.RemoveAll(dir)
	}, nil
}

// socketPrefix begins the names of the folders that hold builds' sockets.
const socketPrefix = "build-"

func (b *Builder) socketDir(run delivery.RunID) string {
	return filepath.Join(b.SocketDir, socketPrefix+strconv.FormatInt(int64(run), 10))
}

// localPrefix begins the names of all images that builds made without a registry in their name.
func (b *Builder) localPrefix() string { return "serin-" + b.Instance + "/" }

// tidy takes away the images a build made without a registry in their name. Its layers stay, since they are the cache;
// those of the service's earlier builds go.
func (b *Builder) tidy(fence *Fence, layers *holder) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, tag := range fence.LocalTags() {
		if err := b.removeImage(ctx, tag); err != nil {
			b.Logger.Warn("an image of a build's own was not removed", "image", tag, "error", err)
		}
	}
	if err := b.dropOlder(ctx, layers); err != nil {
		b.Logger.Warn("layers of earlier builds were not removed; the next build tries again", "error", err)
	}
}

// removeImage removes a tag; one that is not there (its build failed, say) is as good as removed. One that a container
// of somebody else's uses is theirs now.
func (b *Builder) removeImage(ctx context.Context, tag string) error {
	_, err := b.Docker.ImageRemove(ctx, tag, client.ImageRemoveOptions{PruneChildren: false})
	if isNotFound(err) || isConflict(err) {
		return nil
	}
	return err
}
