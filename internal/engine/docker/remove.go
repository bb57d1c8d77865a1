package docker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// remove takes a task away: the app's containers get SIGTERM while the proxy still serves them, then the proxy
// drains, then the namespace goes. last is what the task was meant to be, nil when nobody remembers.
func (e *Engine) remove(ctx context.Context, id delivery.TaskID, s sight, last *wanted) error {
	if err := e.removeApps(ctx, id, s, last); err != nil {
		return err
	}
	rest := append(s.Strays, s.Proxy, s.Capture)
	for _, b := range append(rest, s.Pause) {
		if b == nil {
			continue
		}
		if b.Part == pausePart || b.Part == capturePart {
			if err := e.drop(ctx, b); err != nil {
				return err
			}
			continue
		}
		if err := e.discard(ctx, id, b); err != nil {
			return err
		}
	}
	return nil
}

// removeApps stops the app's containers, each before those it depends on, and then removes them all.
func (e *Engine) removeApps(ctx context.Context, id delivery.TaskID, s sight, last *wanted) error {
	for _, together := range stopOrder(s, last) {
		if err := e.each(together, func(b *box) error { return e.stop(ctx, b) }); err != nil {
			return err
		}
	}
	for _, b := range s.Apps {
		if err := e.discard(ctx, id, b); err != nil {
			return err
		}
	}
	return nil
}

// stopOrder gives the app's containers in groups: none depends on one of an earlier group.
func stopOrder(s sight, last *wanted) [][]*box {
	needs := map[string][]string{} // container → those it depends on
	if last != nil {
		for _, c := range last.Workload.Containers {
			for _, d := range c.DependsOn {
				needs[c.Name] = append(needs[c.Name], d.Container)
			}
		}
	}
	left := map[string]*box{}
	for name, b := range s.Apps {
		left[name] = b
	}
	var groups [][]*box
	for len(left) > 0 {
		needed := map[string]bool{}
		for name := range left {
			for _, on := range needs[name] {
				needed[on] = true
			}
		}
		var group []*box
		for name, b := range left {
			if !needed[name] {
				group = append(group, b)
			}
		}
		if len(group) == 0 { // they wait for each other: all at once
			for _, b := range left {
				group = append(group, b)
			}
		}
		for _, b := range group {
			delete(left, b.App)
		}
		groups = append(groups, group)
	}
	return groups
}

func (e *Engine) each(boxes []*box, do func(*box) error) error {
	errs := make([]error, len(boxes))
	var all sync.WaitGroup
	for i, b := range boxes {
		all.Go(func() { errs[i] = do(b) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// discard stops a container, keeps its log and removes it.
func (e *Engine) discard(ctx context.Context, id delivery.TaskID, b *box) error {
	if err := e.stop(ctx, b); err != nil {
		return err
	}
	if err := e.keepLog(ctx, id, b); err != nil && ctx.Err() == nil && !away(err) {
		e.log.Warn("keeping a container's log", "container", b.Name, "error", err)
	}
	return e.drop(ctx, b)
}

// stop sends SIGTERM, and SIGKILL after the container's stop timeout.
func (e *Engine) stop(ctx context.Context, b *box) error {
	if !b.Running {
		return nil
	}
	_, err := e.docker.ContainerStop(ctx, b.ID, client.ContainerStopOptions{})
	return gone(err)
}

// drop removes a container, killing it if it runs, with its anonymous volumes. Where Docker is removing it already,
// for somebody who may not be waiting any more, it waits for the end of that.
func (e *Engine) drop(ctx context.Context, b *box) error {
	_, err := e.docker.ContainerRemove(ctx, b.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) {
		return e.removed(ctx, b)
	}
	return gone(err)
}

// removed waits until a container that is being removed is gone.
func (e *Engine) removed(ctx context.Context, b *box) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	wait := e.docker.ContainerWait(ctx, b.ID, client.ContainerWaitOptions{Condition: container.WaitConditionRemoved})
	select {
	case <-wait.Result:
		return nil
	case err := <-wait.Error:
		return gone(err)
	}
}

// gone takes "not found" for success.
func gone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
