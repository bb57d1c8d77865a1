package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
)

// SaveTrial stores a rollout's trial, for good: a second one is ignored.
func (s *Store) SaveTrial(ctx context.Context, id delivery.RolloutID, t evidence.Trial) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		body, err := encode(t)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO trials (rollout, started, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, id, t.Start.UnixNano(), body)
		return err
	})
}

// LoadTrial reads a rollout's trial and all that was told in it, in order, or fails with delivery.NotFound.
func (s *Store) LoadTrial(ctx context.Context, id delivery.RolloutID) (t evidence.Trial, told []evidence.Interval, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		if t, err = one[evidence.Trial](ctx, tx, "the rollout's evidence is not stored: nothing was judged yet, or it was long ago",
			`SELECT body FROM trials WHERE rollout = ?`, id); err != nil {
			return err
		}
		told, err = list[evidence.Interval](ctx, tx, `SELECT body FROM intervals WHERE rollout = ? ORDER BY until`, id)
		return err
	})
	return t, told, err
}

// SaveIntervals stores what judges were told, in one transaction; one that is there already is left as it is.
func (s *Store) SaveIntervals(ctx context.Context, told []rollout.Told) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, x := range told {
			body, err := encode(x.Interval)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO intervals (rollout, until, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
				x.Rollout, x.Interval.To.UnixNano(), body); err != nil {
				return err
			}
		}
		return nil
	})
}

// PruneTrials drops trials that began before a time, and what was told in them, of rollouts that have ended.
func (s *Store) PruneTrials(ctx context.Context, before time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		const old = `started < ? AND rollout IN (SELECT id FROM rollouts WHERE state = 'ended')`
		// By rollout, so that those that are kept, a row a second, are not looked through.
		if _, err := tx.ExecContext(ctx, `DELETE FROM intervals WHERE rollout IN (SELECT rollout FROM trials WHERE `+old+`)`, before.UnixNano()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM trials WHERE `+old, before.UnixNano())
		return err
	})
}

// SaveRecords stores how deployments did until now, in place of all that was stored of that before.
func (s *Store) SaveRecords(ctx context.Context, records map[delivery.DeploymentID]evidence.Standing) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM records`); err != nil {
			return err
		}
		for id, r := range records {
			body, err := encode(r)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO records (environment, service, number, body) VALUES (?, ?, ?, ?)`,
				id.Service.Environment, id.Service.Name, id.Number, body); err != nil {
				return err
			}
		}
		return nil
	})
}

// LoadRecords reads how the deployments of an environment did.
func (s *Store) LoadRecords(ctx context.Context, environment string) (map[delivery.DeploymentID]evidence.Standing, error) {
	records := map[delivery.DeploymentID]evidence.Standing{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT service, number, body FROM records WHERE environment = ?`, environment)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			id := delivery.DeploymentID{Service: delivery.ServiceID{Environment: environment}}
			var body string
			var r evidence.Standing
			if err := rows.Scan(&id.Service.Name, &id.Number, &body); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(body), &r); err != nil {
				return err
			}
			records[id] = r
		}
		return rows.Err()
	})
	return records, err
}
