package docker_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/docker"
	"serin.dev/serin/internal/engine/enginetest"
	"serin.dev/serin/internal/workload"
)

// TestTasks are stories about one Docker host that the suite for all engines cannot tell.
func TestTasks(t *testing.T) {
	image := standinImage(t)
	for _, test := range []struct {
		name string
		run  func(h *host)
	}{
		{"containers may do little and are limited", containersAreClosed},
		{"secrets reach the container or are told to be missing", secrets},
		{"a taken port is told, and the gateway runs when it is free", portTaken},
		{"a command that is not in the image is told", missingCommand},
		{"a namespace that was restarted is made anew", restartedNamespace},
		{"a task taken off its network is made anew", offTheNetwork},
		{"everything comes back after Docker was stopped", dockerRestart},
		{"a task being removed keeps its proxy until the app has ended", slowRemoval},
		{"unknown environments are removed once the known ones are told", unknownEnvironments},
		{"another control plane's newer task is left alone", newerControlPlane},
		{"logs are followed across restarts", followLogs},
		{"purging removes images by prefix", purgeImages},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(newHost(t, image))
		})
	}
}

const env = "tasks"

var (
	first  = delivery.DeploymentID{Service: delivery.ServiceID{Environment: env, Name: "shop"}, Number: 7}
	task   = delivery.TaskID{Deployment: first}
	door   = delivery.GatewayTask(env)
	inside = "deployment 7"
)

func (h *host) declare(g delivery.Generation, containers ...workload.Container) {
	h.t.Helper()
	e := workload.Environment{Name: env, Generation: g}
	if len(containers) > 0 {
		containers[0].Essential = true
		e.Deployments = []workload.Deployment{{ID: first, Workload: workload.Workload{Containers: containers, App: containers[0].Name, Replicas: 1, CPU: 512, Memory: 128 << 20}}}
	}
	h.declareAll(e)
}

func (h *host) declareAll(e workload.Environment) {
	h.t.Helper()
	if err := h.engine.Declare(h.t.Context(), e); err != nil {
		h.t.Fatal(err)
	}
}

// until waits for a condition of one task, looking whenever the engine calls back.
func (h *host) until(id delivery.TaskID, what string, holds func(workload.Task) bool) workload.Task {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	for {
		seen, err := h.engine.Observe(ctx, id.Deployment.Service.Environment)
		var found workload.Task
		for _, task := range seen.Tasks {
			if task.ID == id {
				found = task
			}
		}
		if err == nil && holds(found) {
			return found
		}
		select {
		case <-h.changed:
		case <-ctx.Done():
			h.t.Fatalf("within a minute %s is not so: %s; it is %+v (error %v)", id, what, found, err)
		}
	}
}

func running(t workload.Task) bool { return t.State == workload.Running }
func gone(t workload.Task) bool    { return t.State == "" }

func containersAreClosed(h *host) {
	c := behaving("app", enginetest.Behaviour{Says: []string{"$(getent hosts standin) $(hostname) $(id -u) $(pwd) $(ulimit -n)"}})
	c.User, c.WorkingDir, c.Ulimits, c.CPU, c.Memory = "1000", "/usr", []workload.Ulimit{{Name: "nofile", Soft: 321, Hard: 400}}, 256, 64<<20
	h.declare(5, c)
	h.until(task, "it runs", running)
	found := h.find(h.t, task)
	for name, want := range map[string]struct {
		drop, add []string
		readOnly  bool
	}{
		"pause":   {drop: []string{"ALL"}, readOnly: true},
		"capture": {drop: []string{"ALL"}, add: []string{"CAP_NET_ADMIN"}, readOnly: true},
		"proxy":   {drop: []string{"ALL"}},
		"app":     {drop: []string{"CAP_NET_ADMIN", "CAP_NET_RAW"}},
	} {
		got := found[name]
		if got.HostConfig == nil {
			h.t.Errorf("%s does not stand", name)
			continue
		}
		slices.Sort(got.HostConfig.CapDrop)
		if !slices.Equal(got.HostConfig.CapDrop, want.drop) || !slices.Equal(got.HostConfig.CapAdd, want.add) || got.HostConfig.ReadonlyRootfs != want.readOnly {
			h.t.Errorf("%s drops %v, adds %v, read-only %t; want %+v", name, got.HostConfig.CapDrop, got.HostConfig.CapAdd, got.HostConfig.ReadonlyRootfs, want)
		}
		if !slices.Contains(got.HostConfig.SecurityOpt, "no-new-privileges") || got.HostConfig.Privileged || len(got.HostConfig.Binds) > 0 ||
			got.HostConfig.LogConfig.Config["max-size"] != "10m" || got.HostConfig.RestartPolicy.Name != "no" {
			h.t.Errorf("%s is made with %+v", name, got.HostConfig)
		}
		if l := got.Config.Labels; l["serin.instance"] != h.opts.Instance || l["serin.environment"] != env || l["serin.task"] != task.String() || l["serin.generation"] != "5" || l["serin.spec"] == "" {
			h.t.Errorf("%s has the labels %v", name, l)
		}
	}
	if name, want := found["pause"].Name, "/serin-"+h.opts.Instance+"-tasks-shop-7-0-pause"; name != want {
		h.t.Errorf("the pause container is called %s, not %s", name, want)
	}
	if r := found["app"].HostConfig.Resources; r.Memory != 64<<20 || r.NanoCPUs != 5e8 || r.CPUShares != 256 {
		h.t.Errorf("the app's limits are %+v", r)
	}
	if mounts := found["proxy"].Mounts; len(mounts) != 1 || mounts[0].RW || mounts[0].Destination != "/run/serin" {
		h.t.Errorf("the proxy's mounts are %+v", mounts)
	}
	h.logged("240.240.0.9     standin shop-7-0 1000 /usr 321")
}

// logged waits until a line is in the deployment's logs.
func (h *host) logged(want string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	seen := &awaited{want: want, found: cancel}
	if err := h.engine.Logs(ctx, first, docker.LogOptions{Follow: true}, seen); !strings.Contains(seen.said.String(), want) {
		h.t.Errorf("the logs (%v) lack %q:\n%s", err, want, seen.said.String())
	}
}

// awaited calls found once what was written to it holds want.
type awaited struct {
	want  string
	found func()
	said  strings.Builder
}

func (a *awaited) Write(p []byte) (int, error) {
	a.said.Write(p)
	if strings.Contains(a.said.String(), a.want) {
		a.found()
	}
	return len(p), nil
}

func secrets(h *host) {
	c := behaving("app", enginetest.Behaviour{Says: []string{"the password is $PASSWORD"}})
	c.Secrets = map[string]string{"PASSWORD": "/shop/password"}
	h.declare(1, c)
	h.until(task, "the missing secret is told", func(t workload.Task) bool {
		return t.State == workload.Failed && strings.Contains(t.Reason, `"/shop/password"`) && strings.Contains(t.Reason, "PASSWORD")
	})
	h.stop()
	h.opts.Secret = func(_ context.Context, environment, reference string) (string, error) {
		return environment + reference, nil
	}
	h.start()
	h.declare(2, c)
	h.until(task, "it runs", running)
	h.logged("the password is tasks/shop/password")
}

func portTaken(h *host) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	h.declareAll(workload.Environment{Name: env, Generation: 1, Gateway: &workload.Gateway{Bind: "127.0.0.1", Port: port}})
	failed := h.until(door, "the taken port is told", func(t workload.Task) bool {
		return t.State == workload.Failed && strings.Contains(t.Reason, fmt.Sprintf("port %d of 127.0.0.1 is taken", port)) && strings.Contains(t.Reason, "another port")
	})
	if failed.ProxyAlive {
		h.t.Error("a gateway that cannot start has no proxy")
	}
	taken.Close()
	h.until(door, "it runs", running)
	captured := h.find(h.t, door)["capture"]
	if !slices.Contains(captured.Args, "--gateway") {
		h.t.Errorf("a gateway's capture is %v", captured.Args)
	}
	if bindings := fmt.Sprint(h.find(h.t, door)["pause"].HostConfig.PortBindings); !strings.Contains(bindings, fmt.Sprint(port)) || !strings.Contains(bindings, "15080/tcp") {
		h.t.Errorf("the gateway publishes %s", bindings)
	}
	h.declareAll(workload.Environment{Name: env, Generation: 2, Gateway: &workload.Gateway{Bind: "0.0.0.0", Port: port}})
	h.until(door, "it runs on all addresses", func(t workload.Task) bool {
		pause := h.find(h.t, door)["pause"]
		return running(t) && pause.HostConfig != nil && strings.Contains(fmt.Sprint(pause.HostConfig.PortBindings), "0.0.0.0")
	})
}

func missingCommand(h *host) {
	c := behaving("app", enginetest.Behaviour{})
	c.Command = []string{"no-such-program"}
	h.declare(1, c)
	h.until(task, "the missing command is told", func(t workload.Task) bool {
		return t.State == workload.Failed && strings.Contains(t.Reason, "its command is not in the image")
	})
}

func restartedNamespace(h *host) {
	h.wholeAgainAfter(func(pause string) error {
		_, err := h.docker.ContainerRestart(h.t.Context(), pause, client.ContainerRestartOptions{})
		return err
	})
}

func offTheNetwork(h *host) {
	h.wholeAgainAfter(func(pause string) error {
		_, err := h.docker.NetworkDisconnect(h.t.Context(), "serin-"+h.opts.Instance+"-"+env, client.NetworkDisconnectOptions{Container: pause, Force: true})
		return err
	})
}

// dockerRestart is a dockerd that was stopped, seen from the engine: it is away, and back without anything running.
func dockerRestart(h *host) {
	h.wholeAgainAfter(func(string) error {
		h.relay.cut(true)
		defer h.relay.cut(false)
		for _, c := range h.find(h.t, task) {
			if c.State.Running {
				if _, err := h.docker.ContainerKill(h.t.Context(), c.ID, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// wholeAgainAfter breaks a running task and waits until all of it is made anew.
func (h *host) wholeAgainAfter(breaks func(pause string) error) {
	h.declare(1, behaving("app", enginetest.Behaviour{}))
	h.until(task, "it runs", running)
	before := h.runs(h.t, task)
	if err := breaks(before["pause"].ID); err != nil {
		h.t.Fatal(err)
	}
	h.until(task, "it is whole again", func(t workload.Task) bool {
		after := h.runs(h.t, task)
		for _, name := range []string{"pause", "capture", "proxy", "app"} {
			if after[name].ID == "" || after[name].ID == before[name].ID {
				return false
			}
		}
		return running(t) && t.Address != "" && t.ProxyAlive
	})
}

func slowRemoval(h *host) {
	c := behaving("app", enginetest.Behaviour{})
	c.Command = []string{"sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"}
	c.StopTimeout = 3 * time.Second
	h.declare(1, c)
	h.until(task, "it runs", running)
	h.declare(2)
	h.until(task, "it is being removed, its proxy alive", func(t workload.Task) bool { return t.State == workload.Removing && t.ProxyAlive })
	if runs := h.runs(h.t, task); runs["proxy"].ID == "" || !runs["proxy"].Ended.IsZero() {
		h.t.Errorf("the proxy ended before the app: %+v", runs)
	}
	h.until(task, "it is gone", gone)
	if _, err := h.docker.NetworkInspect(h.t.Context(), "serin-"+h.opts.Instance+"-"+env, client.NetworkInspectOptions{}); err == nil {
		h.untilNoNetwork()
	}
}

// untilNoNetwork waits for the network's end, which comes after the last task's.
func (h *host) untilNoNetwork() {
	name := "serin-" + h.opts.Instance + "-" + env
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	events := h.docker.Events(ctx, client.EventsListOptions{Filters: client.Filters{}.Add("type", "network").Add("event", "destroy")})
	for {
		if _, err := h.docker.NetworkInspect(ctx, name, client.NetworkInspectOptions{}); err != nil && ctx.Err() == nil {
			return
		}
		select {
		case <-events.Messages:
		case err := <-events.Err:
			h.t.Fatalf("network %s is left (%v)", name, err)
		}
	}
}

func unknownEnvironments(h *host) {
	h.declare(1, behaving("app", enginetest.Behaviour{}))
	h.until(task, "it runs", running)
	h.stop()
	h.start()
	h.declareAll(workload.Environment{Name: "other", Generation: 1})
	before := h.until(task, "it is seen although nobody declared it", func(t workload.Task) bool { return t.ProxyAlive })
	if before.State != workload.Starting {
		h.t.Errorf("a task of an environment that is not declared is %s", before.State)
	}
	h.engine.Known([]string{"other", env})
	h.engine.Known([]string{"other"})
	h.until(task, "it is gone", gone)
	h.untilNoNetwork()
}

func newerControlPlane(h *host) {
	h.declare(9, behaving("app", enginetest.Behaviour{}))
	h.until(task, "it runs", running)
	before := h.runs(h.t, task)
	h.stop()
	h.start() // knows no generation, like a process that was frozen
	h.declare(4, behaving("app", enginetest.Behaviour{Says: []string{"old"}}))
	h.until(task, "it is told", func(t workload.Task) bool { return strings.Contains(t.Reason, "newer control plane") })
	if after := h.runs(h.t, task); after["app"] != before["app"] || after["pause"] != before["pause"] {
		h.t.Errorf("a newer control plane's task was disturbed: %+v, before %+v", after, before)
	}
}

func followLogs(h *host) {
	h.declare(1, behaving("app", enginetest.Behaviour{Says: []string{inside}}))
	h.until(task, "it runs", running)
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	follower := &awaited{want: "0/app | " + inside + "\n", found: func() {}}
	twice := &counted{awaited: follower, want: 2, found: cancel, once: func() { h.kill(h.t, task, enginetest.App, "app") }}
	_ = h.engine.Logs(ctx, first, docker.LogOptions{Follow: true}, twice)
	if n := strings.Count(follower.said.String(), follower.want); n != 2 {
		h.t.Errorf("the line was followed %d times, not once for each start:\n%s", n, follower.said.String())
	}
	h.declare(2)
	h.until(task, "it is gone", gone)
	for _, c := range []struct {
		o    docker.LogOptions
		want int
	}{{docker.LogOptions{}, 2}, {docker.LogOptions{Since: time.Now()}, 0}, {docker.LogOptions{Tail: 1}, 0}, {docker.LogOptions{Times: true}, 2}} {
		var all strings.Builder
		if err := h.engine.Logs(h.t.Context(), first, c.o, &all); err != nil {
			h.t.Fatal(err)
		}
		if n := strings.Count(all.String(), inside); n != c.want && c.o.Tail == 0 {
			h.t.Errorf("%+v gives the line %d times, not %d:\n%s", c.o, n, c.want, all.String())
		}
		if lines := strings.Count(all.String(), "\n"); c.o.Tail > 0 && lines != c.o.Tail {
			h.t.Errorf("%+v gives %d lines", c.o, lines)
		}
		if c.o.Times && !strings.HasPrefix(all.String(), "20") {
			h.t.Errorf("%+v gives no times:\n%s", c.o, all.String())
		}
	}
	unknown := first
	unknown.Number = 99
	if err := h.engine.Logs(h.t.Context(), unknown, docker.LogOptions{}, &strings.Builder{}); delivery.CodeOf(err) != delivery.NotFound {
		h.t.Errorf("logs of a deployment that never was: %v", err)
	}
}

// counted calls once after the first time and found after the last.
type counted struct {
	*awaited
	want  int
	found func()
	once  func()
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.awaited.Write(p)
	switch seen := strings.Count(c.said.String(), c.awaited.want); {
	case seen >= c.want:
		c.found()
	case seen == 1 && c.once != nil:
		c.once()
		c.once = nil
	}
	return n, err
}

func purgeImages(h *host) {
	prefix := "serin-test-purge-" + h.opts.Instance + "/"
	if _, err := h.docker.ImageTag(h.t.Context(), client.ImageTagOptions{Source: h.opts.ProxyImage, Target: prefix + "app:1"}); err != nil {
		h.t.Fatal(err)
	}
	h.declare(1, behaving("app", enginetest.Behaviour{}))
	h.until(task, "it runs", running)
	h.stop()
	if err := h.engine.Purge(h.t.Context(), prefix); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.docker.ImageInspect(h.t.Context(), prefix+"app:1"); err == nil {
		h.t.Error("the image is left")
	}
	if _, err := h.docker.ImageInspect(h.t.Context(), h.opts.ProxyImage); err != nil {
		h.t.Errorf("another name of the image went with it: %v", err)
	}
	h.start()
}
