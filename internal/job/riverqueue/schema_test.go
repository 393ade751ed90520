package riverqueue_test

import (
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rowgate/rowgate/internal/job/jobdb"
	"github.com/rowgate/rowgate/internal/pgtest"
)

// TestSchema: all tables are in one schema, so that a user needs rights in no other, a dump of it is whole, and another program may have
// its own in public.
func TestSchema(t *testing.T) {
	t.Parallel()
	where := pgtest.Database(t)
	pool, err := pgxpool.New(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), `DROP SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	parts, err := onPostgres.Open(t.Context(), where, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = parts.Close() }() // a pool closes without an error
	var ours, others int
	const count = `SELECT count(*) FILTER (WHERE schemaname = $1),
	count(*) FILTER (WHERE schemaname NOT IN ($1, 'pg_catalog', 'information_schema')) FROM pg_tables`
	if err := pool.QueryRow(t.Context(), count, jobdb.Schema).Scan(&ours, &others); err != nil {
		t.Fatal(err)
	}
	if ours < 6 || others > 0 {
		t.Errorf("%d tables, and %d elsewhere", ours, others)
	}
}
