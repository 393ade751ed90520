package record_test

import (
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool/record"
)

// TestWrappers writes rows that are inside wrappers; which of them are, the table's columns decide.
func TestWrappers(t *testing.T) {
	t.Parallel()

	t.Run("are_taken_off_with_a_warning", func(t *testing.T) {
		t.Parallel()
		s := setupWriting(t)
		got, err := call[record.Receipt](
			s,
			record.Write(s.service),
			`"records":[{"json":{"标题":"甲"},"pairedItem":0},{"data":[{"标题":"乙"},{"标题":"丙"}]}]`,
		)
		if err != nil {
			t.Fatal(err)
		}
		if got.Created != 3 || got.Total != 3 || s.rowsNow() != 3 {
			t.Errorf("%d of %d rows are written, %d are there", got.Created, got.Total, s.rowsNow())
		}
		if len(got.Warnings) != 1 || got.Warnings[0].Rule != "wrapper" || got.Warnings[0].Count != 2 {
			t.Errorf("warnings: %+v", got.Warnings)
		}
	})

	t.Run("that_hold_no_column_are_the_row's_error_and_never_a_new_column", func(t *testing.T) {
		t.Parallel()
		s := setupWriting(t)
		_, err := call[record.Receipt](s, record.Write(s.service), `"unknown_fields":"create","records":[{"标题":"甲"},{"data":{"titel":"乙"}}]`)
		if err == nil || err.Code != problem.InvalidRows || len(err.Rows) != 1 {
			t.Fatalf("got %v", err)
		}
		if row := err.Rows[0]; row.Code != problem.RowWrapper || row.Index != 1 || row.Field != "data" {
			t.Errorf("got %+v", row)
		}
		if s.rowsNow() != 0 {
			t.Errorf("%d rows are written", s.rowsNow())
		}
	})
}
