package docker

import (
	"context"
	"strings"

	"github.com/moby/moby/client"
)

// Purge removes everything this instance made: containers, killing those that run; networks; and image names that
// begin with one of the repository prefixes. Logs kept earlier stay. Call it when no Run of the instance is under way.
func (e *Engine) Purge(ctx context.Context, repositories ...string) error {
	list, err := e.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.ours()})
	if err != nil {
		return answered("removing everything of instance "+e.opts.Instance, err)
	}
	var boxes []*box
	for _, c := range list.Items {
		boxes = append(boxes, &box{ID: c.ID, Part: part(c.Labels[labelPart])})
	}
	// The pause containers go last: what shares a namespace is stopped before its owner.
	for _, owner := range []bool{false, true} {
		var now []*box
		for _, b := range boxes {
			if (b.Part == pausePart) == owner {
				now = append(now, b)
			}
		}
		if err := e.each(now, func(b *box) error { return e.drop(ctx, b) }); err != nil {
			return answered("removing containers of instance "+e.opts.Instance, err)
		}
	}
	networks, err := e.docker.NetworkList(ctx, client.NetworkListOptions{Filters: e.ours()})
	if err != nil {
		return answered("removing networks of instance "+e.opts.Instance, err)
	}
	for _, n := range networks.Items {
		if _, err := e.docker.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{}); gone(err) != nil {
			return answered("removing network "+n.Name, err)
		}
	}
	return e.purgeImages(ctx, repositories)
}

func (e *Engine) purgeImages(ctx context.Context, repositories []string) error {
	if len(repositories) == 0 {
		return nil
	}
	list, err := e.docker.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return answered("removing images", err)
	}
	for _, image := range list.Items {
		for _, name := range append(image.RepoTags, image.RepoDigests...) {
			if !startsWithAny(name, repositories) {
				continue
			}
			if _, err := e.docker.ImageRemove(ctx, name, client.ImageRemoveOptions{PruneChildren: true}); gone(err) != nil {
				return answered("removing image "+name, err)
			}
		}
	}
	return nil
}

func startsWithAny(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if p != "" && strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
