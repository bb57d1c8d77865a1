package docker_test

import (
	"context"
	"sync"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Docker refuses to remove what it is removing for somebody else: who purges waits for that and goes on.
func TestPurgeBesideAnotherRemoval(t *testing.T) {
	h := newHost(t, "none")
	for range 6 {
		made, err := h.docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{Config: &container.Config{
			Image: appImage, Cmd: []string{"sleep", "600"},
			Labels: map[string]string{"serin.instance": h.opts.Instance},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.docker.ContainerStart(t.Context(), made.ID, client.ContainerStartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var both sync.WaitGroup
	for range 3 {
		both.Go(func() {
			if err := h.engine.Purge(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
}
