package build

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// Needed tells which images of a service are needed: the digests ("sha256:<hex>") of its deployments. there is false
// when there is no such service (any more).
type Needed func(ctx context.Context, service delivery.ServiceID) (digests []string, there bool, err error)

// Collect takes away from this machine's Docker the images of builds that no deployment needs, and what is left of
// services that are gone. Only names are touched that builds and engine of this Serin give: those of its registry
// (host and port), and of layers. An image that was named within Grace stays, since a build may be about to push it, and
// so does one that a container uses. What should be needed again is pulled again.
func (b *Builder) Collect(ctx context.Context, registry string, needed Needed) error {
	found, err := b.Docker.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return fmt.Errorf("looking for images of earlier builds: %w", err)
	}
	known := knowledge{ask: needed, by: map[delivery.ServiceID]known{}}
	removed := 0
	for _, image := range found.Items {
		for _, name := range append(slices.Clone(image.RepoTags), image.RepoDigests...) {
			keep, err := b.keeps(ctx, image.ID, image.RepoDigests, name, registry, known)
			if err != nil {
				return fmt.Errorf("deciding about image %s: %w", name, err)
			}
			if keep {
				continue
			}
			if err := b.removeName(ctx, name); err != nil {
				return fmt.Errorf("removing image %s: %w", name, err)
			}
			removed++
		}
	}
	if removed > 0 {
		b.Logger.Info("removed old images from Docker", "names", removed)
	}
	return nil
}

// keeps decides about one name of an image.
func (b *Builder) keeps(ctx context.Context, id string, digests []string, name, registry string, known knowledge) (bool, error) {
	if service, _, ok := b.layersOf(name); ok {
		of, err := known.of(ctx, service)
		return of.there, err // builds let their own go
	}
	of, ours := strings.CutPrefix(RepositoryOf(name), registry+"/")
	service, err := delivery.ParseServiceID(of)
	if !ours || err != nil {
		return true, nil
	}
	about, err := known.of(ctx, service)
	if err != nil || !about.there {
		return false, err
	}
	for _, digest := range digests {
		if _, digest, _ = strings.Cut(digest, "@"); slices.Contains(about.digests, digest) {
			return true, nil
		}
	}
	image, err := b.Docker.ImageInspect(ctx, id)
	if isNotFound(err) {
		return true, nil // gone by itself
	}
	return time.Since(image.Metadata.LastTagTime) < b.Grace, err
}

// knowledge asks once about each service.
type knowledge struct {
	ask Needed
	by  map[delivery.ServiceID]known
}

type known struct {
	digests []string
	there   bool
}

func (k knowledge) of(ctx context.Context, service delivery.ServiceID) (known, error) {
	if about, ok := k.by[service]; ok {
		return about, nil
	}
	digests, there, err := k.ask(ctx, service)
	if err == nil {
		k.by[service] = known{digests, there}
	}
	return k.by[service], err
}
