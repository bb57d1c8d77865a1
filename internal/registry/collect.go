package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/opencontainers/go-digest"

	"serin.dev/serin/internal/delivery"
)

// uploadAge is when an upload is given up.
const uploadAge = 24 * time.Hour

// Collect removes the images that are not kept, and then the layers that no image needs. It waits until nobody has
// pushed for Quiet, and holds pushes back while it runs. keep gives the digests ("sha256:<hex>") that a service's
// deployments need; it is asked once nobody can push any more.
func (r *Registry) Collect(ctx context.Context, keep func(ctx context.Context, service delivery.ServiceID) ([]string, error)) error {
	open, err := r.gate.close(ctx, r.Quiet)
	if err != nil {
		return err
	}
	defer open()
	if _, err := os.Stat(r.repositoriesDir()); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was ever pushed
	}
	before := r.free()
	services, err := r.services(ctx)
	if err != nil {
		return fmt.Errorf("listing the repositories: %w", err)
	}
	removed := 0
	for _, service := range services {
		n, err := r.collect(ctx, service, keep)
		if removed += n; err != nil {
			return fmt.Errorf("collecting images of %s: %w", service, err)
		}
	}
	if _, failed := storage.PurgeUploads(ctx, r.driver, time.Now().Add(-uploadAge), true); len(failed) > 0 {
		return fmt.Errorf("removing uploads that were given up: %w", errors.Join(failed...))
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "docker", "registry", "v2", "blobs")); errors.Is(err, fs.ErrNotExist) {
		return nil // uploads were begun, and none was ever whole
	}
	if err := storage.MarkAndSweep(ctx, r.driver, r.images, storage.GCOpts{Quiet: true}); err != nil {
		return fmt.Errorf("removing layers that no image needs: %w", err)
	}
	r.Logger.Info("collected old images", "images", removed, "bytes", r.free()-before)
	return nil
}

// Delete removes a service's repository; its layers go with the next collection.
func (r *Registry) Delete(ctx context.Context, service delivery.ServiceID) error {
	if _, err := delivery.ParseServiceID(service.String()); err != nil {
		return err
	}
	if err := r.gate.enter(ctx); err != nil {
		return err
	}
	defer r.gate.leave()
	dir := r.repositoryDir(service)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(dir)) // the environment's folder, when it is empty now
	return nil
}

// services are those with a repository.
func (r *Registry) services(ctx context.Context) ([]delivery.ServiceID, error) {
	var services []delivery.ServiceID
	err := r.images.(distribution.RepositoryEnumerator).Enumerate(ctx, func(name string) error {
		service, err := delivery.ParseServiceID(name)
		services = append(services, service)
		return err
	})
	return services, err
}

// collect removes a service's images but those to keep, and says how many.
func (r *Registry) collect(ctx context.Context, service delivery.ServiceID, keep func(context.Context, delivery.ServiceID) ([]string, error)) (int, error) {
	repository, err := r.repository(ctx, service)
	if err != nil {
		return 0, err
	}
	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return 0, err
	}
	digests, err := keep(ctx, service)
	if err != nil {
		return 0, err
	}
	kept := map[digest.Digest]bool{}
	for _, d := range digests {
		if err := keepWhole(ctx, manifests, digest.Digest(d), kept); err != nil {
			return 0, err
		}
	}
	var all []digest.Digest
	err = manifests.(distribution.ManifestEnumerator).Enumerate(ctx, func(d digest.Digest) error {
		all = append(all, d)
		if r.young(service, d) {
			return keepWhole(ctx, manifests, d, kept)
		}
		return nil
	})
	if _, ok := errors.AsType[driver.PathNotFoundError](err); err != nil && !ok { // ok: no image was ever pushed
		return 0, err
	}
	removed := 0
	for _, d := range all {
		if kept[d] {
			continue
		}
		if err := r.remove(ctx, repository, d); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// keepWhole keeps an image, and those that it lists.
func keepWhole(ctx context.Context, manifests distribution.ManifestService, d digest.Digest, kept map[digest.Digest]bool) error {
	if kept[d] || d.Validate() != nil {
		return nil
	}
	if there, err := manifests.Exists(ctx, d); err != nil || !there {
		return err
	}
	kept[d] = true
	manifest, err := manifests.Get(ctx, d)
	if err != nil {
		return err
	}
	for _, part := range manifest.References() {
		if err := keepWhole(ctx, manifests, part.Digest, kept); err != nil {
			return err
		}
	}
	return nil
}

// young tells whether an image was pushed within Grace: pushing it again counts.
func (r *Registry) young(service delivery.ServiceID, d digest.Digest) bool {
	link := filepath.Join(r.repositoryDir(service), "_manifests", "revisions", d.Algorithm().String(), d.Encoded(), "link")
	info, err := os.Stat(link)
	return err == nil && time.Since(info.ModTime()) < r.Grace
}

// remove takes an image and its tags out of a repository.
func (r *Registry) remove(ctx context.Context, repository distribution.Repository, d digest.Digest) error {
	tags := repository.Tags(ctx)
	current, err := tags.Lookup(ctx, distribution.Descriptor{Digest: d})
	if err != nil {
		return err
	}
	for _, tag := range current {
		if err := tags.Untag(ctx, tag); err != nil {
			return err
		}
	}
	others, err := tags.All(ctx)
	if _, ok := errors.AsType[distribution.ErrRepositoryUnknown](err); err != nil && !ok {
		return err
	}
	// Tags that have moved on remember the image, too.
	return storage.NewVacuum(ctx, r.driver).RemoveManifest(repository.Named().Name(), d, others)
}
