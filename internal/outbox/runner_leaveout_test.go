package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// skipping is a creation of rows 一, 二, … that asks for bad values to be left out; notes are the rows' notes.
func skipping(op outbox.Op, notes ...string) outbox.Submission {
	sub := creation("a", titles("行", len(notes))...)
	for i, note := range notes {
		sub.Rows[i].Fields = row(fmt.Sprint("行", i), note)
	}
	sub.Op, sub.SkipBadValues = op, true
	if op == outbox.OpUpsert {
		sub.KeyFields = []string{"标题"}
	}
	return printed(sub)
}

// skipped are the places of the rows that were written without their note.
func skipped(t *testing.T, r *outbox.Result) []int {
	t.Helper()
	var places []int
	for i, row := range r.Rows {
		if len(row.Skipped) == 0 {
			continue
		}
		places = append(places, i)
		if len(row.Skipped) != 1 || row.Skipped[0].Field != "备注" || row.Skipped[0].Got == "" || row.Err != nil {
			t.Errorf("row %d: %+v", i, row)
		}
	}
	return places
}

// TestBadValuesAreLeftOut holds docs/contract.md §3, bad_values: a value that Feishu refuses is left out, the row is sent once more.
func TestBadValuesAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, nameless := range []bool{false, true} {
		for _, together := range []bool{false, true} {
			for _, op := range []outbox.Op{outbox.OpCreate, outbox.OpUpsert} {
				t.Run(fmt.Sprintf("of_a_%s_nameless_%v_together_%v", op, nameless, together), func(t *testing.T) {
					t.Parallel()
					h := setup(t)
					h.base.nameless = nameless
					sub := skipping(op, "good", "", "bad 2", "good", "bad 4")
					want := []int{2, 4}
					if sub.Atomic = together; together && nameless {
						sub.Rows[4].Fields, want = row("行4", "good"), []int{2}
					}
					r := h.write(t, printed(sub))
					if got := skipped(t, r); tally(r)[outbox.Created] != 5 || !slices.Equal(got, want) {
						t.Errorf("%v, skipped %v: %+v", tally(r), got, r)
					}
					if notes := h.base.column("tblExample", "备注"); len(notes) != 5 || slices.Contains(notes, "bad 2") ||
						!slices.Contains(notes, "good") || r.Rows[2].Skipped[0].Got != `"bad 2"` {
						t.Errorf("notes %q, %+v", notes, r.Rows[2])
					}
				})
			}
		}
	}

	t.Run("costs_no_call_a_row_where_Feishu_names_a_value_that_many_rows_have", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		notes := make([]string, 300)
		for i := range notes {
			notes[i] = "bad"
		}
		if r := h.write(t, skipping(outbox.OpCreate, notes...)); tally(r)[outbox.Created] != 300 || len(h.base.calls()) != 2 {
			t.Errorf("%v, %d calls", tally(r), len(h.base.calls()))
		}
	})

	t.Run("leaves_none_out_that_Feishu_takes", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.nameless = true
		sub := skipping(outbox.OpCreate, "bad")
		r := h.write(t, sub)
		if tally(r)[outbox.Created] != 1 || h.base.column("tblExample", "标题")[0] != "行0" {
			t.Errorf("%+v", r)
		}
	})

	t.Run("fails_the_row_where_nothing_is_left", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := skipping(outbox.OpCreate, "", "good")
		sub.Rows[0].Fields = row("bad", "")
		r := h.write(t, printed(sub))
		if e := r.Rows[0].Err; tally(r)[outbox.Created] != 1 || e == nil || e.Code != problem.RowEmpty || e.FeishuCode != 1254060 {
			t.Errorf("%+v", r)
		}
	})

	t.Run("never_of_a_key_column", func(t *testing.T) {
		t.Parallel()
		for _, nameless := range []bool{false, true} {
			h := setup(t)
			h.base.nameless = nameless
			sub := skipping(outbox.OpUpsert, "", "note")
			sub.Rows[1].Fields = row("bad", "note")
			r := h.write(t, printed(sub))
			if e := r.Rows[1].Err; tally(r)[outbox.Created] != 1 || e == nil || e.Code != problem.RowValueMismatch {
				t.Errorf("nameless %v: %+v", nameless, r)
			}
			if n := len(h.base.column("tblExample", "标题")); n != 1 {
				t.Errorf("nameless %v: %d rows", nameless, n)
			}
		}
	})

	t.Run("not_where_it_is_not_asked_for", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := skipping(outbox.OpCreate, "bad", "good")
		sub.SkipBadValues = false
		if r := h.write(t, printed(sub)); tally(r)[outbox.Failed] != 1 || tally(r)[outbox.Created] != 1 {
			t.Errorf("%+v", r)
		}
	})

	t.Run("and_an_earlier_row_of_the_same_key_keeps_its_value", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := skipping(outbox.OpUpsert, "good", "bad")
		sub.Rows[1].Fields = row("行0", "bad")
		r := h.write(t, printed(sub))
		if got := skipped(t, r); !slices.Equal(got, []int{1}) || h.base.column("tblExample", "备注")[0] != "good" {
			t.Errorf("skipped %v: %+v", got, r)
		}
	})

	t.Run("of_an_update", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		made := h.write(t, skipping(outbox.OpCreate, "old", "old"))
		sub := skipping(outbox.OpUpdate, "bad", "new")
		for i := range sub.Rows {
			sub.Rows[i].RecordID = made.Rows[i].RecordID
		}
		r := h.write(t, printed(sub))
		if got := skipped(t, r); tally(r)[outbox.Updated] != 2 || !slices.Equal(got, []int{0}) ||
			!slices.Equal(h.base.column("tblExample", "备注"), []string{"old", "new"}) {
			t.Errorf("skipped %v: %+v", got, r)
		}
	})

	t.Run("within_the_bound_on_tries", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.nameless = true
		notes := make([]string, 2*outbox.MaxCellTries)
		for i := range notes {
			notes[i] = "good"
		}
		notes[len(notes)-1] = "bad"
		sub := skipping(outbox.OpCreate, notes...)
		sub.Atomic = true
		r := h.write(t, printed(sub))
		if calls := len(h.base.calls()); tally(r)[outbox.Failed] != len(notes) || calls != 1+outbox.MaxCellTries {
			t.Errorf("%v, %d calls", tally(r), calls)
		}
	})
}

// TestBadValuesAreLeftOutOnce kills the process at every event and loses the last answer or not: each row is in the table once, and the
// answer tells what was left out.
func TestBadValuesAreLeftOutOnce(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		for _, nameless := range []bool{false, true} {
			for events := 1; ; events++ {
				over := false
				synctest.Test(t, func(t *testing.T) {
					h := setupOnly(t)
					h.base.nameless = nameless
					sub := keyed("k", skipping(outbox.OpUpsert, "good", "bad 1", "", "bad 3"))
					m := &mortal{Store: h.store, fakeBase: h.base, left: events, late: late}
					h.open(t, func(o *outbox.Options) { o.Store, o.Writer, o.Reader = m, m, m })
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					if ticket, err := h.Submit(ctx, sub); err == nil {
						_, _ = ticket.Wait(ctx)
					}
					over = !m.isDead()
					kill(h.Outbox)
					h.open(t)
					r := h.write(t, sub)
					if got := skipped(t, r); tally(r)[outbox.Failed]+tally(r)[outbox.Unknown] > 0 || !slices.Equal(got, []int{1, 3}) {
						t.Errorf("late %v, nameless %v, %d events: skipped %v of %+v", late, nameless, events, got, r)
					}
					if names := h.base.column("tblExample", "标题"); len(names) != 4 {
						t.Errorf("late %v, nameless %v, %d events: rows %q", late, nameless, events, names)
					}
				})
				if over || t.Failed() {
					break
				}
			}
		}
	}
}
