package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
)

// raise makes the file look as if a newer Serin had written it.
func raise(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	return errors.Join(err, db.Close())
}
