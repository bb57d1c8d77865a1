package registry

import (
	"context"
	"errors"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"serin.dev/serin/internal/delivery"
)

// Resolve gives the digest ("sha256:<hex>") of a tag or digest of a service's repository. It fails with NotFound
// when there is no such image.
func (r *Registry) Resolve(ctx context.Context, service delivery.ServiceID, tagOrDigest string) (string, error) {
	repository, err := r.repository(ctx, service)
	if err != nil {
		return "", err
	}
	missing := delivery.Errorf(delivery.NotFound, "the registry has no image %s:%s: push it first", service, tagOrDigest)
	d, err := digest.Parse(tagOrDigest)
	if err != nil {
		if d, err = tagged(ctx, repository, tagOrDigest); err != nil {
			return "", err
		}
	}
	if d == "" {
		return "", missing
	}
	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return "", err
	}
	if there, err := manifests.Exists(ctx, d); err != nil {
		return "", err
	} else if !there {
		return "", missing
	}
	return d.String(), nil
}

// tagged gives the digest a tag stands for, "" when there is no such tag.
func tagged(ctx context.Context, repository distribution.Repository, tag string) (digest.Digest, error) {
	if !reference.TagRegexp.MatchString(tag) || reference.TagRegexp.FindString(tag) != tag {
		return "", delivery.Errorf(delivery.Invalid, "%q is neither a tag nor a digest", tag)
	}
	descriptor, err := repository.Tags(ctx).Get(ctx, tag)
	if _, ok := errors.AsType[distribution.ErrTagUnknown](err); ok {
		return "", nil
	}
	return descriptor.Digest, err
}

// Pin gives an image's name by digest, "<host>/<environment>/<service>@sha256:<hex>". It fails with Invalid when it
// is not of the service's own repository here, or is not there.
func (r *Registry) Pin(ctx context.Context, service delivery.ServiceID, image string) (string, error) {
	own := r.Host + "/" + service.String()
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return "", delivery.Errorf(delivery.Invalid, "image %q: %v", image, err)
	}
	if named.Name() != own {
		return "", delivery.Errorf(delivery.Invalid, "image %q is not of the service's own repository: build.yml must push to %s (it is in $DOCKER_REGISTRY_URI)", image, own)
	}
	which := "latest"
	if t, ok := named.(reference.Tagged); ok {
		which = t.Tag()
	}
	if d, ok := named.(reference.Digested); ok {
		which = d.Digest().String()
	}
	found, err := r.Resolve(ctx, service, which)
	if errors.Is(err, delivery.NotFound) {
		return "", delivery.Errorf(delivery.Invalid, "image %q was not pushed: build.yml must run `docker push` before it ends", image)
	}
	if err != nil {
		return "", err
	}
	return own + "@" + found, nil
}

func (r *Registry) repository(ctx context.Context, service delivery.ServiceID) (distribution.Repository, error) {
	if _, err := delivery.ParseServiceID(service.String()); err != nil {
		return nil, err
	}
	named, err := reference.WithName(service.String())
	if err != nil {
		return nil, delivery.Errorf(delivery.Invalid, "%s cannot name a repository: %v", service, err)
	}
	return r.images.Repository(ctx, named)
}
