package docker

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// sight is what stands of one task. The parts are nil when they do not exist.
type sight struct {
	Pause, Capture, Proxy *box
	Apps                  map[string]*box // by the container's name
	Strays                []*box          // second containers of a part, or of no part we know
}

// box is one container as Docker tells it.
type box struct {
	ID, Name   string
	Part       part
	App        string // an app container's own name
	Spec       string
	Generation delivery.Generation
	Restarts   int
	Running    bool
	Fresh      bool // created and never started
	ExitCode   int
	OOM        bool
	StartedAt  time.Time
	FinishedAt time.Time
	Health     container.HealthStatus // "" when it has no health command
	HealthSaid string                 // the last check's output
	Namespace  string                 // id of the container whose network namespace it is in
	Networks   map[string]netip.Addr  // its own endpoints
	Image      string
	Memory     int64 // limit in bytes, 0: none
}

// empty tells whether nothing is left.
func (s sight) empty() bool { return len(s.all()) == 0 }

// all lists the containers, the app's first, the pause container last.
func (s sight) all() []*box {
	var all []*box
	for _, b := range s.Apps {
		all = append(all, b)
	}
	all = append(all, s.Strays...)
	for _, b := range []*box{s.Proxy, s.Capture, s.Pause} {
		if b != nil {
			all = append(all, b)
		}
	}
	return all
}

// look reads everything that stands of a task.
func (e *Engine) look(ctx context.Context, id delivery.TaskID) (sight, error) {
	s := sight{Apps: map[string]*box{}}
	list, err := e.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.ours(labelTask + "=" + id.String())})
	if err != nil {
		return s, err
	}
	for _, item := range list.Items {
		got, err := e.docker.ContainerInspect(ctx, item.ID, client.ContainerInspectOptions{})
		if errdefs.IsNotFound(err) {
			continue
		}
		if err != nil {
			return s, err
		}
		s.add(boxOf(got.Container))
	}
	return s, nil
}

func (s *sight) add(b *box) {
	place := map[part]**box{pausePart: &s.Pause, capturePart: &s.Capture, proxyPart: &s.Proxy}[b.Part]
	switch {
	case place != nil && *place == nil:
		*place = b
	case b.Part == appPart && s.Apps[b.App] == nil:
		s.Apps[b.App] = b
	default:
		s.Strays = append(s.Strays, b)
	}
}

func boxOf(c container.InspectResponse) *box {
	b := &box{ID: c.ID, Name: strings.TrimPrefix(c.Name, "/"), Networks: map[string]netip.Addr{}}
	if c.Config != nil {
		l := c.Config.Labels
		b.Part, b.App, b.Spec, b.Image = part(l[labelPart]), l[labelContainer], l[labelSpec], c.Config.Image
		b.Restarts, _ = strconv.Atoi(l[labelRestarts]) // ours; an absent one is 0
		generation, _ := strconv.ParseInt(l[labelGeneration], 10, 64)
		b.Generation = delivery.Generation(generation)
	}
	if c.State != nil {
		b.Running = c.State.Running && !c.State.Dead
		b.Fresh = c.State.Status == container.StateCreated
		b.ExitCode, b.OOM = c.State.ExitCode, c.State.OOMKilled
		b.StartedAt, b.FinishedAt = moment(c.State.StartedAt), moment(c.State.FinishedAt)
		if h := c.State.Health; h != nil && h.Status != container.NoHealthcheck {
			b.Health = h.Status
			if n := len(h.Log); n > 0 {
				b.HealthSaid = strings.TrimSpace(h.Log[n-1].Output)
			}
		}
	}
	if c.HostConfig != nil {
		b.Memory = c.HostConfig.Memory
		if of, ok := strings.CutPrefix(string(c.HostConfig.NetworkMode), "container:"); ok {
			b.Namespace = of
		}
	}
	if c.NetworkSettings != nil {
		for name, endpoint := range c.NetworkSettings.Networks {
			if endpoint != nil {
				b.Networks[name] = endpoint.IPAddress
			}
		}
	}
	return b
}

// moment reads Docker's time; one that is not there is zero.
func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 2000 {
		return time.Time{}
	}
	return t
}
