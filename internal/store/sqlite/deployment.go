package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
)

// Deployment reads one, removed or not. It fails with delivery.NotFound.
func (s *Store) Deployment(ctx context.Context, id delivery.DeploymentID) (d rollout.Deployment, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		d, err = one[rollout.Deployment](ctx, tx, fmt.Sprintf("there is no deployment %s", id),
			`SELECT body FROM deployments WHERE environment = ? AND service = ? AND number = ?`,
			id.Service.Environment, id.Service.Name, id.Number)
		return err
	})
	return d, err
}

// Deployments reads the newest of a service, removed or not, newest first.
func (s *Store) Deployments(ctx context.Context, service delivery.ServiceID, limit int) (all []rollout.Deployment, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		all, err = list[rollout.Deployment](ctx, tx,
			`SELECT body FROM deployments WHERE environment = ? AND service = ? ORDER BY number DESC LIMIT ?`,
			service.Environment, service.Name, limit)
		return err
	})
	return all, err
}

func putDeployment(ctx context.Context, tx *sql.Tx, d rollout.Deployment) error {
	body, err := encode(d)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO deployments (environment, service, number, stage, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET stage = excluded.stage, body = excluded.body`,
		d.ID.Service.Environment, d.ID.Service.Name, d.ID.Number, d.Stage, body)
	return err
}
