-- +goose Up
CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    hash    BLOB NOT NULL,     -- SHA-256 of the secret, which is not here
    created INTEGER NOT NULL   -- Unix nanoseconds
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE tokens;
