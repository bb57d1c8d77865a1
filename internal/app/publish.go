package app

import (
	"context"
	"fmt"

	"serin.dev/serin/internal/rollout"
)

// publish stores on which of the machine's addresses gateways are published: --public may say otherwise than when an
// environment was made. The engine makes such a gateway anew. It comes before anybody else changes an environment.
func (a *App) publish(ctx context.Context) error {
	environments, err := a.store.Environments(ctx)
	if err != nil {
		return err
	}
	for _, name := range environments {
		state, err := a.store.State(ctx, name)
		if err != nil {
			return err
		}
		env := state.Environment
		if env.Gateway.Port == 0 || env.Gateway.Bind == a.config.gatewayBind() {
			continue
		}
		before := env.Gateway.Bind
		env.Gateway.Bind = a.config.gatewayBind()
		env.Generation++
		if err := a.store.Commit(ctx, rollout.Change{Name: name, From: state.Environment.Generation, Environment: &env}); err != nil {
			return fmt.Errorf("publishing the gateway of %s on %s: %w", name, env.Gateway.Bind, err)
		}
		a.log.Info("a gateway is published on another address, and made anew", "environment", name, "before", before, "now", env.Gateway.Bind)
	}
	return nil
}
