package app

import (
	"log/slog"
	"testing"

	"serin.dev/serin/internal/workload"
)

func TestGatewaysArePublishedAsSaidAtTheStart(t *testing.T) {
	a := opened(t, slog.New(slog.DiscardHandler))
	if _, err := a.rollouts.CreateEnvironment(t.Context(), "doorless", workload.Gateway{}); err != nil {
		t.Fatal(err)
	}
	made := map[string]int64{}
	for i, public := range []bool{false, true, true, false} {
		a.config.Public = public
		if err := a.publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]workload.Gateway{"shop": {Bind: a.config.gatewayBind(), Port: 8080}, "doorless": {}} {
			state, err := a.store.State(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if state.Environment.Gateway != want {
				t.Errorf("start %d: the gateway of %s is %+v, want %+v", i, name, state.Environment.Gateway, want)
			}
			if i == 0 {
				made[name] = int64(state.Environment.Generation)
			}
			changes := int64(0)
			if name == "shop" {
				changes = []int64{0, 1, 1, 2}[i]
			}
			if got := int64(state.Environment.Generation) - made[name]; got != changes {
				t.Errorf("start %d: %s changed %d times, want %d", i, name, got, changes)
			}
		}
	}
}
