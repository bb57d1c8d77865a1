package docker

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// startApp makes one of the app's containers and starts it.
func (e *Engine) startApp(ctx context.Context, w wanted, c workload.Container, s sight, m memory) error {
	if b := s.Apps[c.Name]; b != nil {
		if err := e.drop(ctx, b); err != nil {
			return err
		}
	}
	if err := e.ensureImage(ctx, c.Image); err != nil {
		return err
	}
	env, err := e.environment(ctx, w.ID.Deployment.Service.Environment, c)
	if err != nil {
		return err
	}
	cpus, err := e.hostCPUs(ctx)
	if err != nil {
		return err
	}
	config := &container.Config{
		Image: c.Image, Entrypoint: c.Entrypoint, Cmd: c.Command, Env: env,
		WorkingDir: c.WorkingDir, User: c.User,
		Labels:      e.labels(w, appPart, c.Name, m.Generation, m.Restarts),
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}}, // the image's own does not count
	}
	if c.StopTimeout > 0 {
		seconds := int(math.Ceil(c.StopTimeout.Seconds()))
		config.StopTimeout = &seconds
	}
	if h := c.Health; h != nil {
		config.Healthcheck = &container.HealthConfig{
			Test: h.Command, Interval: h.Interval, Timeout: h.Timeout, Retries: h.Retries, StartPeriod: h.StartPeriod,
		}
	}
	host := e.inside(s.Pause)
	host.CapDrop = []string{"NET_RAW", "NET_ADMIN"} // of Docker's default set: nobody forges packets inside a task
	host.Resources = resources(w.Workload, c, cpus)
	_, err = e.create(ctx, e.containerName(w.ID, appPart, c.Name), config, host, true)
	return startSentence(c, err)
}

// resources bounds a container by its own limits and by its task's, whichever is lower.
func resources(w workload.Workload, c workload.Container, cpus int) container.Resources {
	r := container.Resources{CPUShares: int64(c.CPU), Memory: lower(c.Memory, w.Memory)}
	r.MemorySwap = r.Memory // no swap beyond it
	if w.CPU > 0 {
		r.NanoCPUs = min(int64(w.CPU)*int64(time.Second)/1024, int64(cpus)*int64(time.Second))
		r.NanoCPUs = max(r.NanoCPUs, int64(time.Second)/100) // Docker's least
	}
	for _, u := range c.Ulimits {
		r.Ulimits = append(r.Ulimits, &container.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	return r
}

// lower gives the lower of two limits, of which 0 is none.
func lower(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// environment lists a container's variables, with its secrets resolved.
func (e *Engine) environment(ctx context.Context, environment string, c workload.Container) ([]string, error) {
	var env []string
	for name, value := range c.Environment {
		env = append(env, name+"="+value)
	}
	for name, reference := range c.Secrets {
		if e.opts.Secret == nil {
			return nil, delivery.Errorf(delivery.NotFound, "container %s: the secret %q for %s cannot be had: this Serin holds no secrets", c.Name, reference, name)
		}
		value, err := e.opts.Secret(ctx, environment, reference)
		if err != nil {
			return nil, delivery.Errorf(delivery.NotFound, "container %s: the secret %q for %s cannot be had: %w", c.Name, reference, name, err)
		}
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env, nil
}

// hostCPUs is how many processors Docker's host has: it refuses containers that may use more.
func (e *Engine) hostCPUs(ctx context.Context) (int, error) {
	e.mu.Lock()
	cpus := e.cpus
	e.mu.Unlock()
	if cpus > 0 {
		return cpus, nil
	}
	info, err := e.docker.Info(ctx, client.InfoOptions{})
	if err != nil {
		return 0, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cpus = info.Info.NCPU
	return e.cpus, nil
}

// images lists the images of a workload, each once.
func images(w workload.Workload) []string {
	var images []string
	for _, c := range w.Containers {
		if !slices.Contains(images, c.Image) {
			images = append(images, c.Image)
		}
	}
	return images
}
