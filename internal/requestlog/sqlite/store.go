// Package sqlite keeps the request log in a SQLite file of its own, so that it takes no turn and no sync of the outbox's. A power cut
// may undo the last lines; it never harms the file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/rowgate/rowgate/internal/requestlog"
)

// Memory is the path of a store that ends with Close.
const Memory = ":memory:"

// CacheKiB is the page cache of the one connection.
const CacheKiB = 512

const (
	busyTimeoutMillis = 5_000
	journalLimitBytes = 4 << 20
	fileMode          = os.FileMode(0o600)
)

// schema is made at every start. Of a later version's tables nothing is changed.
const schema = `
CREATE TABLE IF NOT EXISTS block (
	first  INTEGER PRIMARY KEY, -- number of its first line
	lines  INTEGER NOT NULL,
	last   INTEGER NOT NULL,    -- ms
	sealed BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS content (
	request_id TEXT PRIMARY KEY,
	at         INTEGER NOT NULL, -- ms
	sealed     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS content_at ON content (at);
`

// Store is a requestlog.Store and a requestlog.Contents. It is safe for concurrent use.
type Store struct{ db *sql.DB }

var (
	_ requestlog.Store    = (*Store)(nil)
	_ requestlog.Contents = (*Store)(nil)
)

// Open opens the file, made with mode 0600 if it is not there. The caller closes the store.
func Open(ctx context.Context, path string) (*Store, error) {
	name := "file::memory:"
	if path != Memory {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		file, err := os.OpenFile(absolute, os.O_RDWR|os.O_CREATE, fileMode) //nolint:gosec // beside the operator's database
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		absolute = filepath.ToSlash(absolute)
		if !strings.HasPrefix(absolute, "/") { // a drive letter
			absolute = "/" + absolute
		}
		name = (&url.URL{Scheme: "file", OmitHost: true, Path: absolute}).String()
	}
	db, err := sql.Open("sqlite", name+"?"+url.Values{"_pragma": {
		"journal_mode(wal)", "synchronous(normal)", fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis),
		fmt.Sprintf("cache_size(-%d)", CacheKiB), fmt.Sprintf("journal_size_limit(%d)", journalLimitBytes),
	}}.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("open request log: %w", errors.Join(err, db.Close()))
	}
	return &Store{db}, nil
}

// Close ends the store.
func (s *Store) Close() error { return s.db.Close() }

// PutBlock implements requestlog.Store.
func (s *Store) PutBlock(ctx context.Context, block requestlog.Block) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO block (first, lines, last, sealed) VALUES (?, ?, ?, ?)
		ON CONFLICT (first) DO UPDATE SET lines = excluded.lines, last = excluded.last, sealed = excluded.sealed`,
		int64(block.First), block.Lines, block.Last.UnixMilli(), block.Sealed) //nolint:gosec // below 2^63
	return err
}

// BlocksBefore implements requestlog.Store.
func (s *Store) BlocksBefore(ctx context.Context, first uint64, n int) (blocks []requestlog.Block, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT first, lines, last, sealed FROM block WHERE first < ? ORDER BY first DESC LIMIT ?`,
		int64(first), n) //nolint:gosec // below 2^63
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var (
			block requestlog.Block
			name  int64
			last  int64
		)
		if err := rows.Scan(&name, &block.Lines, &last, &block.Sealed); err != nil {
			return nil, err
		}
		block.First, block.Last = uint64(name), time.UnixMilli(last) //nolint:gosec // as written
		blocks = append(blocks, block)
	}
	return blocks, rows.Err()
}

// PurgeBlocks implements requestlog.Store.
func (s *Store) PurgeBlocks(ctx context.Context, before time.Time, lines int, bytes int64) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM block WHERE last < ? OR first IN (
		SELECT first FROM (
			SELECT first, SUM(lines) OVER newest AS n, SUM(LENGTH(sealed)) OVER newest AS size FROM block
			WINDOW newest AS (ORDER BY first DESC)
		) WHERE n > ? OR size > ?)`, before.UnixMilli(), lines, bytes)
	return err
}
