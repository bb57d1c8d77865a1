package app

import (
	"log/slog"
	"slices"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
)

func TestTheImagesOfDeploymentsThatAreThereAndOfTheLastOnesAreNeeded(t *testing.T) {
	a := opened(t, slog.New(slog.DiscardHandler))
	a.config.KeepImages = 1
	state, err := a.store.State(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	change := rollout.Change{Name: "shop", From: state.Environment.Generation}
	for i, stage := range []rollout.Stage{rollout.Live, rollout.Removed, rollout.Removed, rollout.Draining} {
		change.Deployments = append(change.Deployments, rollout.Deployment{
			ID: delivery.DeploymentID{Service: cart, Number: i + 1}, Stage: stage,
			Revision: delivery.Revision{Image: "127.0.0.1:7420/shop/cart@sha256:" + string(rune('a'+i))},
		})
	}
	if err := a.store.Commit(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	digests, there, err := a.needed(t.Context(), cart)
	if want := []string{"sha256:a", "sha256:d", "sha256:c"}; err != nil || !there || !slices.Equal(digests, want) {
		t.Errorf("got %v, %t, %v, want %v", digests, there, err, want)
	}
	for _, gone := range []delivery.ServiceID{{Environment: "shop", Name: "till"}, {Environment: "office", Name: "cart"}} {
		if digests, there, err := a.needed(t.Context(), gone); err != nil || there || len(digests) > 0 {
			t.Errorf("%s: got %v, %t, %v", gone, digests, there, err)
		}
	}
}
