package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// expireChunk is how many entries Expire deletes in one transaction, so that it delays an Apply by milliseconds only.
const expireChunk = 500

const (
	entryColumns = `entry.id, entry.lane, entry.tenant, entry.key, entry.derived, entry.print, entry.rows, entry.bytes,
entry.delivered, entry.keep, entry.created_at, entry.done_at, entry.result`

	selectEntry = `SELECT ` + entryColumns + `, NULL FROM entry` // without the payload

	findByKey = selectEntry + ` WHERE entry.tenant = ? AND entry.key = ?
AND entry.key <> '' AND (entry.derived = 0 OR entry.delivered = 0 OR entry.done_at IS NULL)`

	findByID = selectEntry + ` WHERE entry.id = ?`

	findWhole = `SELECT ` + entryColumns + `, payload.data FROM entry LEFT JOIN payload ON payload.entry = entry.seq WHERE entry.id = ?`

	loadEntries = selectEntry + ` WHERE entry.done_at IS NULL AND (?1 = '' OR entry.lane = ?1) ORDER BY entry.lane, entry.seq`

	loadBatches = `SELECT batch.number, batch.id, batch.lane, batch.seq, batch.client_token, batch.started_at, batch.plan, batch.result,
		entry.id
FROM batch JOIN need ON need.batch = batch.number JOIN entry ON entry.seq = need.entry
WHERE ?1 = '' OR batch.lane = ?1 ORDER BY batch.lane, batch.seq, batch.number, entry.seq`

	countKept = `SELECT count(*), ifnull(sum(stored), 0) FROM entry`

	// countTenants walks the table: it is asked only while most of what may be kept is.
	countTenants = `SELECT tenant FROM entry GROUP BY tenant HAVING count(*) > ?1 OR sum(stored) > ?2 ORDER BY tenant`

	expireEntries = `DELETE FROM entry WHERE seq IN (SELECT seq FROM entry WHERE done_at < ? ORDER BY done_at LIMIT ?)`
)

type readStatements struct {
	findByKey, findByID, findWhole, loadEntries, loadBatches, countKept, countTenants, scanLiveKeys *sql.Stmt
}

func (r *readStatements) prepare(ctx context.Context, db *sql.DB) error {
	return prepareAll(ctx, db, map[**sql.Stmt]string{
		&r.findByKey:    findByKey,
		&r.findByID:     findByID,
		&r.findWhole:    findWhole,
		&r.loadEntries:  loadEntries,
		&r.loadBatches:  loadBatches,
		&r.countKept:    countKept,
		&r.scanLiveKeys: scanLiveKeys,
		&r.countTenants: countTenants,
	})
}

// Find implements outbox.Store.
func (s *Store) Find(ctx context.Context, by outbox.Lookup) (outbox.Entry, bool, error) {
	row := s.read.findByID.QueryRowContext
	args := []any{by.ID}
	switch {
	case by.Key != "":
		if !s.keys.mayHave(by.Tenant, by.Key) {
			return outbox.Entry{}, false, nil
		}
		row, args = s.read.findByKey.QueryRowContext, []any{by.Tenant, by.Key}
	case by.Payload:
		row = s.read.findWhole.QueryRowContext
	}
	entry, err := scanEntry(row(ctx, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return outbox.Entry{}, false, nil
	case err != nil:
		return outbox.Entry{}, false, fmt.Errorf("outbox store: find: %w", err)
	}
	return entry, true, nil
}

// Load implements outbox.Store. Entries and batches are of one instant.
func (s *Store) Load(ctx context.Context, lane string) (_ []outbox.Entry, _ []outbox.Batch, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("outbox store: load: %w", err)
		}
	}()
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	entries, err := queryEntries(ctx, tx.StmtContext(ctx, s.read.loadEntries), lane)
	if err != nil {
		return nil, nil, err
	}
	batches, err := queryBatches(ctx, tx.StmtContext(ctx, s.read.loadBatches), lane)
	return entries, batches, err
}

func queryEntries(ctx context.Context, stmt *sql.Stmt, lane string) (entries []outbox.Entry, err error) {
	rows, err := stmt.QueryContext(ctx, lane)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		entry, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, rows.Err()
}

// queryBatches reads one row a batch and entry and folds the rows of a batch.
func queryBatches(ctx context.Context, stmt *sql.Stmt, lane string) (batches []outbox.Batch, err error) {
	rows, err := stmt.QueryContext(ctx, lane)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var last int64
	for rows.Next() {
		var b outbox.Batch
		var number int64
		var entry string
		var started int64
		if err := rows.Scan(&number, &b.ID, &b.Lane, &b.Seq, &b.ClientToken, &started, &b.Plan, &b.Result, &entry); err != nil {
			return nil, err
		}
		if started != 0 {
			b.StartedAt = time.UnixMilli(started).UTC()
		}
		if number != last {
			batches, last = append(batches, b), number
		}
		current := &batches[len(batches)-1]
		current.Entries = append(current.Entries, entry)
	}
	return batches, rows.Err()
}

func scanEntry(row interface{ Scan(...any) error }) (outbox.Entry, error) {
	var e outbox.Entry
	var created int64
	var done sql.NullInt64
	err := row.Scan(&e.ID, &e.Lane, &e.Tenant, &e.Key, &e.Derived, &e.Print, &e.Rows, &e.Bytes,
		&e.Delivered, &e.Keep, &created, &done, &e.Result, &e.Payload)
	if err != nil {
		return outbox.Entry{}, err
	}
	e.CreatedAt = time.UnixMilli(created).UTC()
	if done.Valid {
		e.DoneAt = time.UnixMilli(done.Int64).UTC()
	}
	return e, nil
}

// Expire implements outbox.Store. It deletes in chunks, each a transaction, and lets Apply calls in between.
func (s *Store) Expire(ctx context.Context, before time.Time, share outbox.Kept) (kept outbox.Kept, crowding []string, err error) {
	for {
		n, err := s.expireChunk(ctx, before)
		if err != nil {
			return outbox.Kept{}, nil, fmt.Errorf("outbox store: expire: %w", err)
		}
		if n < expireChunk {
			break
		}
	}
	err = s.read.countKept.QueryRowContext(ctx).Scan(&kept.Entries, &kept.Bytes)
	if err == nil && (kept.Entries > share.Entries || kept.Bytes > share.Bytes) { // else nobody can have more
		crowding, err = s.crowding(ctx, share)
	}
	if err != nil {
		return outbox.Kept{}, nil, fmt.Errorf("outbox store: count what is kept: %w", err)
	}
	return kept, crowding, nil
}

// crowding returns the tenants of which more than share is kept.
func (s *Store) crowding(ctx context.Context, share outbox.Kept) (tenants []string, err error) {
	rows, err := s.read.countTenants.QueryContext(ctx, share.Entries, share.Bytes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var tenant string
		if err := rows.Scan(&tenant); err != nil {
			return nil, err
		}
		tenants = append(tenants, tenant)
	}
	return tenants, rows.Err()
}

func (s *Store) expireChunk(ctx context.Context, before time.Time) (int64, error) {
	if err := s.takeTurn(ctx); err != nil {
		return 0, err
	}
	defer s.endTurn()
	if err := s.setSync(context.WithoutCancel(ctx), true); err != nil {
		return 0, err
	}
	expired, err := s.write.expireEntries.ExecContext(context.WithoutCancel(ctx), before.UnixMilli(), expireChunk)
	if err != nil {
		return 0, err
	}
	return expired.RowsAffected()
}
