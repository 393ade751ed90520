package outbox_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

// during returns faults that answer err to the writes from the first to the last, and carry none of them out.
func during(first, last int, err error) func(int, write) fault {
	return func(n int, _ write) fault {
		if first <= n && n <= last {
			return fault{before: err}
		}
		return fault{}
	}
}

// once refuses every repeat of an unanswered call.
func once(o *outbox.Options) { o.AllowRetry = func(feishu.App) bool { return false } }

// TestAdrift: what waits for its outcome is not sent after a later write to the same place.
func TestAdrift(t *testing.T) {
	t.Parallel()

	t.Run("an_update_given_up_for_now_does_not_undo_a_later_one", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t, once)
			h.write(t, creation("a", "一"))
			h.base.faults = during(2, 2, interrupted())
			if r := h.write(t, update("a", map[string]string{"rec1": "先"})); tally(r)[outbox.Unknown] != 1 {
				t.Fatalf("%+v", r)
			}
			h.write(t, update("b", map[string]string{"rec1": "后"}))
			elapse(time.Hour)
			if got := h.base.column("tblExample", "标题"); got[0] != "后" {
				t.Errorf("the record holds %v", got)
			}
			if _, open, _ := h.store.counts(); open != 0 {
				t.Errorf("%d entries open", open)
			}
		})
	})

	t.Run("an_update_of_another_record_is_still_sent", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t, once)
			h.write(t, creation("a", "一", "二"))
			h.base.faults = during(2, 2, interrupted())
			h.write(t, update("a", map[string]string{"rec1": "先"}))
			h.write(t, update("b", map[string]string{"rec2": "后"}))
			elapse(2 * time.Minute)
			if got := h.base.column("tblExample", "标题"); !slices.Equal(got, []string{"先", "后"}) {
				t.Errorf("the records hold %v", got)
			}
		})
	})

	t.Run("a_repeat_of_the_update_itself_is_sent", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t, once)
			h.write(t, creation("a", "一"))
			h.base.faults = during(2, 2, interrupted())
			sub := update("a", map[string]string{"rec1": "先"})
			h.write(t, sub)
			h.write(t, update("b", map[string]string{"rec1": "后"}))
			if r := h.write(t, sub); tally(r)[outbox.Updated] != 1 || h.base.column("tblExample", "标题")[0] != "先" {
				t.Errorf("%+v, %v", r, h.base.column("tblExample", "标题"))
			}
		})
	})

	t.Run("an_upsert_given_up_for_now_makes_no_second_record_of_its_key", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t, once)
			h.base.faults = during(1, 1, interrupted())
			sub := upsert("a", [2]string{"新", "x"})
			if r := h.write(t, sub); tally(r)[outbox.Unknown] != 1 {
				t.Fatalf("%+v", r)
			}
			if r := h.write(t, upsert("b", [2]string{"新", "y"})); tally(r)[outbox.Created] != 1 {
				t.Fatalf("%+v", r)
			}
			h.write(t, sub) // a repeat of the first
			elapse(time.Hour)
			if got := h.base.column("tblExample", "备注"); !slices.Equal(got, []string{"y"}) {
				t.Errorf("%d records: %v", len(got), got)
			}
		})
	})

	t.Run("an_upsert_of_a_job_that_was_never_sent_looks_its_keys_up_again", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = during(1, 1, &feishu.Error{Class: feishu.ClassUnreachable})
			sub := upsert("a", [2]string{"新", "x"})
			sub.Keep = true
			job := h.submit(t, sub)
			synctest.Wait()
			h.write(t, upsert("b", [2]string{"新", "y"}))
			if r := wait(t, job); tally(r)[outbox.Updated] != 1 {
				t.Errorf("%+v", r)
			}
			if got := h.base.column("tblExample", "备注"); !slices.Equal(got, []string{"x"}) {
				t.Errorf("%d records: %v", len(got), got)
			}
		})
	})

	t.Run("the_later_rows_of_a_job_do_not_overtake_its_earlier_ones", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.write(t, creation("a", "一"))
			h.base.faults = during(2, 2, &feishu.Error{Class: feishu.ClassUnreachable})
			sub := update("a", map[string]string{"rec1": "先"})
			sub.Rows = append(sub.Rows, bitable.Row{Index: 1, RecordID: "rec1", Fields: row("后", "")})
			sub.Keep = true
			if r := h.write(t, printed(sub)); tally(r)[outbox.Updated] != 2 || h.base.column("tblExample", "标题")[0] != "后" {
				t.Errorf("%+v, %v", r, h.base.column("tblExample", "标题"))
			}
		})
	})

	for name, others := range map[string]bool{"with_another_s_record_of_its_key": true, "alone": false} {
		t.Run("an_upsert_given_up_for_now_makes_one_record_of_its_key_after_a_restart_"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t, once)
				h.base.faults = during(1, 1, interrupted())
				h.write(t, upsert("a", [2]string{"新", "x"}))
				want := []string{"x"}
				if others {
					h.write(t, upsert("b", [2]string{"新", "y"}))
					want = []string{"y"}
				}
				kill(h.Outbox)
				h.open(t)
				elapse(time.Hour)
				if got := h.base.column("tblExample", "备注"); !slices.Equal(got, want) {
					t.Errorf("%d records: %v, want %v", len(got), got, want)
				}
			})
		})
	}

	t.Run("a_write_that_the_table_refuses_by_now_is_looked_for_before_its_rows_are_failed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = func(n int, _ write) fault {
				switch n {
				case 1:
					return fault{after: interrupted()}
				case 2:
					return fault{before: dataError("标题", "一")} // the column was given another type
				}
				return fault{}
			}
			if r := h.write(t, creation("a", "一", "二")); tally(r)[outbox.Created] != 2 || len(h.base.column("tblExample", "标题")) != 2 {
				t.Errorf("%+v, %v", r, h.base.column("tblExample", "标题"))
			}
		})
	})

	t.Run("many_quick_repeats_do_not_use_up_the_patience", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t, once)
			h.base.faults = during(1, 24, interrupted())
			sub := creation("a", "一")
			for range 24 {
				if r := h.write(t, sub); tally(r)[outbox.Unknown] != 1 {
					t.Fatalf("%+v", r)
				}
			}
			if r := h.write(t, sub); tally(r)[outbox.Created] != 1 || len(h.base.column("tblExample", "标题")) != 1 {
				t.Errorf("%+v", r)
			}
		})
	})
}

// panicky is a base whose first answers are panics.
type panicky struct {
	*fakeBase
	left int
}

func (p *panicky) Search(ctx context.Context, table feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error) {
	if p.left--; p.left >= 0 {
		panic("a row's content")
	}
	return p.fakeBase.Search(ctx, table, req)
}

func TestPanic(t *testing.T) {
	t.Parallel()

	t.Run("in_a_write_is_an_unknown_outcome_that_is_found_out", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = func(n int, _ write) fault {
				if n == 1 {
					panic("a row's content")
				}
				return fault{}
			}
			if r := h.write(t, creation("a", "一")); tally(r)[outbox.Created] != 1 {
				t.Errorf("%+v", r)
			}
			if r := h.write(t, creation("a", "二")); tally(r)[outbox.Created] != 1 {
				t.Errorf("afterwards: %+v", r)
			}
		})
	})

	t.Run("in_a_lookup_fails_the_rows_and_the_lane_goes_on", func(t *testing.T) {
		t.Parallel()
		h := setupOnly(t)
		h.open(t, func(o *outbox.Options) { o.Reader = &panicky{fakeBase: h.base, left: 1} })
		sub := upsert("a", [2]string{"一", "x"})
		if r := h.write(t, sub); tally(r)[outbox.Failed] != 1 || code(r.Err) != "internal_error" {
			t.Errorf("%+v", r)
		}
		if r := h.write(t, sub); tally(r)[outbox.Created] != 1 {
			t.Errorf("afterwards: %+v", r)
		}
	})
}
