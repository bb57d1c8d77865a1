package docker

import (
	"context"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// ensureImage pulls an image unless the host has it. Tasks that need the same image share one pull.
func (e *Engine) ensureImage(ctx context.Context, image string) error {
	_, err := e.docker.ImageInspect(ctx, image)
	if !errdefs.IsNotFound(err) {
		return err
	}
	pulled := e.pulls.DoChan(image, func() (any, error) { return nil, e.pull(context.WithoutCancel(ctx), image) })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-pulled:
		return result.Err
	}
}

// pullLimit is how long one pull may take.
const pullLimit = 15 * time.Minute

func (e *Engine) pull(ctx context.Context, image string) error {
	ctx, cancel := context.WithTimeout(ctx, pullLimit)
	defer cancel()
	var auth string
	if e.opts.RegistryAuth != nil {
		auth, _ = e.opts.RegistryAuth(image)
	}
	e.log.Info("pulling an image", "image", image)
	progress, err := e.docker.ImagePull(ctx, image, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		return pullSentence(image, err)
	}
	defer progress.Close()
	return pullSentence(image, progress.Wait(ctx))
}

// pullSentence says what a failed pull means.
func pullSentence(image string, err error) error {
	if err == nil || away(err) {
		return err
	}
	said := strings.ToLower(err.Error())
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(said, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("no space left"):
		return delivery.Errorf(delivery.Internal, "image %s cannot be pulled: the disk of Docker's host is full; make room (docker system df shows what takes it): %w", image, err)
	case has("unauthorized", "authentication required", "denied:", "no basic auth"):
		return delivery.Errorf(delivery.NotFound, "image %s cannot be pulled: its registry refused the credentials, or there is no such image; check the name and the access: %w", image, err)
	case has("not found", "manifest unknown", "does not exist", "name unknown"):
		return delivery.Errorf(delivery.NotFound, "image %s is missing: its registry has no such image; check the name, or push it again: %w", image, err)
	case has("invalid reference", "invalid tag", "repository name must"):
		return delivery.Errorf(delivery.Invalid, "image %q is not an image's name: write <registry>/<repository>@sha256:<digest> or <repository>:<tag>: %w", image, err)
	}
	return delivery.Errorf(delivery.NotFound, "image %s is missing on this host and cannot be pulled; check that its registry can be reached: %w", image, err)
}
