-- +goose Up
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    environment TEXT NOT NULL,
    service     TEXT NOT NULL,
    push        TEXT NOT NULL UNIQUE,  -- a push that is delivered twice is one run
    ended       INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    body        TEXT NOT NULL
) STRICT;
CREATE INDEX runs_open ON runs (id) WHERE ended = 0;
CREATE INDEX runs_of_service ON runs (environment, service, id);

CREATE TABLE pipelines (
    environment TEXT NOT NULL,
    service     TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (environment, service)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE pipelines;
DROP TABLE runs;
