-- +goose Up
-- How deployments did until now: replaced as a whole.
CREATE TABLE records (
    environment TEXT NOT NULL,
    service     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (environment, service, number)
) STRICT, WITHOUT ROWID;

-- What a rollout is judged by, and what its judge was told.
CREATE TABLE trials (
    rollout INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT;

CREATE TABLE intervals (
    rollout INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (rollout, until)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE intervals;
DROP TABLE trials;
DROP TABLE records;
