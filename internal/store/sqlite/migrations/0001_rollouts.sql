-- +goose Up
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- An environment that is gone stays as a row, so that its generation never starts again.
CREATE TABLE environments (
    name         TEXT PRIMARY KEY,
    generation   INTEGER NOT NULL,
    gateway_port INTEGER,          -- NULL: no gateway, or gone
    gone         INTEGER NOT NULL DEFAULT 0,
    body         TEXT NOT NULL,
    seen         TEXT NOT NULL DEFAULT '{}'  -- the engine's last look
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX environments_gateway ON environments (gateway_port) WHERE gateway_port IS NOT NULL;

-- Every name ever mentioned in an environment has an address for ever.
CREATE TABLE names (
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    address     INTEGER NOT NULL UNIQUE, -- the IPv4 address as a number
    PRIMARY KEY (environment, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE services (
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (environment, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE deployments (
    environment TEXT NOT NULL,
    service     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    stage       TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (environment, service, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX deployments_there ON deployments (environment) WHERE stage <> 'removed';

CREATE TABLE rollouts (
    id          INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    service     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'active', 'ended')),
    version     INTEGER NOT NULL,
    body        TEXT NOT NULL,
    UNIQUE (environment, service, number)
) STRICT;
CREATE UNIQUE INDEX rollouts_one_active  ON rollouts (environment, service) WHERE state = 'active';
CREATE UNIQUE INDEX rollouts_one_pending ON rollouts (environment, service) WHERE state = 'pending';

CREATE TABLE events (
    rollout INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL, -- Unix nanoseconds, as all times that are columns
    since   INTEGER NOT NULL,
    phase   TEXT NOT NULL,
    input   TEXT NOT NULL,
    output  TEXT NOT NULL,
    error   TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (rollout, seq)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE events;
DROP TABLE rollouts;
DROP TABLE deployments;
DROP TABLE services;
DROP TABLE names;
DROP TABLE environments;
DROP TABLE settings;
