-- +goose Up

-- What callers asked for. seq is the order of creation; times are milliseconds since 1970, UTC.
CREATE TABLE entry (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    lane       TEXT    NOT NULL,
    tenant     TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    derived    INTEGER NOT NULL,
    print      BLOB    NOT NULL,
    rows       INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    stored     INTEGER NOT NULL, -- bytes of payload and result as they lie here
    delivered  INTEGER NOT NULL,
    keep       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    done_at    INTEGER,          -- NULL until done
    result     BLOB
) STRICT;

-- A key is live until its entry is gone; a derived one only until its entry is done and delivered.
CREATE UNIQUE INDEX entry_live_key ON entry (tenant, key)
    WHERE key <> '' AND (derived = 0 OR delivered = 0 OR done_at IS NULL);

-- Finds what is not done at a start and what has expired, and adds up what is kept without touching the table.
CREATE INDEX entry_done ON entry (done_at, stored);

-- The rows of what is not done; apart from the entry, so that what is kept for repeats stays small.
CREATE TABLE payload (
    entry INTEGER PRIMARY KEY REFERENCES entry ON DELETE CASCADE,
    data  BLOB NOT NULL
) STRICT;

CREATE TABLE batch (
    number       INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    lane         TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    client_token TEXT    NOT NULL,
    plan         BLOB    NOT NULL,
    result       BLOB
) STRICT;

-- Which entries that are not done need a batch. A batch that none needs is deleted.
CREATE TABLE need (
    entry INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
    batch INTEGER NOT NULL REFERENCES batch ON DELETE CASCADE,
    PRIMARY KEY (entry, batch)
) STRICT, WITHOUT ROWID;

CREATE INDEX need_batch ON need (batch);
