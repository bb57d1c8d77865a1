package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
	own "serin.dev/serin/internal/registry"
	"serin.dev/serin/internal/rollout"
)

func (a *App) openRegistry(context.Context) (err error) {
	a.registry, err = own.New(own.Options{Dir: a.config.path("registry"), Host: a.config.registryHost(), Logger: a.log.With("part", "registry")})
	a.pullCredential = a.access.Grant("engine", access.Scope{Pull: true}, forever)
	return err
}

// forever is longer than any process lives; grants end with the process.
const forever = 100 * 365 * 24 * time.Hour

// pullAuth is the X-Registry-Auth with which Docker pulls from Serin's own registry.
func (a *App) pullAuth(image string) (string, bool) {
	if !strings.HasPrefix(image, a.config.registryHost()+"/") {
		return "", false
	}
	text, err := json.Marshal(registry.AuthConfig{Username: "serin", Password: a.pullCredential, ServerAddress: a.config.registryHost()})
	if err != nil {
		return "", false
	}
	return base64.URLEncoding.EncodeToString(text), true
}

// images are those a deployment may name.
type images struct{ *App }

// Repository implements pipeline.Images.
func (a images) Repository(service delivery.ServiceID) string {
	return a.config.registryHost() + "/" + service.String()
}

// Pin implements pipeline.Images.
func (a images) Pin(ctx context.Context, service delivery.ServiceID, image string) (string, error) {
	return a.registry.Pin(ctx, service, image)
}

// find gives the digest form of any image Docker has or can pull. One that was made on this machine and never
// pushed has no digest in a registry: its own id names it.
func (a images) find(ctx context.Context, image string) (string, error) {
	if host := a.config.registryHost() + "/"; strings.HasPrefix(image, host) {
		service, err := delivery.ParseServiceID(build.RepositoryOf(strings.TrimPrefix(image, host)))
		if err != nil {
			return "", err
		}
		return a.registry.Pin(ctx, service, image)
	}
	found, err := a.docker.ImageInspect(ctx, image)
	if errdefs.IsNotFound(err) {
		if err := a.pull(ctx, image); err != nil {
			return "", err
		}
		found, err = a.docker.ImageInspect(ctx, image)
	}
	if err != nil {
		return "", delivery.Errorf(delivery.Unavailable, "asking Docker for image %s: %w", image, err)
	}
	for _, digest := range found.RepoDigests {
		if build.RepositoryOf(digest) == build.RepositoryOf(image) {
			return digest, nil
		}
	}
	return found.ID, nil
}

func (a images) pull(ctx context.Context, image string) error {
	pulled, err := a.docker.ImagePull(ctx, image, client.ImagePullOptions{})
	if err != nil {
		return delivery.Errorf(delivery.Invalid, "Docker has no image %s and cannot pull it (%w): build it, or check its name", image, err)
	}
	defer pulled.Close()
	if err := pulled.Wait(ctx); err != nil {
		return delivery.Errorf(delivery.Invalid, "Docker has no image %s and cannot pull it (%w): build it, or check its name", image, err)
	}
	_, err = io.Copy(io.Discard, pulled)
	return err
}

// collectEvery is how often images that no deployment needs are removed.
const collectEvery = time.Hour

// runRegistry removes images that are not needed, now and then: from the registry, and from Docker, which has them anew
// when they are needed.
func (a *App) runRegistry(ctx context.Context) error {
	tick := time.NewTicker(collectEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := a.registry.Collect(ctx, a.keep); err != nil && ctx.Err() == nil {
			a.log.Warn("images could not be collected; it will be tried again", "error", err)
		}
		if err := a.builder.Collect(ctx, a.config.registryHost(), a.needed); err != nil && ctx.Err() == nil {
			a.log.Warn("images could not be removed from Docker; it will be tried again", "error", err)
		}
	}
}

// keep is needed for the registry, where services that are gone have no repository.
func (a *App) keep(ctx context.Context, service delivery.ServiceID) ([]string, error) {
	digests, _, err := a.needed(ctx, service)
	return digests, err
}

// needed gives the digests of a service's deployments that are there, and of the last ones that were. there is false
// when the service itself is gone.
func (a *App) needed(ctx context.Context, service delivery.ServiceID) (digests []string, there bool, err error) {
	state, err := a.store.State(ctx, service.Environment)
	if errors.Is(err, delivery.NotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("looking for the images of %s: %w", service, err)
	}
	if !slices.ContainsFunc(state.Services, func(s rollout.Service) bool { return s.ID == service }) {
		return nil, false, nil
	}
	newest, err := a.store.Deployments(ctx, service, maxDeployments)
	if err != nil {
		return nil, false, fmt.Errorf("looking for the images of %s: %w", service, err)
	}
	need := func(d rollout.Deployment) {
		if _, digest, ok := strings.Cut(d.Revision.Image, "@"); ok && d.ID.Service == service && !slices.Contains(digests, digest) {
			digests = append(digests, digest)
		}
	}
	for _, d := range state.Deployments { // however old
		need(d)
	}
	removed := 0
	for _, d := range newest {
		if d.Stage == rollout.Removed && removed < a.config.KeepImages {
			removed++
			need(d)
		}
	}
	return digests, true, nil
}
