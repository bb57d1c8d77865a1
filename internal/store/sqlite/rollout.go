package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
)

// NextRollout gives a number that no rollout has or gets.
func (s *Store) NextRollout(ctx context.Context) (id delivery.RolloutID, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO settings (key, value) VALUES ('last rollout', '1')
			ON CONFLICT DO UPDATE SET value = value + 1 RETURNING CAST(value AS INTEGER)`).Scan(&id)
	})
	return id, err
}

// Rollout reads one, ended or not. It fails with delivery.NotFound.
func (s *Store) Rollout(ctx context.Context, id delivery.RolloutID) (r rollout.Rollout, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		r, err = one[rollout.Rollout](ctx, tx, fmt.Sprintf("there is no rollout %d", id), `SELECT body FROM rollouts WHERE id = ?`, id)
		return err
	})
	return r, err
}

// RolloutOf reads a deployment's rollout. It fails with delivery.NotFound.
func (s *Store) RolloutOf(ctx context.Context, d delivery.DeploymentID) (r rollout.Rollout, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		r, err = one[rollout.Rollout](ctx, tx, fmt.Sprintf("there is no rollout of deployment %s", d),
			`SELECT body FROM rollouts WHERE environment = ? AND service = ? AND number = ?`, d.Service.Environment, d.Service.Name, d.Number)
		return err
	})
	return r, err
}

// Rollouts reads the newest of a service (of the whole environment when its name is empty), newest first.
func (s *Store) Rollouts(ctx context.Context, service delivery.ServiceID, limit int) (all []rollout.Rollout, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		all, err = list[rollout.Rollout](ctx, tx,
			`SELECT body FROM rollouts WHERE environment = ?1 AND (?2 = '' OR service = ?2) ORDER BY id DESC LIMIT ?3`,
			service.Environment, service.Name, limit)
		return err
	})
	return all, err
}

// History reads a rollout's events with a number above after, in order. Input and Output are json.RawMessage.
func (s *Store) History(ctx context.Context, id delivery.RolloutID, after int) ([]rollout.Event, error) {
	all := []rollout.Event{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT seq, at, since, phase, input, output, error, attempt FROM events
			WHERE rollout = ? AND seq > ? ORDER BY seq`, id, after)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			e := rollout.Event{Rollout: id}
			var at, since int64
			var input, output string
			if err := rows.Scan(&e.Seq, &at, &since, &e.Phase, &input, &output, &e.Error, &e.Attempt); err != nil {
				return err
			}
			e.At, e.Since = time.Unix(0, at).UTC(), time.Unix(0, since).UTC()
			e.Input, e.Output = json.RawMessage(input), json.RawMessage(output)
			all = append(all, e)
		}
		return rows.Err()
	})
	return all, err
}

// putRollout stores a rollout's next version, if the stored one is of the version given.
func putRollout(ctx context.Context, tx *sql.Tx, r rollout.Rollout) error {
	if err := r.Check(); err != nil {
		return err
	}
	expected := r.Version
	r.Version++
	body, err := encode(r)
	if err != nil {
		return err
	}
	if expected == 0 {
		_, err := tx.ExecContext(ctx, `INSERT INTO rollouts (id, environment, service, number, state, version, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Deployment.Service.Environment, r.Deployment.Service.Name, r.Deployment.Number, stateOf(r.Phase), r.Version, body)
		return err
	}
	return changedOne(ctx, tx, fmt.Sprintf("rollout %d is not at version %d any more", r.ID, expected),
		`UPDATE rollouts SET state = ?, version = ?, body = ? WHERE id = ? AND version = ?`,
		stateOf(r.Phase), r.Version, body, r.ID, expected)
}

func stateOf(p rollout.Phase) string {
	switch {
	case p.Ended():
		return "ended"
	case p.Active():
		return "active"
	}
	return "pending"
}

func putEvent(ctx context.Context, tx *sql.Tx, e rollout.Event) error {
	input, err := encode(e.Input)
	if err != nil {
		return err
	}
	output, err := encode(e.Output)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO events (rollout, seq, at, since, phase, input, output, error, attempt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Rollout, e.Seq, e.At.UnixNano(), e.Since.UnixNano(), e.Phase, input, output, e.Error, e.Attempt)
	return err
}
