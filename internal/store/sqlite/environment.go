package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/workload"
)

// Environments gives the names of all environments, ascending.
func (s *Store) Environments(ctx context.Context) ([]string, error) {
	names := []string{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT name FROM environments WHERE gone = 0 ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return rows.Err()
	})
	return names, err
}

// CreateEnvironment stores a new environment. Its generation goes on where an earlier one of that name ended.
func (s *Store) CreateEnvironment(ctx context.Context, env rollout.Environment) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var gone bool
		err := tx.QueryRowContext(ctx, `SELECT generation, gone FROM environments WHERE name = ?`, env.Name).Scan(&env.Generation, &gone)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case !gone:
			return delivery.Errorf(delivery.Conflict, "environment %s exists already", env.Name)
		}
		env.Generation++
		if _, err := tx.ExecContext(ctx, `DELETE FROM environments WHERE name = ?`, env.Name); err != nil {
			return err
		}
		body, err := encode(env)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO environments (name, generation, gateway_port, body) VALUES (?, ?, nullif(?, 0), ?)`,
			env.Name, env.Generation, env.Gateway.Port, body)
		if taken(err) {
			return delivery.Errorf(delivery.Conflict, "port %d is the gateway's of another environment: choose another", env.Gateway.Port)
		}
		return err
	})
}

// SaveSeen keeps the engine's last look at an environment. It changes no generation.
func (s *Store) SaveSeen(ctx context.Context, environment string, seen workload.Observed) error {
	body, err := encode(seen)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE environments SET seen = ? WHERE name = ?`, body, environment)
		return err
	})
}

// putEnvironment stores an environment's next generation, if it is still of the one the change was made from.
func putEnvironment(ctx context.Context, tx *sql.Tx, c rollout.Change) error {
	switch {
	case c.Gone:
		return ifCurrent(ctx, tx, c, `UPDATE environments SET gone = 1, gateway_port = NULL, generation = generation + 1 WHERE name = ? AND generation = ?`, c.Name, c.From)
	case c.Environment != nil:
		body, err := encode(*c.Environment)
		if err != nil {
			return err
		}
		return ifCurrent(ctx, tx, c, `UPDATE environments SET generation = ?, gateway_port = nullif(?, 0), body = ? WHERE name = ? AND generation = ? AND gone = 0`,
			c.Environment.Generation, c.Environment.Gateway.Port, body, c.Name, c.From)
	}
	return nil
}

func ifCurrent(ctx context.Context, tx *sql.Tx, c rollout.Change, query string, args ...any) error {
	return changedOne(ctx, tx, fmt.Sprintf("environment %s is not at generation %d any more", c.Name, c.From), query, args...)
}

// changedOne fails with delivery.Conflict and the sentence unless the statement changed a row.
func changedOne(ctx context.Context, tx *sql.Tx, otherwise, query string, args ...any) error {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return delivery.Errorf(delivery.Conflict, "%s: read it again", otherwise)
}
