package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

// brokenAt is the row at which a read breaks off; there are rows before it and behind it.
const brokenAt = 3

// broken opens a store with entries and batches of which a column cannot be read at row brokenAt: its table is a view that fails
// there, in the middle of a read.
func broken(t *testing.T, table, column string) *sqlite.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rowgate.db")
	store := open(t, path)
	for i := range brokenAt + 2 {
		open, done := fmt.Sprint("job_open", i), fmt.Sprint("job_done", i)
		batch := fmt.Sprint("bat_", i)
		at := time.Unix(int64(i), 0)
		for _, changes := range []outbox.Changes{
			{Insert: []outbox.Entry{
				{ID: open, Lane: "lane", Payload: []byte("payload"), CreatedAt: at},
				{ID: done, Lane: "lane", Payload: []byte("payload"), CreatedAt: at},
			}},
			{Start: []outbox.Batch{{ID: batch, Lane: "lane", Seq: int64(i), Entries: []string{open}, Plan: []byte("plan")}}},
			{
				Finish: []outbox.BatchResult{{ID: batch, Result: []byte("result")}},
				Done:   []outbox.EntryResult{{ID: done, Result: []byte("result"), DoneAt: at}},
			},
		} {
			if err := store.Apply(t.Context(), &changes); err != nil {
				t.Fatal(err)
			}
		}
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	keys := map[string]string{"payload": "entry", "batch": "number", "entry": "seq"}
	for _, statement := range []string{
		fmt.Sprintf(`ALTER TABLE %[1]s RENAME TO real_%[1]s`, table),
		fmt.Sprintf(`CREATE VIEW %[1]s AS SELECT * FROM real_%[1]s`, table),
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	columns := columnsOf(t, db, table)
	var list strings.Builder
	for i, name := range columns {
		if i > 0 {
			list.WriteString(", ")
		}
		if name == column { // json refuses the text at run time, when the read comes to the row
			fmt.Fprintf(&list, `CASE WHEN (SELECT count(*) FROM real_%[1]s AS before WHERE before.%[2]s <= real_%[1]s.%[2]s) = %[3]d
THEN json('{') ELSE %[4]s END AS `, table, keys[table], brokenAt, name)
		}
		list.WriteString(name)
	}
	view := fmt.Sprintf(`CREATE VIEW %[1]s AS SELECT %[2]s FROM real_%[1]s`, table, list.String())
	for _, statement := range []string{`DROP VIEW ` + table, view} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func columnsOf(t *testing.T, db *sql.DB, table string) (columns []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM pragma_table_info(?)`, table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns
}

// TestReseal_of_a_read_that_breaks_off: a read that breaks off half way is no end of the rows. A rotation that took it for one would
// let the old key go, and what it has not seen would be lost with it.
func TestReseal_of_a_read_that_breaks_off(t *testing.T) {
	t.Parallel()
	for table, columns := range map[string][]string{"payload": {"data"}, "batch": {"plan", "result"}, "entry": {"result"}} {
		for _, column := range columns {
			t.Run(table+"_"+column, func(t *testing.T) {
				t.Parallel()
				seen := 0
				err := broken(t, table, column).Reseal(t.Context(), func(_ outbox.Sealed, data []byte) ([]byte, error) {
					seen++
					return data, nil
				})
				if err == nil {
					t.Errorf("no error, and %d values were seen", seen)
				}
			})
		}
	}
}
