package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// What is kept of the database itself, by name. It is apart from the migrations: a program that does not know it may ignore it.
const (
	makeMeta   = `CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID`
	readMeta   = `SELECT value FROM meta WHERE name = ?`
	writeMeta  = `INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	anyEntries = `SELECT EXISTS (SELECT 1 FROM entry)`
)

// Meta returns a value of the database, nil if there is none.
func (s *Store) Meta(ctx context.Context, name string) ([]byte, error) {
	if err := s.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer s.endTurn()
	if _, err := s.writer.ExecContext(ctx, makeMeta); err != nil {
		return nil, fmt.Errorf("outbox store: meta: %w", err)
	}
	return metaOf(ctx, s.writer, name)
}

func metaOf(ctx context.Context, db *sql.DB, name string) ([]byte, error) {
	var value []byte
	err := db.QueryRowContext(ctx, readMeta, name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("outbox store: meta: %w", err)
	}
	return value, nil
}

// SetMeta stores values of the database by their names, all or none. Meta must have been called before.
func (s *Store) SetMeta(ctx context.Context, values map[string][]byte) error {
	return s.inTurn(ctx, func(tx *sql.Tx) error {
		for name, value := range values {
			if _, err := tx.ExecContext(ctx, writeMeta, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// inTurn runs one transaction that only this package knows of.
func (s *Store) inTurn(ctx context.Context, change func(tx *sql.Tx) error) (err error) {
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	defer func() { s.note(err) }()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("outbox store: begin: %w", err)
	}
	if err := change(tx); err != nil {
		return errors.Join(fmt.Errorf("outbox store: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("outbox store: commit: %w", err)
	}
	return nil
}

// Exclusive runs f: no other instance has the file.
func (s *Store) Exclusive(ctx context.Context, f func(context.Context) error) error { return f(ctx) }

// HasEntries reports whether anything was ever accepted that is still kept.
func (s *Store) HasEntries(ctx context.Context) (bool, error) {
	var has bool
	if err := s.reader.QueryRowContext(ctx, anyEntries).Scan(&has); err != nil {
		return false, fmt.Errorf("outbox store: count: %w", err)
	}
	return has, nil
}
