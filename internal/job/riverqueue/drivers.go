package riverqueue

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/rowgate/rowgate/internal/job/jobdb"
)

type (
	riverJobRow     = rivertype.JobRow
	driverOf[T any] = riverdriver.Driver[T]
)

// OpenSQLite makes River's tables in db and a queue on them. The tables of jobdb must be there. db is the caller's to close.
func OpenSQLite(ctx context.Context, db *sql.DB, o Options) (Queue, error) {
	return open(ctx, riversqlite.New(db), o, "", keeper{
		sweepAll: `UPDATE river_job SET state = 'available', scheduled_at = datetime('now', 'subsec') WHERE state = 'running' RETURNING id`,
		sweep: `UPDATE river_job SET state = 'available', scheduled_at = datetime('now', 'subsec')
WHERE state = 'running' AND attempted_by ->> '$[#-1]' = $1 RETURNING id`,
	}, jobdb.AsSQL)
}

// OpenPostgres makes River's tables in the pool's database and a queue on them. The tables of jobdb must be there. The pool is the
// caller's to close.
func OpenPostgres(ctx context.Context, pool *pgxpool.Pool, o Options) (opened Queue, err error) {
	err = jobdb.Exclusive(ctx, pool, func() (err error) {
		opened, err = open[*riverpgxv5.Driver, pgx.Tx](ctx, riverpgxv5.New(pool), o, jobdb.Schema, keeper{
			sweepAll: `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE state = 'running' RETURNING id`,
			sweep: `UPDATE river_job SET state = 'available', scheduled_at = now()
WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1 RETURNING id`,
		}, jobdb.AsPgx)
		return err
	})
	return opened, err
}
