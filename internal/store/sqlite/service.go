package sqlite

import (
	"context"
	"database/sql"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
)

func putService(ctx context.Context, tx *sql.Tx, svc rollout.Service) error {
	if err := svc.Route.Weights.Check(); err != nil {
		return err
	}
	body, err := encode(svc)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO services (environment, name, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body`,
		svc.ID.Environment, svc.ID.Name, body)
	return err
}

func deleteService(ctx context.Context, tx *sql.Tx, id delivery.ServiceID) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM services WHERE environment = ? AND name = ?`, id.Environment, id.Name)
	return err
}

// numbers reads the highest deployment number ever given to each service of an environment.
func numbers(ctx context.Context, tx *sql.Tx, environment string) (map[string]int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT service, max(number) FROM deployments WHERE environment = ? GROUP BY service`, environment)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var service string
		var number int
		if err := rows.Scan(&service, &number); err != nil {
			return nil, err
		}
		all[service] = number
	}
	return all, rows.Err()
}
