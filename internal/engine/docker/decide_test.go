package docker

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

const testNetwork = "serin-x-production"

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// whole is a task of two containers, of which "app" is essential and "init" has ended, as it stands when all is well.
func whole() (*wanted, sight, memory) {
	w := &wanted{ID: delivery.TaskID{}, Spec: "s1", Workload: workload.Workload{App: "app", Containers: []workload.Container{
		{Name: "app", Essential: true, DependsOn: []workload.Dependency{{Container: "init", Condition: workload.Success}}},
		{Name: "init"},
	}}}
	at := func(p part, app string, second int) *box {
		return &box{ID: string(p) + app, Part: p, App: app, Spec: "s1", Generation: 3, Running: true, Namespace: "pause", StartedAt: noon.Add(time.Duration(second) * time.Second)}
	}
	s := sight{Pause: at(pausePart, "", 0), Capture: at(capturePart, "", 1), Proxy: at(proxyPart, "", 2), Apps: map[string]*box{
		"app": at(appPart, "app", 4), "init": at(appPart, "init", 3),
	}}
	s.Pause.Namespace = ""
	s.Pause.Networks = map[string]netip.Addr{testNetwork: netip.MustParseAddr("172.18.0.2")}
	s.Capture.Running = false
	s.Apps["init"].Running = false
	return w, s, memory{Generation: 3, Ready: s.Proxy.run()}
}

func TestDecide(t *testing.T) {
	now := noon.Add(10 * time.Second)
	for _, c := range []struct {
		name   string
		change func(w *wanted, s *sight, m *memory) *wanted
		do     action
		state  workload.State
		reason string // part of it
	}{
		{"all is well", nil, rest, workload.Running, ""},
		{"nothing stands", func(w *wanted, s *sight, m *memory) *wanted { *s = sight{}; return w }, makePause, workload.Pending, ""},
		{"nothing stands and a step just failed", func(w *wanted, s *sight, m *memory) *wanted {
			*s, m.Base = sight{}, pacer{1, now.Add(time.Second), "no"}
			return w
		}, rest, workload.Failed, "no"},
		{"not wanted", func(w *wanted, s *sight, m *memory) *wanted { return nil }, clearAll, workload.Removing, ""},
		{"not wanted and gone", func(w *wanted, s *sight, m *memory) *wanted { *s = sight{}; return nil }, finish, "", ""},
		{"another spec", func(w *wanted, s *sight, m *memory) *wanted { w.Spec = "s2"; return w }, clearAll, workload.Pending, ""},
		{"another control plane's", func(w *wanted, s *sight, m *memory) *wanted { m.Generation = 2; return nil }, rest, workload.Failed, "newer control plane"},
		{"of an environment nobody knows", func(w *wanted, s *sight, m *memory) *wanted { m.Generation = 0; return nil }, clearAll, workload.Removing, ""},
		{"the namespace ended", func(w *wanted, s *sight, m *memory) *wanted { s.Pause.Running = false; return w }, clearAll, workload.Pending, "namespace ended"},
		{"the namespace is gone", func(w *wanted, s *sight, m *memory) *wanted { s.Pause = nil; return w }, clearAll, workload.Pending, "namespace was removed"},
		{"the namespace was restarted", func(w *wanted, s *sight, m *memory) *wanted {
			s.Pause.StartedAt = noon.Add(5 * time.Second)
			return w
		}, clearAll, workload.Pending, "restarted"},
		{"the app stands in another namespace", func(w *wanted, s *sight, m *memory) *wanted {
			s.Apps["app"].Namespace = "old"
			return w
		}, clearAll, workload.Pending, "restarted"},
		{"off the network", func(w *wanted, s *sight, m *memory) *wanted { s.Pause.Networks = nil; return w }, clearAll, workload.Pending, "network"},
		{"a second proxy", func(w *wanted, s *sight, m *memory) *wanted { s.add(&box{Part: proxyPart, Spec: "s1"}); return w }, clearAll, workload.Pending, ""},
		{"capture was cut off", func(w *wanted, s *sight, m *memory) *wanted { s.Capture.ExitCode = 1; return w }, capture, workload.Pending, ""},
		{"the proxy ended", func(w *wanted, s *sight, m *memory) *wanted { s.Proxy.Running = false; return w }, buryProxy, workload.Starting, "proxy ended"},
		{"the proxy is gone", func(w *wanted, s *sight, m *memory) *wanted { s.Proxy = nil; return w }, makeProxy, workload.Starting, ""},
		{"the proxy is not known to be ready", func(w *wanted, s *sight, m *memory) *wanted { m.Ready = ""; return w }, awaitProxy, workload.Starting, ""},
		{"the app ended", func(w *wanted, s *sight, m *memory) *wanted {
			s.Apps["app"].Running, s.Apps["app"].ExitCode = false, 7
			return w
		}, buryApps, workload.Failed, "container app ended with status 7"},
		{"the app starved", func(w *wanted, s *sight, m *memory) *wanted {
			b := s.Apps["app"]
			b.Running, b.ExitCode, b.OOM, b.Memory = false, 137, true, 64<<20
			return w
		}, buryApps, workload.Failed, "limit of 64 MiB"},
		{"the app is unhealthy", func(w *wanted, s *sight, m *memory) *wanted {
			s.Apps["app"].Health, s.Apps["app"].HealthSaid = container.Unhealthy, "no database"
			return w
		}, buryApps, workload.Failed, "no database"},
		{"the app is not healthy yet", func(w *wanted, s *sight, m *memory) *wanted {
			s.Apps["app"].Health = container.Starting
			return w
		}, rest, workload.Starting, ""},
		{"the first container is due", func(w *wanted, s *sight, m *memory) *wanted { clear(s.Apps); return w }, startApp, workload.Starting, ""},
		{"the app is due", func(w *wanted, s *sight, m *memory) *wanted { delete(s.Apps, "app"); return w }, startApp, workload.Starting, ""},
		{"the app waits", func(w *wanted, s *sight, m *memory) *wanted {
			delete(s.Apps, "app")
			s.Apps["init"].Running = true
			return w
		}, rest, workload.Starting, ""},
		{"what the app waits for failed", func(w *wanted, s *sight, m *memory) *wanted {
			delete(s.Apps, "app")
			s.Apps["init"].ExitCode = 2
			return w
		}, buryApps, workload.Failed, "init, which app waits for, ended with status 2"},
		{"the app just failed", func(w *wanted, s *sight, m *memory) *wanted {
			clear(s.Apps)
			m.Apps = pacer{1, now.Add(time.Second), "it ended"}
			return w
		}, rest, workload.Failed, "it ended"},
		{"none is marked essential, and the app's own ended", func(w *wanted, s *sight, m *memory) *wanted {
			w.Workload.Containers[0].Essential, s.Apps["app"].Running = false, false
			return w
		}, buryApps, workload.Failed, "status 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, s, m := whole()
			if c.change != nil {
				w = c.change(w, &s, &m)
			}
			p := decide(w, s, m, testNetwork, now)
			if p.Do != c.do || p.State != c.state || !strings.Contains(p.Reason, c.reason) || (c.reason == "") != (p.Reason == "") {
				t.Errorf("decided %q, %q, %q; want %q, %q, %q", p.Do, p.State, p.Reason, c.do, c.state, c.reason)
			}
		})
	}
}

func TestPacer(t *testing.T) {
	same := func(d time.Duration) time.Duration { return d }
	var p pacer
	for i, want := range []time.Duration{0, 1, 2, 4, 8, 16, 30, 30} {
		if p = p.failed(noon, 1, "no", same); p.until.Sub(noon) != want*time.Second {
			t.Errorf("failure %d waits %s, want %d s", i+1, p.until.Sub(noon), want)
		}
	}
	for range 100 {
		if d := jitter(10 * time.Second); d < 8*time.Second || d > 10*time.Second {
			t.Fatalf("jitter makes %s of 10 s", d)
		}
	}
}

func TestStopOrder(t *testing.T) {
	w, s, _ := whole()
	groups := stopOrder(s, w)
	if len(groups) != 2 || groups[0][0].App != "app" || groups[1][0].App != "init" {
		t.Errorf("the app depends on init, and they are stopped in the order %v", groups)
	}
	if groups := stopOrder(s, nil); len(groups) != 1 || len(groups[0]) != 2 {
		t.Errorf("nobody knows what depends on what, and they are stopped in the order %v", groups)
	}
}

func TestResources(t *testing.T) {
	r := resources(workload.Workload{CPU: 4096, Memory: 256 << 20}, workload.Container{CPU: 512, Memory: 512 << 20}, 2)
	if r.NanoCPUs != 2e9 || r.CPUShares != 512 || r.Memory != 256<<20 || r.MemorySwap != r.Memory {
		t.Errorf("limits are %+v", r)
	}
	if r := resources(workload.Workload{}, workload.Container{Memory: 5 << 20}, 2); r.NanoCPUs != 0 || r.Memory != 5<<20 {
		t.Errorf("limits are %+v", r)
	}
	if r := resources(workload.Workload{CPU: 256}, workload.Container{}, 2); r.NanoCPUs != 25e7 {
		t.Errorf("limits are %+v", r)
	}
}

func TestSpec(t *testing.T) {
	e := &Engine{opts: Options{ProxyImage: "proxy:1", ControlDir: "/run/x"}}
	base := workload.Workload{Containers: []workload.Container{{Name: "app", Image: "a"}}, Port: 80, Replicas: 1}
	spec := e.specOf(base, nil)
	told := base
	told.Replicas, told.Backends, told.BackendsDeclared, told.Exposed, told.Check.Path = 5, []string{"db"}, true, true, "/health"
	newer := &Engine{opts: Options{ProxyImage: "proxy:2", ControlDir: "/run/x"}}
	if e.specOf(told, nil) != spec || newer.specOf(base, nil) != spec {
		t.Error("what the mesh tells a proxy, and the proxy's image, must not remake a task")
	}
	image := base
	image.Containers = []workload.Container{{Name: "app", Image: "b"}}
	if e.specOf(image, nil) == spec {
		t.Error("another image must remake a task")
	}
	if e.specOf(workload.Workload{}, &workload.Gateway{Port: 1}) == e.specOf(workload.Workload{}, &workload.Gateway{Port: 2}) {
		t.Error("another port must remake a gateway")
	}
}

func TestPullSentence(t *testing.T) {
	for said, want := range map[string]string{
		"manifest for x not found: manifest unknown":         "no such image",
		"Head \"http://h/v2\": no basic auth credentials":    "refused the credentials",
		"write /var/lib/docker/tmp: no space left on device": "disk of Docker's host is full",
		"dial tcp 127.0.0.1:1: connect: connection refused":  "registry can be reached",
		"invalid reference format":                           "not an image's name",
	} {
		err := pullSentence("x:1", delivery.Errorf(delivery.Internal, "%s", said))
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x:1") {
			t.Errorf("%q is told as %q, which lacks %q", said, err, want)
		}
	}
}
