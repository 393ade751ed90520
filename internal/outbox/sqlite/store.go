// Package sqlite keeps the outbox in one SQLite file: the store of a single instance.
//
// The file is in WAL mode. What Apply has committed is in the operating system's hands, so the death of the process at any
// instant loses nothing. It is on the disk as well (synchronous=FULL, one fsync a transaction), unless the changes are volatile:
// those are committed with synchronous=NORMAL, and a power cut may undo them until the next commit that is synced. A power cut
// never harms the consistency of the file.
//
// One connection writes, a few read. Payloads, plans and results arrive sealed; the store never opens them.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/rowgate/rowgate/internal/outbox"
)

// Memory is the path of a store that lives in memory and ends with Close.
const Memory = ":memory:"

// Bounds of a store.
const (
	Readers           = 4        // reading connections
	ReaderCacheKiB    = 2_000    // page cache of each, SQLite's default
	WriterCacheKiB    = 16 << 10 // page cache of the writer
	busyTimeoutMillis = 5_000    // how long a connection waits for another of this process
	checkpointPages   = 4_000    // WAL length at which it is copied into the file, 16 MB
	journalLimitBytes = 64 << 20 // what the WAL file is cut to after a burst
	dirMode           = os.FileMode(0o700)
	fileMode          = os.FileMode(0o600)
	driver            = "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an outbox.Store in one SQLite file. It is safe for concurrent use; Apply calls take turns.
type Store struct {
	writer *sql.DB
	reader *sql.DB // the writer itself for Memory
	shared *sql.DB // of Share; nil until then
	lock   *fileLock
	turn   chan struct{} // holds one token: whose Apply it is
	fences outbox.Fences // of the outboxes of this process; guarded by turn
	lax    bool          // the writer does not sync its commits; guarded by turn
	write  writeStatements
	read   readStatements

	path   string         // of the file, absolute; Memory for none
	opened os.FileInfo    // the file that was opened
	broken atomic.Bool    // the last write failed
	probes sync.WaitGroup // of Ping

	keys    *liveKeys
	scans   sync.WaitGroup // of keys
	closing context.Context
	close   context.CancelFunc
}

var _ outbox.Store = (*Store)(nil)

// Open opens the store at path, made with mode 0600 (directories 0700) if it is not there, and brings its schema up to
// date. It is ErrInUse if another Store, of this or another process, has the file open, and ErrNewer if a later version
// of this program wrote it. The caller closes the store.
func Open(ctx context.Context, path string) (_ *Store, err error) {
	s, given := &Store{turn: make(chan struct{}, 1), path: path, keys: newLiveKeys()}, path
	s.closing, s.close = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open outbox %s: %w", given, err), s.Close())
		}
	}()
	if path != Memory {
		if path, err = prepareFile(path); err != nil {
			return nil, err
		}
		if s.lock, err = lockFile(ctx, path+".lock"); err != nil {
			return nil, err
		}
		s.path = path
		if s.opened, err = os.Stat(path); err != nil {
			return nil, err
		}
	}
	if s.writer, err = openWriter(path); err != nil {
		return nil, err
	}
	if err := check(ctx, s.writer); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.writer); err != nil {
		return nil, named(err)
	}
	s.reader = s.writer
	if path != Memory {
		if s.reader, err = openReader(path); err != nil {
			return nil, err
		}
	}
	if err := s.write.prepare(ctx, s.writer); err != nil {
		return nil, err
	}
	if err := s.read.prepare(ctx, s.reader); err != nil {
		return nil, err
	}
	if err := s.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer s.endTurn()
	s.readKeys()
	return s, nil
}

// readKeys reads in the background which keys are live, if that has to be; the caller has the turn.
func (s *Store) readKeys() {
	if s.closing.Err() != nil || !s.keys.wanted() {
		return
	}
	// An error leaves every question to the table, which is slower and never wrong; the next insert tries again.
	s.scans.Go(func() { _ = s.keys.read(s.closing, s.read.scanLiveKeys) })
}

// Close ends the store and gives the file free. It may be called twice.
func (s *Store) Close() error {
	s.close()
	s.scans.Wait()
	s.probes.Wait()
	var errs []error
	for _, db := range []*sql.DB{s.shared, s.reader, s.writer} { // the writer last: it moves the WAL into the file
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.release())...)
}

// prepareFile makes the directory and the file if need be and returns the file's one true path, so that two names of one
// file meet at one lock.
func prepareFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode) //nolint:gosec // the operator names the path
	if err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

func openWriter(path string) (*sql.DB, error) {
	db, err := sql.Open(driver, dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"journal_mode(wal)",
			"synchronous(full)",
			"foreign_keys(1)",
			fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis),
			fmt.Sprintf("cache_size(-%d)", WriterCacheKiB),
			fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages),
			fmt.Sprintf("journal_size_limit(%d)", journalLimitBytes),
		},
	}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func openReader(path string) (*sql.DB, error) {
	db, err := sql.Open(driver, dsn(path, url.Values{
		"_pragma": {"query_only(1)", fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis)},
	}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(Readers)
	db.SetMaxIdleConns(Readers)
	return db, nil
}

// dsn writes path and options as a SQLite URI; a path may hold any character.
func dsn(path string, options url.Values) string {
	if path == Memory {
		return "file::memory:?" + options.Encode()
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	return name.String()
}

// ErrNewer is returned by Open for a file whose schema this program does not know yet.
var ErrNewer = errors.New("the database was written by a newer version of rowgate")

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	known := provider.ListSources()
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if version > known[len(known)-1].Version {
		return ErrNewer
	}
	return nil
}
