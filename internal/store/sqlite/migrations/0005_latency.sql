-- +goose Up
ALTER TABLE samples ADD COLUMN errors_grpc     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE samples ADD COLUMN fallback_failed INTEGER NOT NULL DEFAULT 0;
-- The buckets as varints, those after the last that is not zero left out; NULL when all are zero.
ALTER TABLE samples ADD COLUMN latency         BLOB;

-- +goose Down
ALTER TABLE samples DROP COLUMN latency;
ALTER TABLE samples DROP COLUMN fallback_failed;
ALTER TABLE samples DROP COLUMN errors_grpc;
