package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// inspectFor bounds Inspect.
const inspectFor = 10 * time.Second

// ErrRights is returned for a user who may not make what the store needs.
var ErrRights = errors.New("the user lacks rights in the database")

// Inspection is what Inspect finds of a database that instances may be using.
type Inspection struct {
	Exists    bool              // the schema is there
	Meta      map[string][]byte // what is kept of the database itself, by name
	Instances []Instance        // that run
	Hears     bool              // LISTEN works
	Syncs     bool              // the server syncs what it commits
}

// Instance is one that runs.
type Instance struct {
	Name string   // as its /healthz says it
	Keys []string // ids of the keys that it has; the first seals
}

// Inspect looks at the database at url without changing it: whether Open would succeed, and what is kept of it. Errors: ErrOld,
// ErrEncoding, ErrNewer, ErrRights, or why the server cannot be used.
func Inspect(ctx context.Context, url string) (found Inspection, err error) {
	ctx, cancel := context.WithTimeout(ctx, inspectFor)
	defer cancel()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return found, errBadURL
	}
	pool, err := pgxpool.NewWithConfig(ctx, stateless(config))
	if err != nil {
		return found, err
	}
	defer pool.Close()
	if err := checkServer(ctx, pool); err != nil {
		return found, err
	}
	var may bool
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'rowgate'),
	CASE WHEN EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'rowgate')
		THEN has_schema_privilege('rowgate', 'USAGE') AND has_schema_privilege('rowgate', 'CREATE')
		ELSE has_database_privilege(current_database(), 'CREATE') END,
	current_setting('fsync') = 'on'`).Scan(&found.Exists, &may, &found.Syncs)
	switch {
	case err != nil:
		return found, err
	case !may:
		return found, ErrRights
	}
	if found.Hears, err = hears(ctx, pool); err != nil {
		return found, err
	}
	if found.Exists {
		if found.Exists, err = hasTables(ctx, pool); err != nil {
			return found, err
		}
	}
	if !found.Exists {
		return found, nil
	}
	if found.Meta, err = allMeta(ctx, pool); err != nil {
		return found, err
	}
	found.Instances, err = instances(ctx, pool)
	return found, err
}

// hasTables reports whether the tables are there and the user may write them. It is ErrNewer if a later version made them.
func hasTables(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	var exists, may bool
	err := pool.QueryRow(ctx, `SELECT to_regclass('rowgate.goose_db_version') IS NOT NULL AND to_regclass('rowgate.meta') IS NOT NULL,
	coalesce(has_table_privilege(to_regclass('rowgate.entry'), 'INSERT'), true)`).Scan(&exists, &may)
	switch {
	case err != nil:
		return false, err
	case !may:
		return false, ErrRights
	case !exists:
		return false, nil
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	provider, err := newProvider(db)
	if err != nil {
		return false, err
	}
	var version int64
	const ask = `SELECT coalesce(max(version_id), 0) FROM rowgate.goose_db_version WHERE is_applied`
	if err := pool.QueryRow(ctx, ask).Scan(&version); err != nil {
		return false, err
	}
	if version > newest(provider) {
		return true, ErrNewer
	}
	return true, nil
}

// hears reports whether a note comes back to a connection that listens.
func hears(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	conn, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	const probe = "rowgate_probe"
	if _, err := conn.Exec(ctx, "LISTEN "+probe); err != nil {
		return false, err
	}
	if _, err := pool.Exec(ctx, `SELECT pg_notify($1, '')`, probe); err != nil {
		return false, err
	}
	waiting, cancel := context.WithTimeout(ctx, hearFor)
	defer cancel()
	_, err = conn.WaitForNotification(waiting)
	return err == nil, nil
}

func allMeta(ctx context.Context, pool *pgxpool.Pool) (map[string][]byte, error) {
	rows, err := pool.Query(ctx, `SELECT name, value FROM rowgate.meta`)
	if err != nil {
		return nil, err
	}
	meta := make(map[string][]byte)
	var name string
	var value []byte
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		meta[name] = append([]byte(nil), value...)
		return nil
	})
	return meta, err
}

// Instances returns the instances that run.
func (s *Store) Instances(ctx context.Context) ([]Instance, error) { return instances(ctx, s.pool) }

func instances(ctx context.Context, pool *pgxpool.Pool) ([]Instance, error) {
	rows, err := pool.Query(ctx, `SELECT name, keys FROM rowgate.instance WHERE until > clock_timestamp() ORDER BY name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Instance])
}
