package docker

import (
	"context"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// lockNetwork keeps making and removing an environment's network apart. It gives the unlock.
func (e *Engine) lockNetwork(environment string) func() {
	e.mu.Lock()
	lock := e.networkLocks[environment]
	if lock == nil {
		lock = &sync.Mutex{}
		e.networkLocks[environment] = lock
	}
	e.mu.Unlock()
	lock.Lock()
	return lock.Unlock
}

// ensureNetwork makes the environment's bridge network unless it is there.
func (e *Engine) ensureNetwork(ctx context.Context, environment string) error {
	defer e.lockNetwork(environment)()
	name := e.networkName(environment)
	_, err := e.docker.NetworkInspect(ctx, name, client.NetworkInspectOptions{})
	if !errdefs.IsNotFound(err) {
		return err
	}
	making, cancel := unhurried(ctx)
	defer cancel()
	_, err = e.docker.NetworkCreate(making, name, client.NetworkCreateOptions{
		Driver: "bridge",
		Labels: map[string]string{labelInstance: e.opts.Instance, labelEnvironment: environment},
	})
	switch {
	case err == nil || errdefs.IsConflict(err): // another made it just now
		return nil
	case strings.Contains(err.Error(), "address pool"):
		return delivery.Errorf(delivery.Conflict, "Docker has no addresses left for the network of environment %s: remove networks nobody uses (docker network prune), or give dockerd more default-address-pools: %w", environment, err)
	}
	return err
}

// removeNetwork removes an environment's network if none of its tasks is wanted or stands.
func (e *Engine) removeNetwork(ctx context.Context, environment string) error {
	defer e.lockNetwork(environment)()
	if e.needsNetwork(environment) {
		return nil
	}
	_, err := e.docker.NetworkRemove(ctx, e.networkName(environment), client.NetworkRemoveOptions{})
	return gone(err)
}

func (e *Engine) needsNetwork(environment string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.workers {
		if w.id.Deployment.Service.Environment == environment {
			return true
		}
	}
	env := e.declared[environment]
	return len(env.Deployments) > 0 || env.Gateway != nil
}
