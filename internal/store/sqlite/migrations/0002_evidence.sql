-- +goose Up
-- A series is whose counters a sample holds; samples refer to it by its small number.
CREATE TABLE series (
    id          INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    service     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    side        TEXT NOT NULL,
    proxy       TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    UNIQUE (environment, service, number, side, proxy, epoch)
) STRICT;

CREATE TABLE samples (
    series          INTEGER NOT NULL,
    at              INTEGER NOT NULL, -- Unix nanoseconds
    attempts        INTEGER NOT NULL,
    errors_5xx      INTEGER NOT NULL,
    connect_failed  INTEGER NOT NULL,
    resets          INTEGER NOT NULL,
    timeouts        INTEGER NOT NULL,
    fallback_served INTEGER NOT NULL,
    active          INTEGER NOT NULL,
    PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE samples;
DROP TABLE series;
