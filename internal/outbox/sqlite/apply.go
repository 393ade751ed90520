package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// The statements of Apply. Lists of ids are one JSON array, so that a list of any length is one statement. CROSS JOIN
// is SQLite's way to say that the list is walked and the table looked up, never the other way round.
const (
	insertEntry = `INSERT INTO entry (id, lane, tenant, key, derived, print, rows, bytes, stored, delivered, keep, created_at, done_at, result)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, key) WHERE key <> '' AND (derived = 0 OR delivered = 0 OR done_at IS NULL) DO NOTHING`

	insertPayload = `INSERT INTO payload (entry, data) VALUES (?, ?)`

	insertBatch = `INSERT INTO batch (id, lane, seq, client_token, started_at, plan, result) VALUES (?, ?, ?, ?, ?, ?, ?)`

	insertNeeds = `INSERT INTO need (entry, batch)
SELECT entry.seq, ?2 FROM json_each(?1) AS ids CROSS JOIN entry ON entry.id = ids.value WHERE entry.done_at IS NULL`

	finishBatch = `UPDATE batch SET result = ? WHERE id = ?`

	endEntry = `UPDATE entry SET result = ?1, done_at = ?2, stored = ?3 WHERE id = ?4`

	dropPayloads = `DELETE FROM payload WHERE entry IN (SELECT entry.seq FROM json_each(?) AS ids CROSS JOIN entry ON entry.id = ids.value)`

	markDelivered = `UPDATE entry SET delivered = 1 WHERE id IN (SELECT value FROM json_each(?))`

	// markRecalled passes over an entry whose key another one has by now.
	markRecalled = `UPDATE OR IGNORE entry SET delivered = 0 WHERE id IN (SELECT value FROM json_each(?))`

	markKeep = `UPDATE entry SET keep = 1 WHERE id IN (SELECT value FROM json_each(?))`

	// dropBatches deletes the batches of the entries ?1 that no entry but those needs.
	dropBatches = `WITH closing AS MATERIALIZED (SELECT entry.seq FROM json_each(?1) AS ids CROSS JOIN entry ON entry.id = ids.value)
DELETE FROM batch WHERE number IN (SELECT batch FROM need WHERE entry IN closing)
AND NOT EXISTS (SELECT 1 FROM need WHERE need.batch = batch.number AND need.entry NOT IN closing)`

	dropNeeds = `DELETE FROM need WHERE entry IN (SELECT entry.seq FROM json_each(?) AS ids CROSS JOIN entry ON entry.id = ids.value)`

	forgetEntries = `DELETE FROM entry WHERE id IN (SELECT value FROM json_each(?))`
)

type writeStatements struct {
	insertEntry, insertPayload, insertBatch, insertNeeds, finishBatch, endEntry,
	dropPayloads, markDelivered, markRecalled, markKeep, dropBatches, dropNeeds, forgetEntries, expireEntries *sql.Stmt
}

func (w *writeStatements) prepare(ctx context.Context, db *sql.DB) error {
	return prepareAll(ctx, db, map[**sql.Stmt]string{
		&w.insertEntry:   insertEntry,
		&w.insertPayload: insertPayload,
		&w.insertBatch:   insertBatch,
		&w.insertNeeds:   insertNeeds,
		&w.finishBatch:   finishBatch,
		&w.endEntry:      endEntry,
		&w.dropPayloads:  dropPayloads,
		&w.markDelivered: markDelivered,
		&w.markRecalled:  markRecalled,
		&w.markKeep:      markKeep,
		&w.dropBatches:   dropBatches,
		&w.dropNeeds:     dropNeeds,
		&w.forgetEntries: forgetEntries,
		&w.expireEntries: expireEntries,
	})
}

// prepareAll prepares each text into its place. The statements are closed with db.
func prepareAll(ctx context.Context, db *sql.DB, texts map[**sql.Stmt]string) error {
	for place, text := range texts {
		stmt, err := db.PrepareContext(ctx, text) //nolint:sqlclosecheck // closed with db
		if err != nil {
			return err
		}
		*place = stmt
	}
	return nil
}

// Apply implements outbox.Store. ctx bounds the wait for the writer's turn; a transaction that has begun is ended.
func (s *Store) Apply(ctx context.Context, changes *outbox.Changes) (err error) {
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	defer func() { s.note(err) }()
	if err := s.fences.Check(changes.Fences); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if len(changes.Recalled) > 0 {
		s.keys.forget() // they may be live again
	}
	defer s.readKeys()
	if err := s.setSync(ctx, changes.Volatile); err != nil {
		return fmt.Errorf("outbox store: %w", err)
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("outbox store: begin: %w", err)
	}
	if err := s.change(ctx, tx, changes); err != nil {
		return errors.Join(fmt.Errorf("outbox store: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("outbox store: commit: %w", err)
	}
	return nil
}

// setSync sets whether the writer's next commits are synced; the caller has the turn.
func (s *Store) setSync(ctx context.Context, lax bool) error {
	if s.lax == lax {
		return nil
	}
	mode := "PRAGMA synchronous = FULL"
	if lax {
		mode = "PRAGMA synchronous = NORMAL"
	}
	if _, err := s.writer.ExecContext(ctx, mode); err != nil {
		return err
	}
	s.lax = lax
	return nil
}

// takeTurn waits until no other transaction writes; the caller ends the turn.
func (s *Store) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) endTurn() { <-s.turn }

func (s *Store) change(ctx context.Context, tx *sql.Tx, changes *outbox.Changes) error {
	if err := s.insert(ctx, tx, changes.Insert); err != nil {
		return err
	}
	if err := s.start(ctx, tx, changes.Start); err != nil {
		return err
	}
	if err := s.finish(ctx, tx, changes.Finish); err != nil {
		return err
	}
	if err := s.end(ctx, tx, changes.Done); err != nil {
		return err
	}
	if err := forAll(ctx, tx, changes.Delivered, s.write.markDelivered); err != nil {
		return err
	}
	if err := forAll(ctx, tx, changes.Recalled, s.write.markRecalled); err != nil {
		return err
	}
	if err := forAll(ctx, tx, changes.Keep, s.write.markKeep); err != nil {
		return err
	}
	return forAll(ctx, tx, changes.Forget, s.write.dropBatches, s.write.forgetEntries)
}

func (s *Store) insert(ctx context.Context, tx *sql.Tx, entries []outbox.Entry) error {
	for i := range entries {
		e := &entries[i]
		s.keys.add(e.Tenant, e.Key)
		inserted, err := run(ctx, tx, s.write.insertEntry, e.ID, e.Lane, e.Tenant, e.Key, e.Derived, notNil(e.Print), e.Rows, e.Bytes,
			len(e.Payload)+len(e.Result), e.Delivered, e.Keep, e.CreatedAt.UnixMilli(), millis(e.DoneAt), e.Result)
		if err != nil {
			return fmt.Errorf("insert entry %s: %w", e.ID, err)
		}
		if n, _ := inserted.RowsAffected(); n == 0 {
			return fmt.Errorf("insert entry %s: %w", e.ID, outbox.ErrDuplicate)
		}
		seq, _ := inserted.LastInsertId() // the driver never fails here, nor in RowsAffected
		if _, err := run(ctx, tx, s.write.insertPayload, seq, notNil(e.Payload)); err != nil {
			return fmt.Errorf("insert payload of entry %s: %w", e.ID, err)
		}
	}
	return nil
}

func (s *Store) start(ctx context.Context, tx *sql.Tx, batches []outbox.Batch) error {
	for i := range batches {
		b := &batches[i]
		startedAt := int64(0)
		if !b.StartedAt.IsZero() {
			startedAt = b.StartedAt.UnixMilli()
		}
		inserted, err := run(ctx, tx, s.write.insertBatch, b.ID, b.Lane, b.Seq, b.ClientToken, startedAt, notNil(b.Plan), b.Result)
		if err != nil {
			return fmt.Errorf("start batch %s: %w", b.ID, err)
		}
		number, _ := inserted.LastInsertId()
		needs, err := run(ctx, tx, s.write.insertNeeds, jsonList(b.Entries), number)
		if err != nil {
			return fmt.Errorf("start batch %s: %w", b.ID, err)
		}
		if n, _ := needs.RowsAffected(); n == 0 || n != int64(len(b.Entries)) {
			return fmt.Errorf("start batch %s: %d of its %d entries wait to be written", b.ID, n, len(b.Entries))
		}
	}
	return nil
}

func (s *Store) finish(ctx context.Context, tx *sql.Tx, results []outbox.BatchResult) error {
	for _, r := range results {
		finished, err := run(ctx, tx, s.write.finishBatch, notNil(r.Result), r.ID)
		if err != nil {
			return fmt.Errorf("finish batch %s: %w", r.ID, err)
		}
		if n, _ := finished.RowsAffected(); n == 0 {
			return fmt.Errorf("finish batch %s: there is none", r.ID)
		}
	}
	return nil
}

func (s *Store) end(ctx context.Context, tx *sql.Tx, results []outbox.EntryResult) error {
	ids := make([]string, len(results))
	for i, r := range results {
		ended, err := run(ctx, tx, s.write.endEntry, notNil(r.Result), millis(r.DoneAt), len(r.Result), r.ID)
		if err != nil {
			return fmt.Errorf("end entry %s: %w", r.ID, err)
		}
		if n, _ := ended.RowsAffected(); n == 0 {
			return fmt.Errorf("end entry %s: there is none", r.ID)
		}
		ids[i] = r.ID
	}
	return forAll(ctx, tx, ids, s.write.dropPayloads, s.write.dropBatches, s.write.dropNeeds)
}

// forAll runs each statement with all ids; ids that are not there are passed over.
func forAll(ctx context.Context, tx *sql.Tx, ids []string, stmts ...*sql.Stmt) error {
	if len(ids) == 0 {
		return nil
	}
	list := jsonList(ids)
	for _, stmt := range stmts {
		if _, err := run(ctx, tx, stmt, list); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, tx *sql.Tx, stmt *sql.Stmt, args ...any) (sql.Result, error) {
	return tx.StmtContext(ctx, stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // closed with tx
}

func jsonList(ids []string) string {
	list, _ := json.Marshal(ids) // strings always marshal
	return string(list)
}

// millis is the instant as stored: NULL for the zero time.
func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// notNil keeps an empty value apart from NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
