package docker

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// LogOptions says which lines of a deployment's containers are wanted.
type LogOptions struct {
	Follow bool      // go on with what comes, until ctx ends
	Tail   int       // only the last so many of the past; 0: all
	Since  time.Time // only what was said at or after it; zero: all
	Times  bool      // begin each line with its time
}

// Logs writes what a deployment's containers have said, by time, each line as "<replica>/<container> | text": first
// what is kept of removed containers together with what the standing ones have said, then, when following, what comes.
// It fails with NotFound when there is no container and no kept log of the deployment.
func (e *Engine) Logs(ctx context.Context, d delivery.DeploymentID, o LogOptions, w io.Writer) error {
	out := &logWriter{w: w, times: o.Times}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var begun client.EventsResult
	if o.Follow { // before the look, so that nothing falls between
		begun = e.docker.Events(ctx, client.EventsListOptions{Filters: e.ours().Add("type", string(events.ContainerEventType)).Add("event", string(events.ActionStart))})
	}
	sources, err := e.logSources(ctx, d, o.Since)
	if err != nil {
		return err
	}
	ends, err := writePast(sources, o, out)
	for _, s := range sources {
		s.close()
	}
	if err != nil || !o.Follow {
		return err
	}
	return e.follow(ctx, d, o, sources, ends, begun, out)
}

// logSource is the past of one container, or of the removed ones of one name.
type logSource struct {
	name  string // "<replica>/<container>"
	id    string // of a container; "" for kept lines
	runs  bool
	lines *lines
	close func()
	head  line
	ended bool
}

func (e *Engine) logSources(ctx context.Context, d delivery.DeploymentID, since time.Time) ([]*logSource, error) {
	var sources []*logSource
	kept, err := filepath.Glob(filepath.Join(e.logs.folder(d), "*.log"))
	if err != nil {
		return nil, err
	}
	for _, path := range kept {
		replica, rest, _ := strings.Cut(filepath.Base(path), ".")
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, &logSource{name: replica + "/" + strings.TrimSuffix(rest, ".log"), lines: newLines(file), close: func() { file.Close() }})
	}
	list, err := e.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.ours(labelEnvironment + "=" + d.Service.Environment)})
	if err != nil && len(sources) == 0 {
		return nil, answered("reading the logs of "+d.String(), err)
	}
	for _, c := range list.Items {
		name, ok := logName(d, c.Labels)
		if !ok || c.Labels[labelPart] == string(pausePart) || c.Labels[labelPart] == string(capturePart) {
			continue
		}
		reader, err := e.openLog(ctx, c.ID, since, false)
		if err != nil {
			if gone(err) == nil {
				continue
			}
			return nil, answered("reading the logs of "+d.String(), err)
		}
		sources = append(sources, &logSource{name: name, id: c.ID, runs: c.State == container.StateRunning, lines: newLines(reader), close: func() { reader.Close() }})
	}
	if len(sources) == 0 {
		return nil, delivery.Errorf(delivery.NotFound, "deployment %s has no logs: no container of it stands, and none is kept", d)
	}
	return sources, nil
}

// logName names the source of a container of the deployment.
func logName(d delivery.DeploymentID, labels map[string]string) (string, bool) {
	id, err := delivery.ParseTaskID(labels[labelTask])
	if err != nil || id.Deployment != d {
		return "", false
	}
	name := labels[labelPart]
	if name == string(appPart) {
		name = labels[labelContainer]
	}
	return strconv.Itoa(id.Replica) + "/" + name, true
}

// openLog reads a container's output, both streams in one, each line with its time.
func (e *Engine) openLog(ctx context.Context, id string, since time.Time, follow bool) (io.ReadCloser, error) {
	o := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow}
	if !since.IsZero() {
		o.Since = fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond())
	}
	out, err := e.docker.ContainerLogs(ctx, id, o)
	if err != nil {
		return nil, err
	}
	reader, writer := io.Pipe()
	go func() {
		defer out.Close()
		_, err := stdcopy.StdCopy(writer, writer, out)
		writer.CloseWithError(err)
	}()
	return reader, nil
}

// writePast merges the sources by time. It gives the time of the last line of each name: what is kept and what
// stands may overlap.
func writePast(sources []*logSource, o LogOptions, out *logWriter) (ends map[string]time.Time, err error) {
	ends = map[string]time.Time{}
	var last []func() error // the tail
	for _, s := range sources {
		if err := s.advance(); err != nil {
			return nil, err
		}
	}
	for {
		next := earliest(sources)
		if next == nil {
			break
		}
		name, said := next.name, next.head
		overlap := next.id != "" && !said.At.After(ends[name]) && keptEnds(sources, name)
		if !said.At.Before(o.Since) && !overlap {
			if o.Tail == 0 {
				err = out.write(name, said)
			} else {
				last = append(last, func() error { return out.write(name, said) })
				last = last[max(0, len(last)-o.Tail):]
			}
		}
		if next.id == "" {
			ends[name] = said.At
		}
		if err == nil {
			err = next.advance()
		}
		if err != nil {
			return nil, err
		}
	}
	for _, write := range last {
		if err := write(); err != nil {
			return nil, err
		}
	}
	for _, s := range sources {
		if s.head.At.After(ends[s.name]) {
			ends[s.name] = s.head.At
		}
	}
	return ends, nil
}

// keptEnds tells whether a name has kept lines.
func keptEnds(sources []*logSource, name string) bool {
	return slices.ContainsFunc(sources, func(s *logSource) bool { return s.id == "" && s.name == name })
}

func earliest(sources []*logSource) *logSource {
	var first *logSource
	for _, s := range sources {
		if !s.ended && (first == nil || s.head.At.Before(first.head.At)) {
			first = s
		}
	}
	return first
}

// advance reads the next line; at the end the head stays as it was.
func (s *logSource) advance() error {
	next, err := s.lines.next()
	if err == io.EOF {
		s.ended = true
		return nil
	}
	if err == nil {
		s.head = next
	}
	return err
}

// follow writes what the deployment's containers say from now on, those begun later included.
func (e *Engine) follow(ctx context.Context, d delivery.DeploymentID, o LogOptions, sources []*logSource, ends map[string]time.Time, begun client.EventsResult, out *logWriter) error {
	var all sync.WaitGroup
	defer all.Wait()
	tail := func(id, name string, since time.Time) {
		all.Go(func() {
			if err := e.followOne(ctx, id, name, since, out); err != nil && ctx.Err() == nil {
				e.log.Warn("following a log", "container", name, "error", err)
			}
		})
	}
	followed := map[string]bool{}
	for _, s := range sources {
		if s.id != "" && s.runs {
			followed[s.id] = true
			since := o.Since
			if end := ends[s.name]; !end.IsZero() {
				since = end.Add(1)
			}
			tail(s.id, s.name, since)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-begun.Err:
			return answered("following the logs of "+d.String(), err)
		case m := <-begun.Messages:
			labels := m.Actor.Attributes
			name, ok := logName(d, labels)
			if !ok || followed[m.Actor.ID] || labels[labelPart] == string(pausePart) || labels[labelPart] == string(capturePart) {
				continue
			}
			followed[m.Actor.ID] = true
			tail(m.Actor.ID, name, time.Time{})
		}
	}
}

func (e *Engine) followOne(ctx context.Context, id, name string, since time.Time, out *logWriter) error {
	reader, err := e.openLog(ctx, id, since, true)
	if err != nil {
		return gone(err)
	}
	defer reader.Close()
	for said := newLines(reader); ; {
		next, err := said.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = out.write(name, next)
		}
		if err != nil {
			return err
		}
	}
}

// logWriter writes whole lines, from any goroutine.
type logWriter struct {
	mu    sync.Mutex
	w     io.Writer
	times bool
}

func (l *logWriter) write(name string, said line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	stamp := ""
	if l.times {
		stamp = said.At.UTC().Format("2006-01-02T15:04:05.000Z") + " "
	}
	_, err := fmt.Fprintf(l.w, "%s%s | %s\n", stamp, name, said.Text)
	return err
}
