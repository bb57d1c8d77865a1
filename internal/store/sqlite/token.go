package sqlite

import (
	"context"
	"database/sql"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
)

// PutToken stores a new token.
func (s *Store) PutToken(ctx context.Context, t access.Token) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (id, name, role, hash, created) VALUES (?, ?, ?, ?, ?)`,
			t.ID, t.Name, string(t.Role), t.Hash, t.Created.UnixNano())
		if taken(err) {
			return delivery.Errorf(delivery.Conflict, "there is a token %s already", t.ID)
		}
		return err
	})
}

// Token gives the one of an id.
func (s *Store) Token(ctx context.Context, id string) (access.Token, error) {
	tokens, err := s.tokens(ctx, `SELECT id, name, role, hash, created FROM tokens WHERE id = ?`, id)
	if err == nil && len(tokens) == 0 {
		err = noToken(id)
	}
	if err != nil {
		return access.Token{}, err
	}
	return tokens[0], nil
}

// Tokens gives all, by creation and then id.
func (s *Store) Tokens(ctx context.Context) ([]access.Token, error) {
	return s.tokens(ctx, `SELECT id, name, role, hash, created FROM tokens ORDER BY created, id`)
}

// DeleteToken removes the one of an id.
func (s *Store) DeleteToken(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return noToken(id)
	})
}

func (s *Store) tokens(ctx context.Context, query string, args ...any) ([]access.Token, error) {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, outside(err)
	}
	defer rows.Close()
	tokens := []access.Token{}
	for rows.Next() {
		var t access.Token
		var created int64
		if err := rows.Scan(&t.ID, &t.Name, &t.Role, &t.Hash, &created); err != nil {
			return nil, outside(err)
		}
		t.Created = time.Unix(0, created).UTC()
		tokens = append(tokens, t)
	}
	return tokens, outside(rows.Err())
}

func noToken(id string) error {
	return delivery.Errorf(delivery.NotFound, "there is no token %s: `serin token list` shows them", id)
}
