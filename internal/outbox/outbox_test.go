package outbox_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

func code(err error) problem.Code {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Code
	}
	return ""
}

func TestSubmit(t *testing.T) {
	t.Parallel()

	t.Run("writes_rows_in_their_order_and_answers_one_result_a_row", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := creation("a", "一", "二", "三")
		sub.Memo = []byte("memo")
		r := h.write(t, sub)
		want := &outbox.Result{Rows: []outbox.RowResult{
			{Index: 0, Status: outbox.Created, RecordID: "rec1"},
			{Index: 1, Status: outbox.Created, RecordID: "rec2"},
			{Index: 2, Status: outbox.Created, RecordID: "rec3"},
		}, UpstreamCalls: 1, Batches: 1, Memo: []byte("memo")}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Error(diff)
		}
		if got := h.base.column("tblExample", "标题"); !slices.Equal(got, []string{"一", "二", "三"}) {
			t.Errorf("rows in the table: %v", got)
		}
	})

	t.Run("keeps_the_callers_numbering", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := creation("a", "一", "二")
		sub.Rows[0].Index, sub.Rows[1].Index = 4, 9
		r := h.write(t, sub)
		if r.Rows[0].Index != 4 || r.Rows[1].Index != 9 {
			t.Errorf("indexes: %+v", r.Rows)
		}
	})

	t.Run("cuts_a_large_submission_into_full_batches", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		r := h.write(t, creation("a", titles("行", 2500)...))
		var sizes []int
		for _, w := range h.base.calls() {
			sizes = append(sizes, w.rows)
		}
		if !slices.Equal(sizes, []int{1000, 1000, 500}) || tally(r)[outbox.Created] != 2500 || r.UpstreamCalls != 3 {
			t.Errorf("batches %v, %v, %d calls", sizes, tally(r), r.UpstreamCalls)
		}
		if got := h.base.column("tblExample", "标题"); !slices.Equal(got, titles("行", 2500)) {
			t.Error("the rows are not in their order")
		}
	})

	t.Run("answers_nothing_for_no_rows", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		if r := h.write(t, creation("a")); len(r.Rows) != 0 || len(h.base.calls()) != 0 {
			t.Errorf("%+v, %d calls", r, len(h.base.calls()))
		}
	})

	t.Run("uses_the_callers_client_token", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := creation("a", "一")
		sub.Write.ClientToken = "fe599b60-450f-46ff-b2ef-9f6675625b97"
		h.write(t, printed(sub))
		if got := h.base.calls()[0].token; got != sub.Write.ClientToken {
			t.Errorf("client token %q", got)
		}
	})

	t.Run("never_has_two_writes_of_one_base_under_way", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		var tickets []*outbox.Ticket
		for _, title := range titles("行", 50) {
			sub := creation(title, title)
			sub.Table.TableID = "tbl" + title[len(title)-1:]
			tickets = append(tickets, h.submit(t, printed(sub)))
		}
		for _, ticket := range tickets {
			wait(t, ticket)
		}
		if h.base.maxBusy != 1 {
			t.Errorf("%d writes at once", h.base.maxBusy)
		}
	})

	t.Run("writes_different_bases_side_by_side", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.entered, h.base.gate = make(chan struct{}), make(chan struct{})
		one := creation("a", "一")
		two := creation("a", "一")
		two.Table.AppToken = "bascnOther"
		first, second := h.submit(t, one), h.submit(t, printed(two))
		<-h.base.entered
		<-h.base.entered // both are under way
		close(h.base.gate)
		wait(t, first)
		wait(t, second)
	})
}
