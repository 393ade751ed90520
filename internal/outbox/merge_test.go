package outbox_test

import (
	"fmt"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// hold makes the base stop at the first write, and returns once a write of caller "first" is there: what is submitted then waits in
// the lane. release lets all writes go on.
func (h *fixture) hold(t *testing.T) (first *outbox.Ticket, release func()) {
	t.Helper()
	h.base.entered, h.base.gate = make(chan struct{}, 1000), make(chan struct{})
	first = h.submit(t, creation("first", "first"))
	<-h.base.entered
	return first, func() { close(h.base.gate) }
}

func TestMerging(t *testing.T) {
	t.Parallel()

	t.Run("puts_what_waits_into_one_call_and_gives_each_caller_its_own_rows", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first, release := h.hold(t)
		var tickets []*outbox.Ticket
		for i := range 200 {
			tickets = append(tickets, h.submit(t, creation(fmt.Sprint("caller", i), fmt.Sprint("行", i))))
		}
		release()
		wait(t, first)
		for i, ticket := range tickets {
			r := wait(t, ticket)
			if len(r.Rows) != 1 || r.Rows[0].Status != outbox.Created {
				t.Fatalf("caller %d: %+v", i, r.Rows)
			}
			if at := h.base.find("tblExample", r.Rows[0].RecordID); h.base.column("tblExample", "标题")[at] != fmt.Sprint("行", i) {
				t.Fatalf("caller %d got another one's record", i)
			}
		}
		if calls := h.base.calls(); len(calls) != 2 || calls[1].rows != 200 {
			t.Errorf("calls: %+v", calls)
		}
	})

	for name, change := range map[string]func(*outbox.Submission){
		"credentials": func(s *outbox.Submission) { s.Table.App.ID = "cli_other" },
		"tables":      func(s *outbox.Submission) { s.Table.TableID = "tblOther" },
		"options":     func(s *outbox.Submission) { s.Write.UserIDType = "union_id" },
		"operations": func(s *outbox.Submission) {
			s.Op = outbox.OpUpdate
			s.Rows[0].RecordID = "rec1"
		},
	} {
		t.Run("does_not_mix_"+name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			first, release := h.hold(t)
			one, two := creation("a", "一"), creation("b", "二")
			change(&two)
			tickets := []*outbox.Ticket{first, h.submit(t, one), h.submit(t, printed(two))}
			release()
			for _, ticket := range tickets {
				wait(t, ticket)
			}
			if calls := h.base.calls(); len(calls) != 3 {
				t.Errorf("calls: %+v", calls)
			}
		})
	}

	t.Run("lets_a_one_row_caller_into_the_next_batch_of_an_import_and_still_fills_it", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first, release := h.hold(t)
		bulk := h.submit(t, creation("import", titles("批", 10_000)...))
		lone := h.submit(t, creation("lone", "一"))
		release()
		wait(t, first)
		wait(t, lone)
		wait(t, bulk)
		calls := h.base.calls()
		if len(calls) != 12 { // 1 + 11 for 10,001 rows
			t.Errorf("%d calls", len(calls))
		}
		for i, title := range h.base.column("tblExample", "标题") {
			if title == "一" && i > 1000 {
				t.Errorf("the lone row is row %d", i)
			}
		}
	})

	t.Run("keeps_a_caller_s_entries_in_order", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first, release := h.hold(t)
		var tickets []*outbox.Ticket
		for i := range 30 {
			tickets = append(tickets, h.submit(t, creation("a", fmt.Sprintf("行%02d", i))))
		}
		release()
		wait(t, first)
		for _, ticket := range tickets {
			wait(t, ticket)
		}
		for i, title := range h.base.column("tblExample", "标题")[1:] {
			if title != fmt.Sprintf("行%02d", i) {
				t.Fatalf("row %d is %s", i, title)
			}
		}
	})

	t.Run("does_not_split_an_entry_that_must_stay_together", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first, release := h.hold(t)
		var tickets []*outbox.Ticket
		for i := range 3 {
			sub := creation(fmt.Sprint("c", i), titles(fmt.Sprint("组", i, "-"), 600)...)
			sub.Atomic = true
			tickets = append(tickets, h.submit(t, sub))
		}
		release()
		wait(t, first)
		for _, ticket := range tickets {
			if r := wait(t, ticket); r.UpstreamCalls != 1 {
				t.Errorf("%d calls for an entry of 600 rows", r.UpstreamCalls)
			}
		}
	})

	t.Run("does_not_send_more_bytes_than_a_call_may_have", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		big := make([]byte, outbox.MaxBatchBytes/2)
		for i := range big {
			big[i] = 'x'
		}
		h.write(t, creation("a", "1"+string(big), "2"+string(big), "3"+string(big)))
		if calls := h.base.calls(); len(calls) != 3 {
			t.Errorf("%d calls", len(calls))
		}
	})
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for name, bound := range map[string]func(*outbox.Options){
		"entries_of_a_lane":   func(o *outbox.Options) { o.Lane = outbox.Bound{Entries: 2, Rows: 100, Bytes: 1 << 20} },
		"rows_of_a_lane":      func(o *outbox.Options) { o.Lane = outbox.Bound{Entries: 100, Rows: 2, Bytes: 1 << 20} },
		"bytes_of_a_lane":     func(o *outbox.Options) { o.Lane = outbox.Bound{Entries: 100, Rows: 100, Bytes: 40} },
		"entries_of_a_tenant": func(o *outbox.Options) { o.Tenant = outbox.Bound{Entries: 2, Rows: 100, Bytes: 1 << 20} },
		"entries_in_all":      func(o *outbox.Options) { o.Total = outbox.Bound{Entries: 2, Rows: 100, Bytes: 1 << 20} },
		"entries_on_disk":     func(o *outbox.Options) { o.Kept = outbox.Kept{Entries: 2, Bytes: 1 << 20} },
	} {
		t.Run("refuses_more_"+name+"_and_takes_them_again_later", func(t *testing.T) {
			t.Parallel()
			h := setup(t, bound)
			first, release := h.hold(t)
			second := h.submit(t, creation("b", "二"))
			_, err := h.Submit(t.Context(), creation("c", "三"))
			p := problem.From(err)
			if p.Code != problem.Overloaded || p.RetryAfter != outbox.OverloadWait {
				t.Fatalf("got %v", err)
			}
			release()
			wait(t, first)
			wait(t, second)
			first.Delivered()
			second.Delivered()
			h.write(t, creation("c", "三"))
		})
	}

	t.Run("takes_a_submission_over_the_bound_when_nothing_waits", func(t *testing.T) {
		t.Parallel()
		h := setup(t, func(o *outbox.Options) { o.Lane = outbox.Bound{Entries: 2, Rows: 2, Bytes: 10} })
		h.write(t, creation("a", titles("行", 5)...))
	})
}

func TestRefusedRows(t *testing.T) {
	t.Parallel()

	t.Run("three_bad_rows_among_a_thousand_of_200_callers_fail_alone", func(t *testing.T) {
		t.Parallel()
		for _, nameless := range []bool{false, true} {
			h := setup(t)
			h.base.nameless = nameless
			first, release := h.hold(t)
			var tickets []*outbox.Ticket
			for i := range 200 {
				sub := creation(fmt.Sprint("caller", i), titles(fmt.Sprint("行", i, "-"), 5)...)
				if i == 7 || i == 99 || i == 180 {
					sub.Rows[3].Fields = row(fmt.Sprint("bad", i), "")
				}
				tickets = append(tickets, h.submit(t, printed(sub)))
			}
			release()
			wait(t, first)
			for i, ticket := range tickets {
				r := wait(t, ticket)
				bad := i == 7 || i == 99 || i == 180
				if got := tally(r)[outbox.Created]; bad && got != 4 || !bad && got != 5 {
					t.Errorf("caller %d: %v", i, tally(r))
				}
				if bad {
					row := r.Rows[3]
					if row.Status != outbox.Failed || row.Err == nil || row.Err.Index != 3 || row.Err.FeishuCode != 1254060 ||
						row.Err.Code != problem.RowValueMismatch {
						t.Errorf("caller %d: %+v", i, row)
					}
					if !nameless && (row.Err.Field != "标题" || row.Err.Got != fmt.Sprint("bad", i)) {
						t.Errorf("caller %d: %+v", i, row.Err)
					}
				}
			}
			calls := len(h.base.calls()) - 1
			if limit := map[bool]int{false: 4, true: 40}[nameless]; calls > limit {
				t.Errorf("%d calls, nameless: %v", calls, nameless)
			}
			if n := len(h.base.column("tblExample", "标题")); n != 998 {
				t.Errorf("%d rows in the table", n)
			}
		}
	})

	t.Run("a_bad_row_takes_with_it_an_entry_that_stays_together_and_no_other", func(t *testing.T) {
		t.Parallel()
		for _, nameless := range []bool{false, true} {
			h := setup(t)
			h.base.nameless = nameless
			first, release := h.hold(t)
			guilty := creation("a", "一", "bad", "三")
			guilty.Atomic = true
			innocent := creation("b", titles("行", 20)...)
			one, two := h.submit(t, guilty), h.submit(t, innocent)
			release()
			wait(t, first)
			r := wait(t, one)
			if tally(r)[outbox.Failed] != 3 || r.Err == nil || r.Err.Code != problem.InvalidRows {
				t.Errorf("%+v", r)
			}
			if !nameless && (r.Rows[1].Err == nil || r.Rows[0].Err != nil || r.Rows[2].Err != nil) {
				t.Errorf("%+v", r.Rows)
			}
			if tally(wait(t, two))[outbox.Created] != 20 {
				t.Error("the innocent entry was not written")
			}
		}
	})

	t.Run("stops_a_large_entry_that_stays_together_at_the_batch_that_is_refused", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := creation("a", titles("行", 2500)...)
		sub.Atomic = true
		sub.Rows[1500].Fields = row("bad", "")
		r := h.write(t, sub)
		if got := tally(r); got[outbox.Created] != 1000 || got[outbox.Failed] != 1500 || len(h.base.calls()) != 2 {
			t.Errorf("%v, %d calls", got, len(h.base.calls()))
		}
	})

	t.Run("does_not_blame_a_row_that_only_prints_like_the_bad_one", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.faults = func(n int, _ write) fault { // what Feishu says of a text in a number column
			if n == 1 {
				return fault{before: dataError("标题", "12")}
			}
			return fault{}
		}
		sub := creation("a", "x", "y")
		sub.Rows[0].Fields = []byte(`{"标题":12}`)
		sub.Rows[1].Fields = []byte(`{"标题":"12"}`)
		if r := h.write(t, printed(sub)); tally(r)[outbox.Created] < 1 {
			t.Errorf("%+v", r.Rows)
		}
	})
}

func TestFailedCalls(t *testing.T) {
	t.Parallel()

	t.Run("an_access_error_fails_all_rows_at_once_with_its_problem", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.faults = func(int, write) fault {
			return fault{before: &feishu.Error{Class: feishu.ClassAccess, Code: 91403}}
		}
		r := h.write(t, creation("a", titles("行", 2500)...))
		if tally(r)[outbox.Failed] != 2500 || r.Err == nil || r.Err.Code != problem.AppNotCollaborator || len(h.base.calls()) != 1 {
			t.Errorf("%v %v, %d calls", tally(r), r.Err, len(h.base.calls()))
		}
	})

	t.Run("an_open_breaker_fails_at_once_as_not_written_and_a_repeat_runs_anew", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.faults = func(n int, _ write) fault {
			if n == 1 {
				return fault{before: &feishu.Error{Class: feishu.ClassOpen}}
			}
			return fault{}
		}
		sub := creation("a", "一")
		sub.IdempotencyKey = "k"
		r := h.write(t, sub)
		if r.Err == nil || r.Err.Code != problem.UpstreamUnavailable || r.Rows[0].Status != outbox.Failed {
			t.Errorf("%+v", r)
		}
		again := h.submit(t, sub)
		if r := wait(t, again); again.Replay || r.Rows[0].Status != outbox.Created {
			t.Errorf("replay %v, %+v", again.Replay, r)
		}
	})

	t.Run("a_store_that_cannot_write_means_that_nothing_is_sent", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.store.fail = func(c *outbox.Changes) error {
			if len(c.Start) > 0 {
				return errRefused
			}
			return nil
		}
		r := h.write(t, creation("a", "一"))
		if r.Err == nil || r.Err.Code != problem.Overloaded || len(h.base.calls()) != 0 {
			t.Errorf("%+v, %d calls", r, len(h.base.calls()))
		}
	})
}

// TestMerging_across_tables_and_credentials: what waits for one table and credential shares a call, whatever stands between.
func TestMerging_across_tables_and_credentials(t *testing.T) {
	t.Parallel()
	for name, tenant := range map[string]func(i int) string{
		"of one tenant":   func(int) string { return "one" },
		"of many tenants": func(i int) string { return fmt.Sprint("tenant", i) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			first, release := h.hold(t)
			tickets := []*outbox.Ticket{first}
			for i := range 200 {
				sub := creation(tenant(i), fmt.Sprint("行", i))
				sub.Table.TableID = fmt.Sprint("tblExample", i%2)
				sub.Table.App.ID = fmt.Sprint("cli_example", i/2%2)
				tickets = append(tickets, h.submit(t, printed(sub)))
			}
			release()
			for _, ticket := range tickets {
				wait(t, ticket)
			}
			if calls := h.base.calls(); len(calls) != 1+4 {
				t.Errorf("%d calls: %+v", len(calls), calls)
			}
			for _, table := range []string{"tblExample0", "tblExample1"} {
				last := map[string]int{}
				for _, title := range h.base.column(table, "标题") {
					var n int
					_, _ = fmt.Sscanf(title, "行%d", &n)
					credential := fmt.Sprint(n / 2 % 2)
					if n < last[credential] {
						t.Errorf("%s: row %d after %d", table, n, last[credential])
					}
					last[credential] = n
				}
			}
		})
	}
}

// TestFairness: turns go to tenants, however many imports one of them has.
func TestFairness(t *testing.T) {
	t.Parallel()
	for _, app := range []string{"cli_example", "cli_other"} {
		t.Run("a one-row caller of "+app+" waits for the batch under way beside five imports", func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.base.entered, h.base.gate = make(chan struct{}, 1000), make(chan struct{})
			var tickets []*outbox.Ticket
			for i := range 5 {
				sub := creation("importer", titles(fmt.Sprintf("批%d-", i), 5_000)...)
				sub.Import = fmt.Sprint("import", i)
				tickets = append(tickets, h.submit(t, sub))
			}
			for range 3 { // in the middle of things
				<-h.base.entered
				h.base.gate <- struct{}{}
			}
			<-h.base.entered
			lone := creation("lone", "一")
			lone.Table.App.ID = app
			tickets = append(tickets, h.submit(t, printed(lone)))
			close(h.base.gate)
			for _, ticket := range tickets {
				wait(t, ticket)
			}
			rows, at := 0, 0
			for i, title := range h.base.column("tblExample", "标题") {
				if rows++; title == "一" {
					at = i
				}
			}
			if rows != 25_001 || at > 5_000 {
				t.Errorf("the lone row is row %d of %d", at, rows)
			}
		})
	}

	t.Run("a tenant has three quarters of a lane at most", func(t *testing.T) {
		t.Parallel()
		h := setup(t, func(o *outbox.Options) { o.Lane = outbox.Bound{Entries: 8, Rows: 100, Bytes: 1 << 20} })
		_, release := h.hold(t)
		defer release()
		for i := range 6 {
			h.submit(t, creation("a", fmt.Sprint("a", i)))
		}
		if _, err := h.Submit(t.Context(), creation("a", "one too many")); err == nil {
			t.Error("a tenant may fill the lane")
		}
		h.submit(t, creation("b", "一"))
	})
}
