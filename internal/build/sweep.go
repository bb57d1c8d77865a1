package build

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Sweep removes the builder containers of this Serin. At start no build runs: whatever there is was cut off.
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
	return nil
}

func isNotFound(err error) bool { return errdefs.IsNotFound(err) }
