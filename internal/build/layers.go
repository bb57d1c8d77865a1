package build

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// What `docker build` makes beside the image that it names (the stages that are copied from, the steps before one that
// failed) has no name, and nobody could tell whose it is. So each stage's last layer gets a name of ours as it is made:
//
//	serin-<instance>/<environment>/<service>/layers:<run>.<attempt>.<n>
//
// Those of a service's last build are the cache of its next one; then they go, with the layers that only they needed.
// What was there before, and is not ours, is never named. A build that is quiet (docker build -q) tells of its result
// alone: its other stages stay.

// layersName is what names a service's layers, without the tag.
func (b *Builder) layersName(service delivery.ServiceID) string {
	return b.localPrefix() + service.String() + "/layers"
}

// layersOf tells whose layers a name stands for. The names that builds give have a run's number there, and go on.
func (b *Builder) layersOf(name string) (service delivery.ServiceID, tag string, ok bool) {
	rest, ours := strings.CutPrefix(RepositoryOf(name), b.localPrefix())
	of, isLayers := strings.CutSuffix(rest, "/layers")
	if !ours || !isLayers {
		return delivery.ServiceID{}, "", false
	}
	service, err := delivery.ParseServiceID(of)
	return service, tagOf(name), err == nil
}

// holder names the layers of one build.
type holder struct {
	docker *client.Client
	name   string              // layersName
	mark   string              // how the tags of this build begin
	ours   func(string) bool   // whether an image's name is one that we give
	failed func(string, error) // a layer was not named
	count  atomic.Int64        // stages of all docker builds, which may run at once
}

func (b *Builder) holder(job Job) *holder {
	return &holder{
		docker: b.Docker, name: b.layersName(job.Service), mark: fmt.Sprintf("%d.%d.", job.Run, time.Now().UnixMilli()),
		ours: func(name string) bool {
			return strings.HasPrefix(name, b.localPrefix()) || strings.HasPrefix(name, job.Registry+"/")
		},
		failed: func(id string, err error) { b.Logger.Warn("a build's layer is nobody's", "layer", id, "error", err) },
	}
}

// stage gives the name of a stage's last layer; it moves on as the stage does.
func (h *holder) stage() string { return fmt.Sprintf("%s:%s%d", h.name, h.mark, h.count.Add(1)) }

// holdLimit is how long one call of Docker takes at most; the docker command waits for it.
const holdLimit = 10 * time.Second

// hold names a layer.
func (h *holder) hold(id, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), holdLimit)
	defer cancel()
	if _, err := h.docker.ImageTag(ctx, client.ImageTagOptions{Source: id, Target: name}); err != nil {
		h.failed(id, err)
	}
}

// holdOurs names a layer that was there before, if it is ours.
func (h *holder) holdOurs(id, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), holdLimit)
	defer cancel()
	found, err := h.docker.ImageInspect(ctx, id)
	if err != nil {
		h.failed(id, err)
		return
	}
	for _, known := range append(found.RepoTags, found.RepoDigests...) {
		if h.ours(known) {
			h.hold(id, name)
			return
		}
	}
}

// watch reads along what Docker says of a docker build.
func (h *holder) watch(said io.ReadCloser) io.ReadCloser {
	return &reading{ReadCloser: said, stages: &stages{hold: h.hold, holdOurs: h.holdOurs, name: h.stage}}
}

// reading hands on what it reads, and each whole line to stages.
type reading struct {
	io.ReadCloser
	stages *stages
	line   []byte
}

// maxLine bounds what is kept of a line; Docker's own are short.
const maxLine = 64 << 10

// Read implements io.Reader.
func (r *reading) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if len(r.line)+len(line) <= maxLine {
			r.line = append(r.line, line...)
		}
		if rest = after; !whole {
			break
		}
		var message struct{ Stream string }
		if json.Unmarshal(r.line, &message) == nil {
			r.stages.said(message.Stream)
		}
		r.line = r.line[:0]
	}
	if err != nil {
		r.stages.end()
	}
	return n, err
}

// Close implements io.Closer.
func (r *reading) Close() error {
	r.stages.end()
	return r.ReadCloser.Close()
}

// stages follows what the classic builder says:
//
//	Step 2/7 : FROM debian AS one
//	 ---> 675ae3fc9605             the base: not ours
//	Step 3/7 : RUN make
//	 ---> Using cache              or, when it is run, " ---> Running in …"
//	 ---> cbc5153a2c50
type stages struct {
	hold, holdOurs func(id, name string)
	name           func() string

	now    string // the present stage's name; "" until it has a layer
	base   bool   // the next layer is what the stage begins with
	cached bool   // the next layer was there before
	last   string // the stage's last layer, if it was there before
}

var (
	saidFrom  = regexp.MustCompile(`(?i)^Step [0-9]+/[0-9]+ : FROM\s`)
	saidLayer = regexp.MustCompile(`^ ---> ([0-9a-f]{12})?\n$`) // none: FROM scratch
	saidQuiet = regexp.MustCompile(`^(sha256:[0-9a-f]{64})\n$`) // all that a quiet build says
)

func (s *stages) said(text string) {
	if saidFrom.MatchString(text) {
		s.end()
		s.base = true
		return
	}
	if text == " ---> Using cache\n" {
		s.cached = true
		return
	}
	if m := saidQuiet.FindStringSubmatch(text); m != nil {
		s.last = m[1]
		return
	}
	m := saidLayer.FindStringSubmatch(text)
	switch {
	case m == nil:
		return
	case s.base:
	case s.cached:
		s.last = m[1]
	default:
		s.last = ""
		s.hold(m[1], s.stage())
	}
	s.base, s.cached = false, false
}

func (s *stages) stage() string {
	if s.now == "" {
		s.now = s.name()
	}
	return s.now
}

// end ends the present stage.
func (s *stages) end() {
	if s.last != "" {
		s.holdOurs(s.last, s.stage())
	}
	s.now, s.last, s.base, s.cached = "", "", false, false
}

// dropOlder lets the layers of a service's earlier builds go, if this build holds any.
func (b *Builder) dropOlder(ctx context.Context, h *holder) error {
	found, err := b.Docker.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", h.name)})
	if err != nil {
		return err
	}
	var older []string
	held := false
	for _, image := range found.Items {
		for _, tag := range image.RepoTags {
			switch {
			case RepositoryOf(tag) != h.name:
			case strings.HasPrefix(tagOf(tag), h.mark):
				held = true
			default:
				older = append(older, tag)
			}
		}
	}
	if !held {
		return nil
	}
	for _, tag := range older {
		if err := b.removeName(ctx, tag); err != nil {
			return err
		}
	}
	return nil
}

// removeName takes a name off an image, and with its last one the image and the layers that only it needed. One that
// a container still uses keeps it.
func (b *Builder) removeName(ctx context.Context, name string) error {
	_, err := b.Docker.ImageRemove(ctx, name, client.ImageRemoveOptions{PruneChildren: true})
	if isNotFound(err) || isConflict(err) {
		return nil
	}
	return err
}
