package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// CreateRun stores a run for a push, or gives the one that the push's key already has.
func (s *Store) CreateRun(ctx context.Context, run pipeline.Run) (pipeline.Run, error) {
	err := s.write(ctx, func(tx *sql.Tx) error {
		known, err := list[pipeline.Run](ctx, tx, `SELECT body FROM runs WHERE push = ?`, run.Push.Key)
		if err != nil {
			return err
		}
		if len(known) > 0 {
			run = known[0]
			return nil
		}
		service := run.Push.Service
		if err := tx.QueryRowContext(ctx, `INSERT INTO runs (environment, service, push, ended, version, body)
			VALUES (?, ?, ?, 0, 1, '') RETURNING id`, service.Environment, service.Name, run.Push.Key).Scan(&run.ID); err != nil {
			return err
		}
		run.Version = 1
		return putRun(ctx, tx, run)
	})
	return run, err
}

// SaveRun stores a run's next version and gives it; when it fails, the run as it was. It fails with delivery.Conflict
// when another change came first.
func (s *Store) SaveRun(ctx context.Context, run pipeline.Run) (pipeline.Run, error) {
	next := run
	next.Version++
	err := s.write(ctx, func(tx *sql.Tx) error {
		var stored int64
		err := tx.QueryRowContext(ctx, `SELECT version FROM runs WHERE id = ?`, run.ID).Scan(&stored)
		if errors.Is(err, sql.ErrNoRows) {
			return delivery.Errorf(delivery.NotFound, "there is no run %d", run.ID)
		}
		if err != nil {
			return err
		}
		if stored != run.Version {
			return delivery.Errorf(delivery.Conflict, "run %d was changed by another: its version is %d, not %d", run.ID, stored, run.Version)
		}
		return putRun(ctx, tx, next)
	})
	if err != nil {
		return run, err
	}
	return next, nil
}

func putRun(ctx context.Context, tx *sql.Tx, run pipeline.Run) error {
	body, err := json.Marshal(run)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE runs SET body = ?, version = ?, ended = ? WHERE id = ?`, string(body), run.Version, run.State.Ended(), run.ID)
	return err
}

// Run reads one. It fails with delivery.NotFound.
func (s *Store) Run(ctx context.Context, id delivery.RunID) (run pipeline.Run, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		run, err = one[pipeline.Run](ctx, tx, fmt.Sprintf("there is no run %d", id), `SELECT body FROM runs WHERE id = ?`, id)
		return err
	})
	return run, err
}

// OpenRuns are those that have not ended, ascending.
func (s *Store) OpenRuns(ctx context.Context) (runs []pipeline.Run, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		runs, err = list[pipeline.Run](ctx, tx, `SELECT body FROM runs WHERE ended = 0 ORDER BY id`)
		return err
	})
	return runs, err
}

// Runs are the newest first, at most limit; of one service when it is not nil.
func (s *Store) Runs(ctx context.Context, service *delivery.ServiceID, limit int) (runs []pipeline.Run, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		if service == nil {
			runs, err = list[pipeline.Run](ctx, tx, `SELECT body FROM runs ORDER BY id DESC LIMIT ?`, limit)
			return err
		}
		runs, err = list[pipeline.Run](ctx, tx, `SELECT body FROM runs WHERE environment = ? AND service = ? ORDER BY id DESC LIMIT ?`,
			service.Environment, service.Name, limit)
		return err
	})
	return runs, err
}

// PipelineSettings of a service; the defaults when none were stored.
func (s *Store) PipelineSettings(ctx context.Context, service delivery.ServiceID) (pipeline.Settings, error) {
	settings := pipeline.Settings{Branch: "main", OnNewerPush: pipeline.Replace}
	err := s.read(ctx, func(tx *sql.Tx) error {
		stored, err := list[pipeline.Settings](ctx, tx, `SELECT body FROM pipelines WHERE environment = ? AND service = ?`, service.Environment, service.Name)
		if err == nil && len(stored) > 0 {
			settings = stored[0]
		}
		return err
	})
	return settings, err
}

// SetPipelineSettings stores a service's; nil removes them.
func (s *Store) SetPipelineSettings(ctx context.Context, service delivery.ServiceID, settings *pipeline.Settings) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if settings == nil {
			_, err := tx.ExecContext(ctx, `DELETE FROM pipelines WHERE environment = ? AND service = ?`, service.Environment, service.Name)
			return err
		}
		body, err := json.Marshal(settings)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO pipelines (environment, service, body) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET body = excluded.body`, service.Environment, service.Name, string(body))
		return err
	})
}

// DeploymentOfRun finds the deployment a run made. It fails with delivery.NotFound while there is none.
func (s *Store) DeploymentOfRun(ctx context.Context, service delivery.ServiceID, run delivery.RunID) (id delivery.DeploymentID, err error) {
	id.Service = service
	err = s.read(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT number FROM deployments WHERE environment = ? AND service = ? AND body ->> '$.run_id' = ?
			ORDER BY number DESC LIMIT 1`, service.Environment, service.Name, run).Scan(&id.Number)
		if errors.Is(err, sql.ErrNoRows) {
			return delivery.Errorf(delivery.NotFound, "run %d has made no deployment of %s", run, service)
		}
		return err
	})
	return id, err
}
