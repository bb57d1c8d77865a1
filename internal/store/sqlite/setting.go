package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"serin.dev/serin/internal/delivery"
)

// Setting reads a value. It fails with delivery.NotFound.
func (s *Store) Setting(ctx context.Context, key string) (value string, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", delivery.Errorf(delivery.NotFound, "there is no setting %q", key)
	}
	return value, outside(err)
}

// SetSetting stores a value.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`, key, value)
		return err
	})
}

// SettingOr reads a value, or stores and gives this one if there is none. Of several at once, one wins and all get it.
func (s *Store) SettingOr(ctx context.Context, key, otherwise string) (value string, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value RETURNING value`, key, otherwise).Scan(&value)
	})
	return value, err
}
