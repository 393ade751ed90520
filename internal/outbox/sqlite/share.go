package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Bounds of a shared handle.
const (
	SharedConns    = 3     // connections: one writes at a time, the others read
	SharedCacheKiB = 1_000 // page cache of each
)

// ErrPrepare is returned by a shared handle for statements that are prepared: their turn would be unknown.
var ErrPrepare = errors.New("a shared handle prepares no statements")

type syncedKey struct{}

// Synced marks ctx: a transaction that a shared handle begins with it is on the disk once it is committed. Others may be undone by a
// power cut until the next synced one, of whichever handle.
func Synced(ctx context.Context) context.Context { return context.WithValue(ctx, syncedKey{}, true) }

// Share returns a second way into the store's file, for what is kept beside the outbox. Its transactions and statements that may
// write take turns with Apply, so that neither side ever waits by polling for SQLite's lock. Read-only transactions and statements
// that begin with SELECT take no turn. The store closes the handle; whoever uses it stops before that. Of a store in memory it is
// the one connection that there is. Whoever holds a transaction of it must not call the store, nor begin another one.
func (s *Store) Share() (*sql.DB, error) {
	if s.path == Memory {
		return s.writer, nil
	}
	if s.shared != nil {
		return s.shared, nil
	}
	name := dsn(s.path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"synchronous(normal)",
			"foreign_keys(1)",
			fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis),
			fmt.Sprintf("cache_size(-%d)", SharedCacheKiB),
			fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages),
			fmt.Sprintf("journal_size_limit(%d)", journalLimitBytes),
		},
	})
	s.shared = sql.OpenDB(&turnConnector{store: s, name: name})
	s.shared.SetMaxOpenConns(SharedConns)
	s.shared.SetMaxIdleConns(SharedConns)
	return s.shared, nil
}

// turnConnector opens connections that take turns with the store's writer.
type turnConnector struct {
	store *Store
	name  string
}

// Connect implements driver.Connector.
func (c *turnConnector) Connect(context.Context) (sqldriver.Conn, error) {
	conn, err := c.Driver().Open(c.name)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(innerConn)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver lacks what a shared handle needs"), conn.Close())
	}
	return &turnConn{inner: full, store: c.store}, nil
}

// Driver implements driver.Connector.
func (c *turnConnector) Driver() sqldriver.Driver { return c.store.writer.Driver() }

// innerConn is what a connection of the SQLite driver can do.
type innerConn interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ExecerContext
	sqldriver.QueryerContext
}

// turnConn is a connection that takes the store's turn for what may write. database/sql calls it from one goroutine at a time.
type turnConn struct {
	inner  innerConn
	store  *Store
	within bool // a transaction, which has its turn if it needs one
	synced bool // the connection's mode
}

// Prepare implements driver.Conn.
func (c *turnConn) Prepare(string) (sqldriver.Stmt, error) { return nil, ErrPrepare }

// Close implements driver.Conn.
func (c *turnConn) Close() error { return c.inner.Close() }

// Begin implements driver.Conn; database/sql calls BeginTx.
func (c *turnConn) Begin() (sqldriver.Tx, error) {
	return c.BeginTx(context.Background(), sqldriver.TxOptions{})
}

// IsValid implements driver.Validator.
func (c *turnConn) IsValid() bool {
	valid, ok := c.inner.(sqldriver.Validator)
	return !ok || valid.IsValid()
}

// ResetSession implements driver.SessionResetter.
func (c *turnConn) ResetSession(ctx context.Context) error {
	if reset, ok := c.inner.(sqldriver.SessionResetter); ok {
		return reset.ResetSession(ctx)
	}
	return nil
}

// BeginTx implements driver.ConnBeginTx.
func (c *turnConn) BeginTx(ctx context.Context, options sqldriver.TxOptions) (sqldriver.Tx, error) {
	out := &turnTx{conn: c}
	if !options.ReadOnly {
		if err := c.store.takeTurn(ctx); err != nil {
			return nil, err
		}
		out.turn = true
		if err := c.setSync(ctx, ctx.Value(syncedKey{}) != nil); err != nil {
			c.store.endTurn()
			return nil, err
		}
	}
	tx, err := c.inner.BeginTx(ctx, options)
	if err != nil {
		if out.turn {
			c.store.endTurn()
		}
		return nil, err
	}
	out.tx, c.within = tx, true
	return out, nil
}

func (c *turnConn) setSync(ctx context.Context, synced bool) error {
	if c.synced == synced {
		return nil
	}
	mode := "PRAGMA synchronous = NORMAL"
	if synced {
		mode = "PRAGMA synchronous = FULL"
	}
	if _, err := c.inner.ExecContext(ctx, mode, nil); err != nil {
		return err
	}
	c.synced = synced
	return nil
}

// ExecContext implements driver.ExecerContext.
func (c *turnConn) ExecContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	if c.within {
		return c.inner.ExecContext(ctx, query, args)
	}
	if err := c.store.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer c.store.endTurn()
	if err := c.setSync(ctx, ctx.Value(syncedKey{}) != nil); err != nil {
		return nil, err
	}
	return c.inner.ExecContext(ctx, query, args)
}

// QueryContext implements driver.QueryerContext. A statement that changes rows and returns them has the turn until they are closed.
func (c *turnConn) QueryContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	if c.within || onlyReads(query) {
		return c.inner.QueryContext(ctx, query, args)
	}
	if err := c.store.takeTurn(ctx); err != nil {
		return nil, err
	}
	rows, err := c.inner.QueryContext(ctx, query, args)
	if err != nil {
		c.store.endTurn()
		return nil, err
	}
	return &turnRows{Rows: rows, end: c.store.endTurn}, nil
}

// onlyReads reports whether a statement is a plain SELECT. Comments may stand before it.
func onlyReads(query string) bool {
	for {
		query = strings.TrimSpace(query)
		if !strings.HasPrefix(query, "--") {
			break
		}
		_, query, _ = strings.Cut(query, "\n")
	}
	return len(query) > 6 && strings.EqualFold(query[:6], "SELECT")
}

// turnTx is a transaction that ends the turn when it ends.
type turnTx struct {
	tx   sqldriver.Tx
	conn *turnConn
	turn bool
}

// Commit implements driver.Tx.
func (t *turnTx) Commit() error {
	defer t.end()
	return t.tx.Commit()
}

// Rollback implements driver.Tx.
func (t *turnTx) Rollback() error {
	defer t.end()
	return t.tx.Rollback()
}

func (t *turnTx) end() {
	t.conn.within = false
	if t.turn {
		t.turn = false
		t.conn.store.endTurn()
	}
}

// turnRows are rows that end the turn when they are closed.
type turnRows struct {
	sqldriver.Rows
	end func()
}

// Close implements driver.Rows.
func (r *turnRows) Close() error {
	err := r.Rows.Close()
	if r.end != nil {
		r.end()
		r.end = nil
	}
	return err
}
