package build_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/moby/moby/client"
	"github.com/sirupsen/logrus"

	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/buildspec"
)

// rig is a Builder on this machine's Docker, with a registry.
type rig struct {
	*build.Builder
	t        *testing.T
	docker   *client.Client
	registry string // host and port
	own      string // the service's repository
}

var cart = delivery.ServiceID{Environment: "shop", Name: "cart"}

// credential opens the registry.
const credential = "s3cret-of-the-build"

// builderImage finds what `make setup` built.
func builderImage(t *testing.T) string {
	t.Helper()
	if image := os.Getenv("SERIN_BUILDER_IMAGE"); image != "" {
		return image
	}
	text, err := os.ReadFile("../../.cache/images/builder")
	if err != nil {
		t.Fatalf("there is no builder image: run make setup (%v)", err)
	}
	return strings.TrimSpace(string(text))
}

func newRig(t *testing.T) *rig {
	t.Helper()
	docker, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := os.MkdirTemp("/tmp", "serin-build-") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	instance := "buildtest" + hex.EncodeToString(id)
	r := &rig{t: t, docker: docker, registry: serveRegistry(t)}
	r.own = r.registry + "/" + cart.String()
	r.Builder = build.New(build.Options{
		Docker: docker, Image: builderImage(t), Instance: instance, SocketDir: sockets,
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	})
	t.Cleanup(func() {
		r.nothingLeft()
		r.removeLayers()
		r.removeOwn()
		os.RemoveAll(sockets)
		docker.Close()
	})
	return r
}

// with is the rig for a subtest.
func (r *rig) with(t *testing.T) *rig {
	sub := *r
	sub.t = t
	return &sub
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// serveRegistry serves an empty registry that asks for the build's credential.
func serveRegistry(t *testing.T) (host string) {
	t.Helper()
	logrus.SetOutput(io.Discard) // distribution logs there, and only there
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": nil}}
	config.HTTP.Secret = "none"
	app := handlers.NewApp(context.WithoutCancel(t.Context()), config)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != credential {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		app.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// pushed tells whether the registry has a tag of a repository.
func (r *rig) pushed(repository, tag string) bool {
	r.t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(r.t.Context()), http.MethodHead, "http://"+r.registry+"/v2/"+repository+"/manifests/"+tag, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	request.SetBasicAuth("x", credential)
	request.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// job makes a job of a buildspec and a checkout's files.
func (r *rig) job(spec string, files map[string]string) (build.Job, *log) {
	r.t.Helper()
	read, _, err := buildspec.Parse("build.yml", []byte(spec))
	if err != nil {
		r.t.Fatal(err)
	}
	checkout := r.t.TempDir()
	for name, text := range files {
		path := filepath.Join(checkout, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			r.t.Fatal(err)
		}
	}
	l := &log{changed: make(chan struct{})}
	return build.Job{
		Run: 7, Service: cart, Commit: strings.Repeat("0a1b", 10), Branch: "main", Checkout: checkout, Spec: read,
		Registry: r.registry, Credential: credential, Started: time.Unix(1700000000, 0), TimeLimit: 2 * time.Minute, Log: l, Artifacts: r.t.TempDir(),
	}, l
}

// build runs a buildspec that must succeed, and gives its log.
func (r *rig) build(spec string, files map[string]string) (build.Job, string) {
	r.t.Helper()
	job, log := r.job(spec, files)
	if err := r.Build(r.t.Context(), job); err != nil {
		r.t.Fatalf("%v\n%s", err, log)
	}
	return job, log.String()
}

// log can be waited for.
type log struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// says waits until the log has a text.
func (l *log) says(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		l.mu.Lock()
		found, changed := strings.Contains(l.text.String(), text), l.changed
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("the log does not come to say %q:\n%s", text, l)
		}
	}
}

// output is the log without what Serin says, where commands are repeated.
func output(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "[serin]") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// nothingLeft fails the test if a build has left a container, an image's name or a socket.
func (r *rig) nothingLeft() {
	r.t.Helper()
	ctx := context.WithoutCancel(r.t.Context())
	containers, err := r.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("name", "serin-"+r.Instance)})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range containers.Items {
		r.t.Errorf("the container %v is left", c.Names)
	}
	for _, tag := range r.tags("serin-" + r.Instance + "/") {
		if !strings.Contains(tag, "/layers:") { // the cache of later builds
			r.t.Errorf("the image %s is left", tag)
		}
	}
	left, err := os.ReadDir(r.SocketDir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, entry := range left {
		r.t.Errorf("the folder %s is left", entry.Name())
	}
}

// tags are the names of the host's images that begin with prefix.
func (r *rig) tags(prefix string) []string {
	r.t.Helper()
	images, err := r.docker.ImageList(context.WithoutCancel(r.t.Context()), client.ImageListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	var tags []string
	for _, image := range images.Items {
		for _, tag := range image.RepoTags {
			if strings.HasPrefix(tag, prefix) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// removeOwn removes what builds pushed from the host's Docker.
func (r *rig) removeOwn() {
	for _, tag := range r.tags(r.registry + "/") {
		_, _ = r.docker.ImageRemove(context.WithoutCancel(r.t.Context()), tag, client.ImageRemoveOptions{PruneChildren: true})
	}
}

// untag takes a name off an image.
func (r *rig) untag(name string) {
	_, _ = r.docker.ImageRemove(context.WithoutCancel(r.t.Context()), name, client.ImageRemoveOptions{PruneChildren: true})
}

// removeLayers removes what is the cache of later builds.
func (r *rig) removeLayers() {
	for _, tag := range r.tags("serin-" + r.Instance + "/shop/cart/layers:") {
		r.untag(tag)
	}
}

// commands writes a buildspec with one phase.
func commands(phase string, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 0.2\nphases:\n  %s:\n    commands:\n", phase)
	for _, line := range lines {
		fmt.Fprintf(&b, "      - %s\n", line)
	}
	return b.String()
}
