package jobtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/rowgate/rowgate/internal/job"
)

// effect is one row that a handler made: the job, its key, its place among those of the key, and its number.
type effect struct {
	job, key string
	pos, n   int
}

func makeEffects(ctx context.Context, db job.Database) error {
	return db.Write(ctx, func(ctx context.Context, tx job.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS effect
(job TEXT NOT NULL, name TEXT NOT NULL, pos BIGINT NOT NULL, n BIGINT NOT NULL)`)
		return err
	})
}

// leave makes the effect of a job.
func leave(run job.Run, payload note) func(context.Context, job.Tx) error {
	return func(ctx context.Context, tx job.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO effect (job, name, pos, n)
SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), COALESCE(MAX(pos), 0) + 1, CAST($3 AS BIGINT) FROM effect WHERE name = $2`,
			run.ID, payload.Key, payload.N)
		return err
	}
}

func effects(t *testing.T, db job.Database) []effect {
	t.Helper()
	var all []effect
	err := db.Read(t.Context(), func(ctx context.Context, tx job.Tx) error {
		rows, err := tx.Query(ctx, `SELECT job, name, pos, n FROM effect ORDER BY name, pos`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var e effect
			if err := rows.Scan(&e.job, &e.key, &e.pos, &e.n); err != nil {
				return errors.Join(err, rows.Close())
			}
			all = append(all, e)
		}
		return errors.Join(rows.Err(), rows.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// judge compares effects with what was acknowledged: every acknowledged job once, no job twice, and each key in order. A job whose
// acknowledgement was lost with its process may be there or not.
func judge(acknowledged map[string]note, made []effect) error {
	var errs []error
	times := make(map[string]int)
	last := make(map[string]int)
	for _, e := range made {
		times[e.job]++
		if times[e.job] > 1 {
			errs = append(errs, fmt.Errorf("job %s (%s %d) has its effect %d times", e.job, e.key, e.n, times[e.job]))
		}
		if e.key != "" && e.n <= last[e.key] {
			errs = append(errs, fmt.Errorf("key %s: %d after %d", e.key, e.n, last[e.key]))
		}
		last[e.key] = e.n
	}
	for id, n := range acknowledged {
		if times[id] == 0 {
			errs = append(errs, fmt.Errorf("job %s (%s %d) is lost", id, n.Key, n.N))
		}
	}
	return errors.Join(errs...)
}
