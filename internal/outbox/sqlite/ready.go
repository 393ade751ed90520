package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	driversqlite "modernc.org/sqlite"
	sqlitecodes "modernc.org/sqlite/lib"

	"github.com/rowgate/rowgate/internal/outbox"
)

// checkFor bounds the look at the whole file when a store is opened. What it has not reached by then is taken to be well.
const checkFor = 5 * time.Second

// probe is a write that changes nothing that matters.
const probe = `INSERT INTO meta (name, value) VALUES ('probe', x'00') ON CONFLICT (name) DO UPDATE SET value = excluded.value`

// ErrCorrupt is returned by Open for a file that is damaged, or is no SQLite database.
var ErrCorrupt = errors.New("the database file is damaged or not a database of rowgate: restore it from a copy, " +
	"or move it away to begin with an empty one (数据库文件已损坏，或不是 rowgate 的数据库：请从备份恢复，或移走它以新建空库)")

// errMoved is what Ping reports once the file at the store's path is not the one that was opened.
var errMoved = errors.New("the database file was removed or replaced while it was open")

// Ping reports whether the store can be read and stores: the last write succeeded, or a probe of one does now.
func (s *Store) Ping(ctx context.Context) error {
	if s.path != Memory {
		now, err := os.Stat(s.path)
		if err != nil || !os.SameFile(now, s.opened) {
			return errMoved
		}
	}
	if _, _, err := s.Find(ctx, outbox.Lookup{}); err != nil {
		return err
	}
	if !s.broken.Load() {
		return nil
	}
	// A lock of another program is waited for longer than ctx may last, and a wait for a lock does not end with ctx.
	probed := make(chan error, 1)
	s.probes.Go(func() { probed <- s.probe(ctx) })
	select {
	case err := <-probed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) probe(ctx context.Context) error {
	return s.inTurn(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{makeMeta, probe} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// note remembers whether the last write was stored. What a write itself is to blame for says nothing of the store.
func (s *Store) note(err error) {
	switch {
	case err == nil:
		s.broken.Store(false)
	case errors.Is(err, outbox.ErrDuplicate), errors.Is(err, outbox.ErrFenced), errors.Is(err, context.Canceled):
	default:
		s.broken.Store(true)
	}
}

// check looks for damage in the whole file, for checkFor at most.
func check(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, checkFor)
	defer cancel()
	var said string
	err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return named(err)
	case said != "ok":
		return ErrCorrupt
	}
	return nil
}

// named returns ErrCorrupt for an error by which SQLite says that a file is damaged or foreign.
func named(err error) error {
	if failed, ok := errors.AsType[*driversqlite.Error](err); ok {
		switch failed.Code() & 0xff { // without the extended part
		case sqlitecodes.SQLITE_CORRUPT, sqlitecodes.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return err
}
