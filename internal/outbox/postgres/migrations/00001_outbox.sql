-- +goose Up

-- What callers asked for. seq is the order of creation; times are milliseconds since 1970, UTC. Payload and result are sealed, so that
-- compressing them is in vain; large ones lie apart from the row by themselves.
CREATE TABLE rowgate.entry (
    seq        bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text    COLLATE "C" NOT NULL UNIQUE,
    lane       text    COLLATE "C" NOT NULL,
    tenant     text    COLLATE "C" NOT NULL,
    key        text    COLLATE "C" NOT NULL,
    derived    boolean NOT NULL,
    print      bytea   NOT NULL,
    rows       bigint  NOT NULL,
    bytes      bigint  NOT NULL,
    stored     bigint  NOT NULL, -- bytes of payload and result as they lie here
    delivered  boolean NOT NULL,
    keep       boolean NOT NULL,
    created_at bigint  NOT NULL,
    done_at    bigint,           -- NULL until done
    payload    bytea,            -- NULL once done
    result     bytea
);
ALTER TABLE rowgate.entry ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE rowgate.entry ALTER COLUMN result SET STORAGE EXTERNAL;

-- A key is live until its entry is gone; a derived one only until its entry is done and delivered.
CREATE UNIQUE INDEX entry_live_key ON rowgate.entry (tenant, key)
    WHERE key <> '' AND (NOT derived OR NOT delivered OR done_at IS NULL);

-- Finds what is not done: of a lane, or the lanes of all that is open.
CREATE INDEX entry_open ON rowgate.entry (lane, seq) WHERE done_at IS NULL;

-- Finds what has expired, and adds up what is kept without touching the table.
CREATE INDEX entry_done ON rowgate.entry (done_at, stored);

CREATE TABLE rowgate.batch (
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           text   COLLATE "C" NOT NULL UNIQUE,
    lane         text   COLLATE "C" NOT NULL,
    seq          bigint NOT NULL,
    client_token text   NOT NULL,
    started_at   bigint NOT NULL, -- when it was stored; 0: not known
    plan         bytea  NOT NULL,
    result       bytea
);
ALTER TABLE rowgate.batch ALTER COLUMN plan SET STORAGE EXTERNAL;
ALTER TABLE rowgate.batch ALTER COLUMN result SET STORAGE EXTERNAL;

-- Which entries that are not done need a batch. A batch that none needs is deleted.
CREATE TABLE rowgate.need (
    entry bigint NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (entry, batch)
);
CREATE INDEX need_batch ON rowgate.need (batch);

-- Who runs a lane. The token grows with each lease; changes that rest on an older one are refused.
CREATE TABLE rowgate.lease (
    lane   text    COLLATE "C" PRIMARY KEY,
    token  bigint  NOT NULL,
    holder bigint,                        -- instance.number; NULL for none
    wanted boolean NOT NULL DEFAULT false -- another instance has stored something of the lane, or wants it
);
CREATE INDEX lease_holder ON rowgate.lease (holder) WHERE holder IS NOT NULL;

-- The instances that run. The leases of one end with its time.
CREATE TABLE rowgate.instance (
    number bigint      PRIMARY KEY,           -- also its advisory lock
    name   text        NOT NULL,              -- as /healthz says it
    keys   text[]      NOT NULL,              -- ids of the keys that it has; the first seals
    locked boolean     NOT NULL DEFAULT false, -- it holds the advisory lock of its number by a connection of its own
    until  timestamptz NOT NULL
);

-- The number of the last transaction of each program that writes, by which it learns whether one was committed whose answer it did
-- not get.
CREATE TABLE rowgate.writer (
    id      bigint      PRIMARY KEY,
    applied bigint      NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now()
);

-- What is kept of the database itself.
CREATE TABLE rowgate.meta (
    name  text  PRIMARY KEY,
    value bytea NOT NULL
);

-- expect ends the transaction with the code unless ok holds.
-- +goose StatementBegin
CREATE FUNCTION rowgate.expect(ok boolean, code text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF ok IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = code, MESSAGE = what;
    END IF;
END
$$;
-- +goose StatementEnd

-- recall makes entries undelivered again, but for those whose key another entry has by now.
-- +goose StatementBegin
CREATE FUNCTION rowgate.recall(ids text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ids LOOP
        BEGIN
            UPDATE rowgate.entry SET delivered = false WHERE id = one AND delivered;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;
-- +goose StatementEnd
