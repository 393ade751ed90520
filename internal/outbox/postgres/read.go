package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/outbox"
)

// expireChunk is how many entries Expire deletes in one transaction, so that it delays others by milliseconds only.
const expireChunk = 500

const (
	entryColumns = `id, lane, tenant, key, derived, print, rows, bytes, delivered, keep, created_at, done_at, result`

	findByKey = `SELECT ` + entryColumns + `, NULL::bytea FROM rowgate.entry WHERE tenant = $1 AND key = $2
AND key <> '' AND (NOT derived OR NOT delivered OR done_at IS NULL)`
	findByID  = `SELECT ` + entryColumns + `, NULL::bytea FROM rowgate.entry WHERE id = $1`
	findWhole = `SELECT ` + entryColumns + `, payload FROM rowgate.entry WHERE id = $1`

	loadEntries = `SELECT ` + entryColumns + `, NULL::bytea FROM rowgate.entry
WHERE done_at IS NULL AND ($1 = '' OR lane = $1) ORDER BY lane, seq`

	loadBatches = `SELECT batch.number, batch.id, batch.lane, batch.seq, batch.client_token, batch.started_at, batch.plan, batch.result,
	entry.id
FROM rowgate.batch JOIN rowgate.need ON need.batch = batch.number JOIN rowgate.entry ON entry.seq = need.entry
WHERE $1 = '' OR batch.lane = $1 ORDER BY batch.lane, batch.seq, batch.number, entry.seq`

	countKept = `SELECT count(*), coalesce(sum(stored), 0)::bigint FROM rowgate.entry`

	// countTenants walks the table: it is asked only while most of what may be kept is.
	countTenants = `SELECT tenant FROM rowgate.entry GROUP BY tenant HAVING count(*) > $1 OR sum(stored) > $2 ORDER BY tenant`

	expireEntries = `DELETE FROM rowgate.entry WHERE seq IN
(SELECT seq FROM rowgate.entry WHERE done_at < $1 ORDER BY done_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

	touchWriter = `UPDATE rowgate.writer SET used_at = now() WHERE id = $1`
)

// Find implements outbox.Store.
func (s *Store) Find(ctx context.Context, by outbox.Lookup) (entry outbox.Entry, found bool, err error) {
	text, args := findByID, []any{by.ID}
	switch {
	case by.Key != "":
		text, args = findByKey, []any{by.Tenant, by.Key}
	case by.Payload:
		text = findWhole
	}
	err = s.read(ctx, func(ctx context.Context) error {
		entry, err = scanEntry(s.pool.QueryRow(ctx, text, args...))
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return outbox.Entry{}, false, nil
	case err != nil:
		return outbox.Entry{}, false, fmt.Errorf("outbox store: find: %w", err)
	}
	return entry, true, nil
}

// read runs f, and again while the server cannot be reached, for readFor.
func (s *Store) read(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := f(ctx)
		if err == nil || !isLost(err) && !isConflict(err) || backoff.Wait(ctx, reconnect.Delay(attempt)) != nil {
			return err
		}
	}
}

// Load implements outbox.Store. Entries and batches are of one instant, and come in one round trip.
func (s *Store) Load(ctx context.Context, lane string) (entries []outbox.Entry, batches []outbox.Batch, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		entries, batches = nil, nil
		var batch pgx.Batch
		batch.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
		batch.Queue(loadEntries, lane).Query(func(rows pgx.Rows) (err error) {
			entries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (outbox.Entry, error) { return scanEntry(row) })
			return err
		})
		batch.Queue(loadBatches, lane).Query(func(rows pgx.Rows) (err error) {
			batches, err = foldBatches(rows)
			return err
		})
		batch.Queue(`COMMIT`)
		return s.pool.SendBatch(ctx, &batch).Close() // after an error the pool drops the connection, with its transaction
	})
	if err != nil {
		return nil, nil, fmt.Errorf("outbox store: load: %w", err)
	}
	return entries, batches, nil
}

// foldBatches reads one row a batch and entry and folds the rows of a batch.
func foldBatches(rows pgx.Rows) (batches []outbox.Batch, err error) {
	var b outbox.Batch
	var number, last, started int64
	var entry string
	_, err = pgx.ForEachRow(rows, []any{
		&number, &b.ID, &b.Lane, &b.Seq, &b.ClientToken, &started, &b.Plan, &b.Result, &entry,
	}, func() error {
		if number != last {
			b.StartedAt = time.Time{}
			if started != 0 {
				b.StartedAt = time.UnixMilli(started).UTC()
			}
			batches, last = append(batches, b), number
		}
		current := &batches[len(batches)-1]
		current.Entries = append(current.Entries, entry)
		return nil
	})
	return batches, err
}

func scanEntry(row pgx.Row) (outbox.Entry, error) {
	var e outbox.Entry
	var created int64
	var done *int64
	err := row.Scan(&e.ID, &e.Lane, &e.Tenant, &e.Key, &e.Derived, &e.Print, &e.Rows, &e.Bytes,
		&e.Delivered, &e.Keep, &created, &done, &e.Result, &e.Payload)
	if err != nil {
		return outbox.Entry{}, err
	}
	e.CreatedAt = time.UnixMilli(created).UTC()
	if done != nil {
		e.DoneAt = time.UnixMilli(*done).UTC()
	}
	return e, nil
}

// Expire implements outbox.Store. It deletes in chunks, each a transaction. Several instances may do so at once.
func (s *Store) Expire(ctx context.Context, before time.Time, share outbox.Kept) (kept outbox.Kept, crowding []string, err error) {
	if _, err := s.pool.Exec(ctx, touchWriter, s.writer); err != nil {
		return outbox.Kept{}, nil, fmt.Errorf("outbox store: expire: %w", err)
	}
	for more := true; more; {
		deleted, err := s.pool.Exec(ctx, expireEntries, before.UnixMilli(), expireChunk)
		if err != nil {
			return outbox.Kept{}, nil, fmt.Errorf("outbox store: expire: %w", err)
		}
		more = deleted.RowsAffected() == expireChunk
	}
	err = s.pool.QueryRow(ctx, countKept).Scan(&kept.Entries, &kept.Bytes)
	if err == nil && (kept.Entries > share.Entries || kept.Bytes > share.Bytes) { // else nobody can have more
		var rows pgx.Rows
		if rows, err = s.pool.Query(ctx, countTenants, share.Entries, share.Bytes); err == nil {
			crowding, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
	}
	if err != nil {
		return outbox.Kept{}, nil, fmt.Errorf("outbox store: count what is kept: %w", err)
	}
	return kept, crowding, nil
}
