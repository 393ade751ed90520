package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"

	driversqlite "modernc.org/sqlite"
	sqlitecodes "modernc.org/sqlite/lib"
)

// ErrInUse is returned by Open for a file that is open already: two engines on one file would send rows twice.
var ErrInUse = errors.New("the database is in use by another rowgate; stop that one, or give this one a ROWGATE_DATABASE_URL of its own")

// fileLock holds a file for this process. It is an empty SQLite database under an exclusive transaction: SQLite's own
// locks work on every system that it runs on, and the kernel drops them when the process dies, however it dies.
type fileLock struct {
	db *sql.DB
	tx *sql.Tx
}

// lockFile takes the lock at path, at once or not at all.
func lockFile(ctx context.Context, path string) (*fileLock, error) {
	path, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(driver, dsn(path, url.Values{"_txlock": {"exclusive"}}))
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil) // outlives ctx
	if err != nil {
		if failed, ok := errors.AsType[*driversqlite.Error](err); ok && failed.Code() == sqlitecodes.SQLITE_BUSY {
			err = ErrInUse
		}
		return nil, errors.Join(err, db.Close())
	}
	return &fileLock{db: db, tx: tx}, nil
}

// release gives the lock free; the file stays. It may be called twice, and on nil.
func (l *fileLock) release() error {
	if l == nil {
		return nil
	}
	if err := l.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return errors.Join(err, l.db.Close())
	}
	return l.db.Close()
}
