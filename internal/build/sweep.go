package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Sweep removes the builder containers, the images of builds' own and the sockets of this Serin, but not the layers that
// are the cache of later builds. At start no build runs: whatever there is was cut off.
func (b *Builder) Sweep(ctx context.Context) error {
	found, err := b.Docker.ContainerList(ctx, client.ContainerListOptions{
		All:     true,
		Filters: make(client.Filters).Add("label", labelInstance+"="+b.Instance),
	})
	if err != nil {
		return fmt.Errorf("looking for builder containers: %w", err)
	}
	for _, c := range found.Items {
		if _, err := b.Docker.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true}); err != nil && !isNotFound(err) {
			return fmt.Errorf("removing a builder container: %w", err)
		}
	}
	if err := b.sweepImages(ctx); err != nil {
		return err
	}
	return b.sweepSockets()
}

func (b *Builder) sweepImages(ctx context.Context) error {
	found, err := b.Docker.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return fmt.Errorf("looking for images of builds' own: %w", err)
	}
	for _, image := range found.Items {
		for _, tag := range image.RepoTags {
			if _, _, layers := b.layersOf(tag); layers || !strings.HasPrefix(tag, b.localPrefix()) {
				continue
			}
			if err := b.removeImage(ctx, tag); err != nil {
				return fmt.Errorf("removing a build's image: %w", err)
			}
		}
	}
	return nil
}

func (b *Builder) sweepSockets() error {
	left, err := filepath.Glob(filepath.Join(b.SocketDir, socketPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing a build's socket: %w", err)
		}
	}
	return nil
}

func isNotFound(err error) bool { return errdefs.IsNotFound(err) }

func isConflict(err error) bool { return errdefs.IsConflict(err) }
