// Package postgres keeps the outbox in a PostgreSQL database: the store of several instances, and who of them runs which lane.
//
// What Apply has committed is on the server's disk (synchronous_commit is at least on), unless the changes are volatile. Each instance
// has one writer; a transaction is one round trip. The fences of a change are checked in its own transaction, by the row of the lease.
//
// Nothing depends on the state of a session where a pooler in transaction mode stands between, which is found out at the start: then
// no statement is kept prepared, and Owner does without the connection of its own, by which it listens and holds an advisory lock.
//
// All is in the schema rowgate. Payloads, plans and results arrive sealed; the store never opens them.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rowgate/rowgate/internal/outbox"
)

// Bounds of a store.
const (
	MaxConnections = 10               // of the pool; Owner has one more of its own
	connectFor     = 5 * time.Second  // a connection that takes longer is given up
	idleFor        = 5 * time.Minute  // connections that nobody uses are closed
	applyFor       = 15 * time.Second // a change whose outcome is not known by then failed
	readFor        = 10 * time.Second // a read that found no server by then failed
	writerKept     = "30 days"        // a writer that has not written for so long is gone
)

// Store is an outbox.Store in a PostgreSQL database, which other instances may share. It is safe for concurrent use; Apply calls
// take turns.
type Store struct {
	pool    *pgxpool.Pool
	shared  *pgxpool.Pool // that of Share; nil until it is asked for
	turn    chan struct{} // holds one token: whose Apply it is
	writer  int64         // its row in rowgate.writer
	applied int64         // number of the last transaction; guarded by turn
	broken  atomic.Bool   // the last write failed
}

var _ outbox.Store = (*Store)(nil)

// Open connects to the database at url and brings its schema up to date. It is ErrOld for a server older than MinVersion, and
// ErrNewer if a later version of this program made the schema. The error never holds the password. The caller closes the store.
func Open(ctx context.Context, url string) (*Store, error) {
	s := &Store{turn: make(chan struct{}, 1), writer: rand.Int64()}
	if err := s.open(ctx, url); err != nil {
		if s.pool != nil {
			s.pool.Close()
		}
		return nil, fmt.Errorf("open outbox in PostgreSQL: %w", err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, url string) (err error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return errBadURL // pgx's own error shows parts of the address
	}
	config.MaxConns, config.MaxConnIdleTime = MaxConnections, idleFor
	if s.pool, err = pgxpool.NewWithConfig(ctx, stateless(config)); err != nil {
		return err
	}
	if err := checkServer(ctx, s.pool); err != nil {
		return err
	}
	direct, err := hears(ctx, s.pool)
	if err != nil {
		return err
	}
	if direct { // the server keeps the statements as it has prepared them
		s.pool.Close()
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
		if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
			return err
		}
	}
	if err := s.Exclusive(ctx, func(ctx context.Context) error { return migrate(ctx, s.pool) }); err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `DELETE FROM rowgate.writer WHERE used_at < now() - $1::interval`, writerKept)
	if err == nil {
		_, err = s.pool.Exec(ctx, `INSERT INTO rowgate.writer (id, applied) VALUES ($1, 0)`, s.writer)
	}
	return err
}

// stateless has the connections keep no prepared statements at the server: behind a pooler the next transaction may run at another
// one.
func stateless(config *pgxpool.Config) *pgxpool.Config {
	config.ConnConfig.ConnectTimeout = connectFor
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "rowgate"
	}
	return config
}

// Close ends the store. It may be called twice.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = s.pool.Exec(ctx, `DELETE FROM rowgate.writer WHERE id = $1`, s.writer) // a row that stays is deleted later
	s.pool.Close()
	if s.shared != nil {
		s.shared.Close()
	}
	return nil
}

// Errors of Open.
var (
	errBadURL = errors.New("the address is not postgres://user:password@host:port/database")
	// ErrOld is returned for a server that is older than MinVersion.
	ErrOld = fmt.Errorf("the server is older than PostgreSQL %d", MinVersion)
	// ErrNewer is returned for a schema that this program does not know yet.
	ErrNewer = errors.New("the schema was made by a newer version of rowgate")
	// ErrEncoding is returned for a database that cannot hold every text.
	ErrEncoding = errors.New("the encoding of the database is not UTF8")
)

// MinVersion is the oldest PostgreSQL that the tests of this program run on: that of Debian 12.
const MinVersion = 15

// Exclusive runs f while no other instance runs an Exclusive of its own.
func (s *Store) Exclusive(ctx context.Context, f func(context.Context) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, exclusiveLock); err != nil {
			return err
		}
		return f(ctx)
	})
}

// exclusiveLock is the advisory lock of Exclusive: "rowgate" in ASCII. Source: https://www.postgresql.org/docs/15/explicit-locking.html
const exclusiveLock int64 = 0x726f7767617465

// checkServer looks at what the server is.
func checkServer(ctx context.Context, pool *pgxpool.Pool) error {
	var version int
	var encoding string
	const ask = `SELECT current_setting('server_version_num')::int, current_setting('server_encoding')`
	err := pool.QueryRow(ctx, ask).Scan(&version, &encoding)
	switch {
	case err != nil:
		return err
	case version/10_000 < MinVersion:
		return ErrOld
	case encoding != "UTF8":
		return ErrEncoding
	}
	return nil
}
