package outbox_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// update is a submission that gives records new titles, by record id in order.
func update(caller string, titles map[string]string) outbox.Submission {
	sub := creation(caller)
	sub.Op = outbox.OpUpdate
	for i, id := range slices.Sorted(maps.Keys(titles)) {
		sub.Rows = append(sub.Rows, bitable.Row{Index: i, RecordID: id, Fields: row(titles[id], "")})
	}
	return printed(sub)
}

func deletion(caller string, ids ...string) outbox.Submission {
	sub := creation(caller)
	sub.Op = outbox.OpDelete
	for i, id := range ids {
		sub.Rows = append(sub.Rows, bitable.Row{Index: i, RecordID: id})
	}
	return printed(sub)
}

// upsert is a submission of (title, note) pairs, keyed by title.
func upsert(caller string, pairs ...[2]string) outbox.Submission {
	sub := creation(caller)
	sub.Op, sub.KeyFields = outbox.OpUpsert, []string{"标题"}
	for i, pair := range pairs {
		sub.Rows = append(sub.Rows, bitable.Row{Index: i, Fields: row(pair[0], pair[1])})
	}
	return printed(sub)
}

func statuses(r *outbox.Result) []outbox.RowStatus {
	list := make([]outbox.RowStatus, len(r.Rows))
	for i := range r.Rows {
		list[i] = r.Rows[i].Status
	}
	return list
}

func TestUpdateAndDelete(t *testing.T) {
	t.Parallel()

	t.Run("a_record_that_is_not_there_fails_alone", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, creation("a", "一", "二"))
		r := h.write(t, update("a", map[string]string{"rec1": "壹", "rec2": "贰", "recNone": "无"}))
		if !slices.Equal(statuses(r), []outbox.RowStatus{outbox.Updated, outbox.Updated, outbox.Failed}) ||
			r.Rows[2].Err.Code != problem.RowRecordNotFound {
			t.Errorf("%+v", r.Rows)
		}
		r = h.write(t, deletion("a", "rec1", "recNone"))
		if !slices.Equal(statuses(r), []outbox.RowStatus{outbox.Deleted, outbox.Failed}) || r.Rows[1].Err.Code != problem.RowRecordNotFound {
			t.Errorf("%+v", r.Rows)
		}
		if calls := h.base.calls(); len(calls) != 5 {
			t.Errorf("%+v", calls)
		}
	})

	t.Run("a_record_named_twice_is_updated_twice_in_order", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, creation("a", "一"))
		sub := update("a", map[string]string{"rec1": "壹"})
		sub.Rows = append(sub.Rows, bitable.Row{Index: 1, RecordID: "rec1", Fields: row("后", "")})
		sub.Atomic = true
		r := h.write(t, printed(sub))
		if tally(r)[outbox.Updated] != 2 || h.base.column("tblExample", "标题")[0] != "后" || len(h.base.calls()) != 3 {
			t.Errorf("%+v, %d calls", r, len(h.base.calls()))
		}
	})

	t.Run("deletes_500_in_a_call", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		r := h.write(t, creation("a", titles("行", 1200)...))
		ids := make([]string, len(r.Rows))
		for i := range r.Rows {
			ids[i] = r.Rows[i].RecordID
		}
		r = h.write(t, deletion("a", ids...))
		if tally(r)[outbox.Deleted] != 1200 || r.UpstreamCalls != 3 || len(h.base.column("tblExample", "标题")) != 0 {
			t.Errorf("%v, %d calls", tally(r), r.UpstreamCalls)
		}
	})
}

func TestUpsert(t *testing.T) {
	t.Parallel()

	t.Run("creates_updates_and_leaves_alone_what_is_the_same", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, upsert("a", [2]string{"一", "x"}, [2]string{"二", "x"}))
		r := h.write(t, upsert("a", [2]string{"二", "y"}, [2]string{"三", "y"}, [2]string{"一", "x"}))
		if !slices.Equal(statuses(r), []outbox.RowStatus{outbox.Updated, outbox.Created, outbox.Unchanged}) {
			t.Errorf("%+v", r.Rows)
		}
		if r.Rows[0].RecordID != "rec2" || r.Rows[1].RecordID != "rec3" || r.Rows[2].RecordID != "rec1" {
			t.Errorf("%+v", r.Rows)
		}
		if !slices.Equal(h.base.column("tblExample", "备注"), []string{"x", "y", "y"}) {
			t.Errorf("%v", h.base.column("tblExample", "备注"))
		}
	})

	t.Run("rows_without_change_cost_no_write", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first := h.submit(t, upsert("a", [2]string{"一", "x"}))
		wait(t, first)
		first.Delivered()
		ticket := h.submit(t, upsert("b", [2]string{"一", "x"}))
		if r := wait(t, ticket); tally(r)[outbox.Unchanged] != 1 || len(h.base.calls()) != 1 {
			t.Errorf("%+v, %d calls", r, len(h.base.calls()))
		}
	})

	t.Run("equal_keys_of_one_request_merge_and_later_values_win", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		r := h.write(t, upsert("a", [2]string{"一", "x"}, [2]string{"二", "x"}, [2]string{"一", "y"}, [2]string{"一", "z"}))
		if !slices.Equal(statuses(r), []outbox.RowStatus{outbox.Created, outbox.Created, outbox.Updated, outbox.Updated}) {
			t.Errorf("%+v", r.Rows)
		}
		if !slices.Equal(h.base.column("tblExample", "备注"), []string{"z", "x"}) || len(h.base.calls()) != 1 {
			t.Errorf("%v", h.base.column("tblExample", "备注"))
		}
	})

	t.Run("two_callers_with_one_new_key_make_one_row", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first, release := h.hold(t)
		one := h.submit(t, upsert("a", [2]string{"新", "x"}, [2]string{"甲", "x"}))
		two := h.submit(t, upsert("b", [2]string{"乙", "y"}, [2]string{"新", "y"}))
		release()
		wait(t, first)
		if r := wait(t, one); tally(r)[outbox.Created] != 2 {
			t.Errorf("%+v", r.Rows)
		}
		if r := wait(t, two); !slices.Equal(statuses(r), []outbox.RowStatus{outbox.Created, outbox.Updated}) {
			t.Errorf("%+v", r.Rows)
		}
		if n := len(h.base.column("tblExample", "标题")); n != 4 {
			t.Errorf("%d rows", n)
		}
	})

	t.Run("names_the_records_when_a_key_matches_many_and_writes_the_others", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, creation("a", "双", "双"))
		r := h.write(t, upsert("a", [2]string{"双", "x"}, [2]string{"单", "x"}))
		if !slices.Equal(statuses(r), []outbox.RowStatus{outbox.Failed, outbox.Created}) {
			t.Fatalf("%+v", r.Rows)
		}
		err := r.Rows[0].Err
		if err.Code != problem.RowManyMatches || !strings.Contains(err.Message.EN, "rec1, rec2") ||
			!strings.Contains(err.Message.ZH, "rec1, rec2") {
			t.Errorf("%+v", err)
		}
	})

	t.Run("writes_nothing_of_an_entry_that_stays_together_if_a_key_is_empty", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := upsert("a", [2]string{"一", "x"}, [2]string{"", "x"})
		sub.Atomic = true
		r := h.write(t, sub)
		if tally(r)[outbox.Failed] != 2 || r.Rows[1].Err == nil || r.Rows[1].Err.Code != problem.RowEmptyKey || r.Err == nil ||
			len(h.base.calls()) != 0 {
			t.Errorf("%+v", r)
		}
	})

	t.Run("an_entry_that_stays_together_waits_whole_for_a_key_of_another", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first, release := h.hold(t)
		one := h.submit(t, upsert("a", [2]string{"新", "x"}))
		sub := upsert("b", [2]string{"乙", "y"}, [2]string{"新", "y"}, [2]string{"bad", "y"})
		sub.Atomic = true
		two := h.submit(t, sub)
		release()
		wait(t, first)
		wait(t, one)
		if r := wait(t, two); tally(r)[outbox.Failed] != 3 {
			t.Errorf("%+v", r.Rows)
		}
		if got := h.base.column("tblExample", "标题"); !slices.Equal(got, []string{"first", "新"}) {
			t.Errorf("%v", got)
		}
	})

	t.Run("updates_nothing_of_an_entry_that_stays_together_if_a_create_is_refused", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, upsert("a", [2]string{"一", "x"}))
		sub := upsert("a", [2]string{"一", "y"}, [2]string{"bad", "y"})
		sub.Atomic = true
		r := h.write(t, sub)
		if tally(r)[outbox.Failed] != 2 || r.Rows[1].Err == nil || h.base.column("tblExample", "备注")[0] != "x" {
			t.Errorf("%+v, %v", r.Rows, h.base.column("tblExample", "备注"))
		}
	})

	t.Run("leaves_null_out_of_a_create_and_clears_with_it_on_update", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := upsert("a", [2]string{"一", ""}, [2]string{"二", ""})
		sub.Rows[0].Fields = json.RawMessage(`{"标题":"一","备注":null}`)
		h.write(t, printed(sub))
		if _, there := h.base.tables["tblExample"][0].fields["备注"]; there {
			t.Error("a create named the cleared column")
		}
		h.write(t, upsert("a", [2]string{"一", "x"}))
		r := h.write(t, sub)
		if r.Rows[0].Status != outbox.Updated || h.base.column("tblExample", "备注")[0] != "" {
			t.Errorf("%+v", r.Rows)
		}
	})

	t.Run("pages_through_a_table_when_that_is_fewer_calls", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, creation("a", titles("行", 1200)...))
		pairs := make([][2]string, 300)
		for i := range pairs {
			pairs[i] = [2]string{titles("行", 1200)[i*4], "x"}
		}
		r := h.write(t, upsert("a", pairs...))
		if tally(r)[outbox.Updated] != 300 || h.base.searches != 3 {
			t.Errorf("%v, %d searches", tally(r), h.base.searches)
		}
	})

	t.Run("match_tells_what_it_would_do_and_does_nothing", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, upsert("a", [2]string{"一", "x"}, [2]string{"二", "x"}))
		rows, err := h.Match(t.Context(), upsert("a", [2]string{"一", "y"}, [2]string{"二", "x"}, [2]string{"三", "x"}, [2]string{"", "x"}))
		if err != nil {
			t.Fatal(err)
		}
		got := statuses(&outbox.Result{Rows: rows})
		if !slices.Equal(got, []outbox.RowStatus{outbox.Updated, outbox.Unchanged, outbox.Created, outbox.Failed}) || len(h.base.calls()) != 1 {
			t.Errorf("%v", got)
		}
	})
}
