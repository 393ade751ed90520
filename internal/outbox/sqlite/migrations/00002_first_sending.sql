-- +goose Up

-- When a batch was stored, milliseconds since 1970, UTC: it is not sent before that. 0: not known, long ago.
ALTER TABLE batch ADD COLUMN started_at INTEGER NOT NULL DEFAULT 0;
