package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"serin.dev/serin/internal/delivery"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a SQLite file.
type Store struct {
	writer *sql.DB // one connection
	reader *sql.DB
}

// Open opens the file at path, making it (readable by its owner alone) or bringing its tables up to date first.
// A file that a newer Serin wrote fails with delivery.Invalid.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := private(path); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	writer, err := sql.Open("sqlite", dsn(path, "_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	writer.SetMaxOpenConns(1)
	if err := migrate(ctx, writer); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store %s: %w", path, err), writer.Close())
	}
	reader, err := sql.Open("sqlite", dsn(path, "_pragma=query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store %s: %w", path, err), writer.Close())
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return &Store{writer, reader}, nil
}

// readers is how many connections read at once.
const readers = 4

// Close lets the file go.
func (s *Store) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// private makes the file, if it is not there, for its owner alone: it holds secrets.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func dsn(path, options string) string {
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	return file.String() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&" + options
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return delivery.Errorf(delivery.Invalid, "its tables are of version %d and this Serin knows %d: it was written by a newer Serin; start that one", current, target)
	}
	_, err = provider.Up(ctx)
	return err
}

// write runs do in one writing transaction.
func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	return within(ctx, s.writer, do)
}

// read runs do on one instant of the database.
func (s *Store) read(ctx context.Context, do func(*sql.Tx) error) error {
	return within(ctx, s.reader, do)
}

func within(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return outside(err)
	}
	if err := do(tx); err != nil {
		return errors.Join(outside(err), ignoreDone(tx.Rollback()))
	}
	return outside(tx.Commit())
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// outside gives SQLite's own errors a code: a full disk and a busy file are Unavailable.
func outside(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return delivery.Errorf(delivery.Unavailable, "the store's disk is full: make room: %w", err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return delivery.Errorf(delivery.Unavailable, "the store cannot be used: %w", err)
	}
	return err
}

// taken tells whether an insertion failed because a unique value exists already.
func taken(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// encode writes a record's JSON.
func encode(v any) (string, error) {
	body, err := json.Marshal(v)
	return string(body), err
}

// list reads the JSON records a query gives in its only column.
func list[T any](ctx context.Context, tx *sql.Tx, query string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		var body string
		var one T
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &one); err != nil {
			return nil, fmt.Errorf("reading a stored %T: %w", one, err)
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// one reads the single JSON record a query gives, or fails with delivery.NotFound and the sentence.
func one[T any](ctx context.Context, tx *sql.Tx, missing, query string, args ...any) (T, error) {
	all, err := list[T](ctx, tx, query, args...)
	if err == nil && len(all) == 0 {
		err = delivery.Errorf(delivery.NotFound, "%s", missing)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return all[0], nil
}
