package source_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/source"
)

// TestMain lets the test binary be the hook command. "hook-dies <state>" kills git at a state of the transaction,
// where a machine that loses power would.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "hook" {
		exit(source.Hook(os.Args[2:], os.Stdin, os.Stdout))
	}
	if len(os.Args) > 4 && os.Args[1] == "hook-dies" {
		when, args := os.Args[2], os.Args[3:]
		dies := args[1] == strings.TrimPrefix(when, "after-")
		if dies && !strings.HasPrefix(when, "after-") {
			_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
			os.Exit(1)
		}
		err := source.Hook(args, os.Stdin, os.Stdout)
		if dies {
			_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
		}
		exit(err)
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

var ui = delivery.ServiceID{Environment: "yelb", Name: "yelb-ui"}

// consumer is a pipeline that remembers.
type consumer struct {
	mu     sync.Mutex
	got    []source.Push
	fail   int // so many deliveries first
	change chan struct{}
}

func (c *consumer) Deliver(_ context.Context, push source.Push) (delivery.RunID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() {
		select {
		case c.change <- struct{}{}:
		default:
		}
	}()
	c.got = append(c.got, push)
	if c.fail > 0 {
		c.fail--
		return 0, errors.New("the store is away")
	}
	return delivery.RunID(len(c.got)), nil
}

func (c *consumer) pushes() []source.Push {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]source.Push(nil), c.got...)
}

// await gives the pushes once there are n.
func (c *consumer) await(t *testing.T, n int) []source.Push {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		if got := c.pushes(); len(got) >= n {
			return got
		}
		select {
		case <-c.change:
		case <-deadline:
			t.Fatalf("got %d pushes, want %d", len(c.pushes()), n)
		}
	}
}

// rig is a source behind an HTTP server, with a consumer.
type rig struct {
	*source.Source
	t                         *testing.T
	dir                       string
	server                    *httptest.Server
	consumer                  *consumer
	deployToken, readingToken string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: filepath.Join(t.TempDir(), "git"), consumer: &consumer{change: make(chan struct{}, 1)}}
	r.Source = r.open("hook")
	if err := r.Create(t.Context(), ui); err != nil {
		t.Fatal(err)
	}
	tokens := access.New(access.NewMemory(), time.Now)
	issue := func(role access.Role) string {
		text, _, err := tokens.Issue(t.Context(), "a "+string(role)+" token", role)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	r.deployToken, r.readingToken = issue(access.Deploy), issue(access.Read)
	r.server = httptest.NewServer(r.Handler(tokens))
	t.Cleanup(r.server.Close)
	return r
}

// open makes a source over the rig's folder, as a process that starts does.
func (r *rig) open(hook ...string) *source.Source {
	r.t.Helper()
	binary, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := source.New(source.Options{
		Dir: r.dir, Hook: append([]string{binary}, hook...), MaxPush: 64 << 20, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// deliver runs the source's loop until the test ends, or stop is called.
func (r *rig) deliver() (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Run(ctx, r.consumer)
	}()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) url(token string) string {
	u, err := url.Parse(r.server.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		u.User = url.UserPassword("git", token)
	}
	u.Path = "/git/yelb/yelb-ui.git"
	return u.String()
}

func (r *rig) repository() string { return filepath.Join(r.dir, "yelb", "yelb-ui.git") }

// clone is a user's working copy.
type clone struct {
	t   *testing.T
	dir string
}

// newClone makes a working copy with one commit on main, and the rig as its origin.
func (r *rig) newClone() clone {
	r.t.Helper()
	c := clone{r.t, r.t.TempDir()}
	c.must("init", "--quiet", "--initial-branch=main")
	c.must("remote", "add", "origin", r.url(r.deployToken))
	c.commit("README", "hello")
	return c
}

func (c clone) git(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.WaitDelay = time.Second
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "HOME="+c.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c clone) must(args ...string) string {
	c.t.Helper()
	out, err := c.git(args...)
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// commit writes a file, commits it and gives the commit.
func (c clone) commit(path, content string) string {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(c.dir, path)), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, path), []byte(content), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.must("add", "--all")
	c.must("commit", "--quiet", "--message", "Change "+path)
	return c.head()
}

func (c clone) head() string { return c.must("rev-parse", "HEAD") }
