package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"serin.dev/serin/internal/evidence"
)

// SaveSamples stores readings in one transaction; one that is there already is left as it is.
func (s *Store) SaveSamples(ctx context.Context, samples []evidence.Sample) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, `INSERT INTO samples
			(series, at, attempts, errors_5xx, errors_grpc, connect_failed, resets, timeouts, fallback_served, fallback_failed, latency, active)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
		if err != nil {
			return err
		}
		defer insert.Close()
		ids := map[evidence.Key]int64{}
		for _, x := range samples {
			id, ok := ids[x.Key]
			if !ok {
				if id, err = seriesID(ctx, tx, x.Key); err != nil {
					return err
				}
				ids[x.Key] = id
			}
			if _, err := insert.ExecContext(ctx, id, x.At.UnixNano(), x.Attempts, x.Errors5xx, x.ErrorsGRPC, x.ConnectFailed,
				x.Resets, x.Timeouts, x.FallbackServed, x.FallbackFailed, latency(x.Latency), x.Active); err != nil {
				return err
			}
		}
		return nil
	})
}

// seriesID gives the number of a key, which it gets if it has none.
func seriesID(ctx context.Context, tx *sql.Tx, k evidence.Key) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO series (environment, service, number, side, proxy, epoch) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET epoch = epoch RETURNING id`,
		k.Deployment.Service.Environment, k.Deployment.Service.Name, k.Deployment.Number, k.Side, k.Proxy.String(), k.Epoch).Scan(&id)
	return id, err
}

// LoadSamples reads all that an environment has, ascending by time.
func (s *Store) LoadSamples(ctx context.Context, environment string) ([]evidence.Sample, error) {
	all := []evidence.Sample{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT environment, service, number, side, proxy, epoch,
			at, attempts, errors_5xx, errors_grpc, connect_failed, resets, timeouts, fallback_served, fallback_failed, latency, active
			FROM samples JOIN series ON series.id = samples.series WHERE environment = ? ORDER BY at`, environment)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var x evidence.Sample
			var proxy string
			var at int64
			if err := rows.Scan(&x.Deployment.Service.Environment, &x.Deployment.Service.Name, &x.Deployment.Number, &x.Side, &proxy, &x.Epoch,
				&at, &x.Attempts, &x.Errors5xx, &x.ErrorsGRPC, &x.ConnectFailed, &x.Resets, &x.Timeouts, &x.FallbackServed, &x.FallbackFailed,
				(*latency)(&x.Latency), &x.Active); err != nil {
				return err
			}
			if err := x.Proxy.UnmarshalText([]byte(proxy)); err != nil {
				return err
			}
			x.At = time.Unix(0, at).UTC()
			all = append(all, x)
		}
		return rows.Err()
	})
	return all, err
}

// PruneSamples drops what no window of the environment needs that starts at one of the marks, ascending, or after the
// last: of a deployment that is not removed all until the last mark but the last reading until each mark, of a
// removed one all until the last mark.
func (s *Store) PruneSamples(ctx context.Context, environment string, marks []time.Time) error {
	if len(marks) == 0 {
		return nil
	}
	last := marks[len(marks)-1].UnixNano()
	values, args := []string{}, []any{environment, last}
	for _, mark := range marks {
		args = append(args, mark.UnixNano())
		values = append(values, fmt.Sprintf(`(?%d)`, len(args)))
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `WITH marks (mark) AS (VALUES `+strings.Join(values, ", ")+`)
			DELETE FROM samples WHERE series IN (SELECT id FROM series WHERE environment = ?1) AND at <= ?2
			AND EXISTS (SELECT 1 FROM samples x WHERE x.series = samples.series AND x.at > samples.at
				AND x.at <= (SELECT min(mark) FROM marks WHERE mark >= samples.at))`, args...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM samples WHERE at <= ?2 AND series IN (
			SELECT id FROM series s WHERE environment = ?1 AND NOT EXISTS (SELECT 1 FROM deployments d
				WHERE d.environment = s.environment AND d.service = s.service AND d.number = s.number AND d.stage <> 'removed'))`,
			environment, last); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM series WHERE environment = ? AND NOT EXISTS (SELECT 1 FROM samples WHERE samples.series = series.id)`, environment)
		return err
	})
}
