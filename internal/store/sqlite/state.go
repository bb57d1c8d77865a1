package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
)

// State reads an environment at one instant. It fails with delivery.NotFound.
func (s *Store) State(ctx context.Context, environment string) (rollout.State, error) {
	var state rollout.State
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		if err = readEnvironment(ctx, tx, environment, &state); err != nil {
			return err
		}
		if state.Services, err = list[rollout.Service](ctx, tx, `SELECT body FROM services WHERE environment = ? ORDER BY name`, environment); err != nil {
			return err
		}
		slices.SortStableFunc(state.Services, func(a, b rollout.Service) int {
			return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID.Name, b.ID.Name))
		})
		if state.Deployments, err = list[rollout.Deployment](ctx, tx,
			`SELECT body FROM deployments WHERE environment = ? AND stage <> 'removed' ORDER BY service, number`, environment); err != nil {
			return err
		}
		if state.Rollouts, err = list[rollout.Rollout](ctx, tx,
			`SELECT body FROM rollouts WHERE environment = ? AND state IN ('pending', 'active') ORDER BY id`, environment); err != nil {
			return err
		}
		if state.Addresses, err = addresses(ctx, tx, environment); err != nil {
			return err
		}
		state.Numbers, err = numbers(ctx, tx, environment)
		return err
	})
	return state, err
}

func readEnvironment(ctx context.Context, tx *sql.Tx, name string, state *rollout.State) error {
	var body, seen string
	err := tx.QueryRowContext(ctx, `SELECT body, seen FROM environments WHERE name = ? AND gone = 0`, name).Scan(&body, &seen)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return delivery.Errorf(delivery.NotFound, "there is no environment %s: create it first", name)
	case err != nil:
		return err
	}
	return errors.Join(json.Unmarshal([]byte(body), &state.Environment), json.Unmarshal([]byte(seen), &state.Seen))
}

// Commit stores a change whole, or fails with delivery.Conflict and stores nothing.
func (s *Store) Commit(ctx context.Context, c rollout.Change) error {
	err := s.write(ctx, func(tx *sql.Tx) error { return apply(ctx, tx, c) })
	if taken(err) {
		return delivery.Errorf(delivery.Conflict, "environment %s was changed meanwhile: read it again: %w", c.Name, err)
	}
	return err
}

func apply(ctx context.Context, tx *sql.Tx, c rollout.Change) error {
	if err := putEnvironment(ctx, tx, c); err != nil {
		return err
	}
	for _, name := range c.Mentioned {
		if err := allot(ctx, tx, c.Name, name); err != nil {
			return err
		}
	}
	for _, svc := range c.Services {
		if err := putService(ctx, tx, svc); err != nil {
			return err
		}
	}
	for _, id := range c.Deleted {
		if err := deleteService(ctx, tx, id); err != nil {
			return err
		}
	}
	for _, d := range c.Deployments {
		if err := putDeployment(ctx, tx, d); err != nil {
			return err
		}
	}
	// The one that ends goes first: its place is taken by the next.
	for _, ended := range []bool{true, false} {
		for _, r := range c.Rollouts {
			if r.Phase.Ended() != ended {
				continue
			}
			if err := putRollout(ctx, tx, r); err != nil {
				return err
			}
		}
	}
	for _, e := range c.Events {
		if err := putEvent(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}
