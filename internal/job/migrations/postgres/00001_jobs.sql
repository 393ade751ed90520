-- +goose Up

SET LOCAL search_path = rowgate;

-- What has to be done. seq is the order of enqueueing; times are milliseconds since 1970, UTC, and 0 for none.
CREATE TABLE job (
    seq           BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    lane          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    tenant        TEXT    NOT NULL, -- an opaque digest
    slot          TEXT    NOT NULL, -- a digest of what it is unique by; '' for none
    brief         BIGINT  NOT NULL, -- 1: the slot is free again once the job has ended
    state         TEXT    NOT NULL, -- waiting, done, dead, cancelled
    tries         BIGINT  NOT NULL,
    code          TEXT    NOT NULL, -- of the last failure
    bytes         BIGINT  NOT NULL, -- of the payload as it lies here
    payload       BYTEA   NOT NULL, -- sealed
    created_at    BIGINT  NOT NULL,
    due_at        BIGINT  NOT NULL,
    failing_since BIGINT  NOT NULL,
    ended_at      BIGINT  NOT NULL
);

CREATE UNIQUE INDEX job_slot ON job (kind, slot) WHERE slot <> '';
CREATE INDEX job_lane_order ON job (lane, seq) WHERE state = 'waiting';
CREATE INDEX job_due ON job (due_at) WHERE state = 'waiting';
-- Adds up what is kept, and finds what has been kept for long enough, without touching the table.
CREATE INDEX job_state ON job (state, ended_at, bytes);

-- A lane is what is worked on by one at a time: one job, or all jobs of one kind and key.
CREATE TABLE job_lane (
    name       TEXT    PRIMARY KEY,
    kind       TEXT    NOT NULL,
    ticket     BIGINT  NOT NULL, -- the queue's ticket that may work on it; every other one is void
    run        BIGINT  NOT NULL, -- the fence: it grows with every claim
    dirty      BIGINT  NOT NULL, -- grows with every enqueueing
    held_until BIGINT  NOT NULL  -- until when a claim may be at work; 0 for none
);

CREATE TABLE job_schedule (
    name    TEXT    PRIMARY KEY,
    kind    TEXT    NOT NULL,
    tenant  TEXT    NOT NULL,
    cadence TEXT    NOT NULL,
    payload BYTEA   NOT NULL, -- sealed
    next_at BIGINT  NOT NULL
);

CREATE INDEX job_schedule_next ON job_schedule (next_at);

-- The instances that work here, and when each was last alive by the clock of the database.
CREATE TABLE job_instance (
    name    TEXT    PRIMARY KEY,
    seen_at BIGINT  NOT NULL
);
