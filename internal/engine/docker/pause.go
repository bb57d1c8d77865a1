package docker

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

const proxyBinary = "/serin-proxy"

// makePause pulls what the task needs and makes its network namespace.
func (e *Engine) makePause(ctx context.Context, w wanted, g delivery.Generation) error {
	for _, image := range append([]string{e.opts.ProxyImage}, images(w.Workload)...) {
		if err := e.ensureImage(ctx, image); err != nil {
			return err
		}
	}
	env := w.ID.Deployment.Service.Environment
	if err := e.ensureNetwork(ctx, env); err != nil {
		return err
	}
	config := &container.Config{
		Image: e.opts.ProxyImage, Entrypoint: []string{proxyBinary, "pause"}, Cmd: []string{},
		Hostname: hostname(w.ID), User: "65534:65534",
		Labels: e.labels(w, pausePart, "", g, 0),
	}
	host := e.closed()
	host.ReadonlyRootfs = true
	host.NetworkMode = container.NetworkMode(e.networkName(env))
	if w.Gateway != nil {
		if err := publish(config, host, *w.Gateway); err != nil {
			return err
		}
	}
	_, err := e.create(ctx, e.containerName(w.ID, pausePart, ""), config, host, true)
	if err != nil && w.Gateway != nil {
		return portSentence(*w.Gateway, err)
	}
	return err
}

// publish opens the gateway's port on the host.
func publish(config *container.Config, host *container.HostConfig, g workload.Gateway) error {
	bind, err := netip.ParseAddr(g.Bind)
	if err != nil {
		return delivery.Errorf(delivery.Invalid, "the gateway's bind address is %q: write an IP address of this host, such as 127.0.0.1", g.Bind)
	}
	port, _ := network.PortFrom(topology.GatewayPort, network.TCP)
	config.ExposedPorts = network.PortSet{port: {}}
	host.PortBindings = network.PortMap{port: {{HostIP: bind, HostPort: fmt.Sprint(g.Port)}}}
	return nil
}

// runCapture programs the namespace's packet filter by a container that may do nothing else, and waits for its end.
// The ended container stays, as the mark that it was done.
func (e *Engine) runCapture(ctx context.Context, w wanted, s sight, g delivery.Generation) error {
	if s.Capture != nil {
		if err := e.drop(ctx, s.Capture); err != nil {
			return err
		}
	}
	config := &container.Config{
		Image: e.opts.ProxyImage, Entrypoint: []string{proxyBinary, "capture"}, Cmd: []string{}, User: "0:0",
		Labels: e.labels(w, capturePart, "", g, 0),
	}
	if w.Gateway != nil {
		config.Entrypoint = append(config.Entrypoint, "--gateway")
	}
	host := e.inside(s.Pause)
	host.ReadonlyRootfs = true
	host.CapAdd = []string{"NET_ADMIN"}
	id, err := e.create(ctx, e.containerName(w.ID, capturePart, ""), config, host, false)
	if err != nil {
		return err
	}
	wait := e.docker.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNextExit})
	if err := e.start(ctx, id); err != nil {
		return err
	}
	select {
	case err := <-wait.Error:
		return err
	case end := <-wait.Result:
		if end.StatusCode != 0 {
			return delivery.Errorf(delivery.Internal, "the task's calls cannot be captured: serin-proxy capture ended with status %d%s", end.StatusCode, e.lastWords(ctx, &box{ID: id}))
		}
		return nil
	}
}

// makeProxy starts serin-proxy in the task's namespace. It writes the hosts file that the task's containers share, so
// its file system is not read-only and it is root, without any capability.
func (e *Engine) makeProxy(ctx context.Context, w wanted, s sight, g delivery.Generation) error {
	if s.Proxy != nil {
		if err := e.drop(ctx, s.Proxy); err != nil {
			return err
		}
	}
	config := &container.Config{
		Image: e.opts.ProxyImage, Entrypoint: []string{proxyBinary, "run"}, Cmd: []string{}, User: "0:0",
		Env: []string{
			"SERIN_TASK=" + w.ID.String(),
			"SERIN_TOKEN=" + e.opts.Token(w.ID),
			"SERIN_CONTROL=unix:///run/serin/mesh.sock",
		},
		Labels: e.labels(w, proxyPart, "", g, 0),
	}
	host := e.inside(s.Pause)
	host.Tmpfs = map[string]string{"/run": "", "/tmp": ""}
	host.Mounts = []mount.Mount{{Type: mount.TypeBind, Source: e.opts.ControlDir, Target: "/run/serin", ReadOnly: true}}
	_, err := e.create(ctx, e.containerName(w.ID, proxyPart, ""), config, host, true)
	return err
}

// awaitProxy blocks until the task's proxy has its names and Envoy its listeners.
func (e *Engine) awaitProxy(ctx context.Context, proxy *box) error {
	status, said, err := e.exec(ctx, proxy, proxyBinary, "ready", "--timeout", "30s")
	if err != nil || status == 0 {
		return err
	}
	if said = strings.TrimSpace(said); said == "" {
		said = "serin-proxy ready said nothing"
	}
	return delivery.Errorf(delivery.Unavailable, "the task's proxy was not configured within 30 s: %s", said)
}

// closed is what every container of ours has in common: no capability, no new privileges, bounded logs, and
// restarts by nobody but the engine.
func (e *Engine) closed() *container.HostConfig {
	return &container.HostConfig{
		CapDrop:       []string{"ALL"},
		SecurityOpt:   []string{"no-new-privileges"},
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		LogConfig:     container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m"}},
	}
}

// inside is closed, within a task's namespace.
func (e *Engine) inside(pause *box) *container.HostConfig {
	host := e.closed()
	host.NetworkMode = container.NetworkMode("container:" + pause.ID)
	return host
}

// create makes a container, and starts it if asked. One that cannot be started is removed again.
func (e *Engine) create(ctx context.Context, name string, config *container.Config, host *container.HostConfig, start bool) (string, error) {
	select {
	case e.gate <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	making, cancel := unhurried(ctx)
	made, err := e.docker.ContainerCreate(making, client.ContainerCreateOptions{Name: name, Config: config, HostConfig: host})
	cancel()
	<-e.gate
	if err != nil || !start {
		return made.ID, err
	}
	return made.ID, e.start(ctx, made.ID)
}

// unhurried gives what Docker is asked to make the time to be made after ctx has ended, some seconds: Docker goes on with
// it anyway, and whoever removes everything right after would not see it yet.
func unhurried(ctx context.Context) (context.Context, context.CancelFunc) {
	making, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(finishing, cancel) })
	return making, func() { stop(); cancel() }
}

// finishing is how long that is at most.
const finishing = 10 * time.Second

func (e *Engine) start(ctx context.Context, id string) error {
	select {
	case e.gate <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.gate }()
	_, err := e.docker.ContainerStart(ctx, id, client.ContainerStartOptions{})
	if err != nil && ctx.Err() == nil && !away(err) {
		_ = e.drop(ctx, &box{ID: id}) // the failure to start is what is told
	}
	return err
}
