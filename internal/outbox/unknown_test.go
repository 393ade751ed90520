package outbox_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

func interrupted() error { return &feishu.Error{Class: feishu.ClassInterrupted} }

var tokenModes = map[string]tokenMode{"replays": tokenReplays, "conflicts": tokenConflicts, "repeated": tokenRepeated}

func TestUnknownOutcome(t *testing.T) {
	t.Parallel()

	for name, mode := range tokenModes {
		for place, cut := range map[string]fault{"before": {before: interrupted()}, "after": {after: interrupted()}} {
			t.Run(fmt.Sprintf("a_create_cut_%s_it_was_carried_out_is_written_once_when_the_token_%s", place, name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := setup(t)
					h.base.mode = mode
					h.write(t, creation("z", "另一行"))
					h.base.faults = func(n int, _ write) fault {
						if n == 2 {
							return cut
						}
						return fault{}
					}
					r := h.write(t, creation("a", "一", "二", "二"))
					if tally(r)[outbox.Created] != 3 || r.Err != nil {
						t.Fatalf("%+v", r)
					}
					if got := h.base.column("tblExample", "标题"); !slices.Equal(got, []string{"另一行", "一", "二", "二"}) {
						t.Errorf("%v", got)
					}
					for i, row := range r.Rows {
						if want := fmt.Sprint("rec", i+2); row.RecordID != want && i == 0 {
							t.Errorf("row %d: %s, not %s", i, row.RecordID, want)
						}
					}
					calls := h.base.calls()[1:]
					for _, c := range calls {
						if c.token != calls[0].token || c.rows != 3 || c.first != calls[0].first {
							t.Errorf("not the same call again: %+v", calls)
						}
					}
				})
			})
		}
	}

	t.Run("is_unknown_when_an_older_row_of_the_same_content_makes_it_impossible_to_tell", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.mode = tokenConflicts
			first := h.submit(t, creation("a", "一"))
			wait(t, first)
			first.Delivered()
			h.base.faults = func(n int, _ write) fault {
				if n == 2 {
					return fault{after: interrupted()}
				}
				return fault{}
			}
			sub := creation("a", "一")
			ticket := h.submit(t, sub)
			r := wait(t, ticket)
			if tally(r)[outbox.Unknown] != 1 || r.Err == nil || r.Err.Code != problem.UnknownOutcome {
				t.Fatalf("%+v", r)
			}
			again := h.submit(t, sub) // still the same write, not a new one
			if r := wait(t, again); !again.Replay || tally(r)[outbox.Unknown] != 1 {
				t.Errorf("replay %v, %+v", again.Replay, r)
			}
			elapse(time.Hour) // the janitor gives up in the end, and the answer is kept
			if _, open, _ := h.store.counts(); open != 0 {
				t.Errorf("%d entries open", open)
			}
			if n := len(h.base.column("tblExample", "标题")); n != 2 {
				t.Errorf("%d rows", n)
			}
		})
	})

	t.Run("is_found_out_by_a_repeat_once_feishu_is_back", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			down := true
			h.base.unread = &feishu.Error{Class: feishu.ClassOpen}
			h.base.faults = func(n int, _ write) fault {
				switch {
				case n == 1:
					return fault{after: interrupted()}
				case down:
					return fault{before: &feishu.Error{Class: feishu.ClassOpen}}
				}
				return fault{}
			}
			sub := creation("a", "一", "二")
			if r := h.write(t, sub); tally(r)[outbox.Unknown] != 2 {
				t.Fatalf("%+v", r)
			}
			down, h.base.unread = false, nil
			again := h.submit(t, sub)
			if r := wait(t, again); !again.Replay || tally(r)[outbox.Created] != 2 || r.Err != nil {
				t.Errorf("replay %v, %+v", again.Replay, r)
			}
			if n := len(h.base.column("tblExample", "标题")); n != 2 {
				t.Errorf("%d rows", n)
			}
		})
	})

	t.Run("is_found_out_by_the_janitor_too", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			start := time.Now()
			h.base.unread = &feishu.Error{Class: feishu.ClassServer}
			h.base.faults = func(n int, _ write) fault {
				switch {
				case n == 1:
					return fault{after: interrupted()}
				case time.Since(start) < 50*time.Second:
					return fault{before: &feishu.Error{Class: feishu.ClassServer}}
				}
				return fault{}
			}
			sub := creation("a", "一")
			sub.Keep = true
			ticket := h.submit(t, sub)
			if r := wait(t, ticket); tally(r)[outbox.Unknown] != 1 {
				t.Fatalf("%+v", r)
			}
			elapse(2 * time.Minute)
			job, err := h.Job(t.Context(), ticket.JobID, "digest of cli_example")
			if err != nil || job.Result == nil || tally(job.Result)[outbox.Created] != 1 {
				t.Errorf("%+v %v", job, err)
			}
		})
	})

	t.Run("an_update_is_read_back", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.write(t, creation("a", "一", "二"))
			h.base.faults = func(n int, _ write) fault {
				if n == 2 {
					return fault{after: interrupted()}
				}
				return fault{}
			}
			r := h.write(t, update("a", map[string]string{"rec1": "壹", "rec2": "贰"}))
			if tally(r)[outbox.Updated] != 2 || len(h.base.calls()) != 2 {
				t.Errorf("%+v, %d calls", r, len(h.base.calls()))
			}
		})
	})

	t.Run("an_update_that_was_not_carried_out_is_sent_again", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.write(t, creation("a", "一"))
			h.base.faults = func(n int, _ write) fault {
				if n == 2 {
					return fault{before: interrupted()}
				}
				return fault{}
			}
			r := h.write(t, update("a", map[string]string{"rec1": "壹"}))
			if tally(r)[outbox.Updated] != 1 || h.base.column("tblExample", "标题")[0] != "壹" {
				t.Errorf("%+v", r)
			}
		})
	})

	for place, cut := range map[string]fault{"before": {before: interrupted()}, "after": {after: interrupted()}} {
		t.Run("a_delete_cut_"+place+"_it_was_carried_out_is_deleted", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.write(t, creation("a", "一", "二", "三"))
				h.base.faults = func(n int, _ write) fault {
					if n == 2 {
						return cut
					}
					return fault{}
				}
				r := h.write(t, deletion("a", "rec1", "rec3"))
				if tally(r)[outbox.Deleted] != 2 || !slices.Equal(h.base.column("tblExample", "标题"), []string{"二"}) {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()

	t.Run("a_write_conflict_waits_half_a_second_to_one_and_then_longer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			var at []time.Time
			h.base.faults = func(n int, _ write) fault {
				at = append(at, time.Now())
				if n <= 4 {
					return fault{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291}}
				}
				return fault{}
			}
			if r := h.write(t, creation("a", "一")); tally(r)[outbox.Created] != 1 {
				t.Fatalf("%+v", r)
			}
			longest := time.Second
			for i := 1; i < len(at); i++ {
				if wait := at[i].Sub(at[i-1]); wait < longest/2 || wait > longest {
					t.Errorf("wait %d is %v, not between %v and %v", i, wait, longest/2, longest)
				}
				longest *= 2
			}
		})
	})

	t.Run("a_write_conflict_gives_up_in_the_end_as_not_written", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = func(int, write) fault {
				return fault{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291}}
			}
			start := time.Now()
			r := h.write(t, creation("a", "一"))
			if tally(r)[outbox.Failed] != 1 || !problemRetryable(r.Err) || time.Since(start) > 2*time.Minute {
				t.Errorf("%+v after %v", r, time.Since(start))
			}
		})
	})

	t.Run("a_rate_limit_is_obeyed_to_the_millisecond", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = func(n int, _ write) fault {
				if n == 1 {
					return fault{before: &feishu.Error{Class: feishu.ClassRate, Code: 99991400, RetryAfter: 7 * time.Second}}
				}
				return fault{}
			}
			start := time.Now()
			h.write(t, creation("a", "一"))
			if took := time.Since(start); took < 7*time.Second || took > 7*time.Second+50*time.Millisecond {
				t.Errorf("took %v", took)
			}
		})
	})

	t.Run("one_lane_s_conflict_does_not_hold_up_another", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = func(_ int, w write) fault {
				if w.table == "tblBusy" {
					return fault{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291}}
				}
				return fault{}
			}
			busy := creation("a", "一")
			busy.Table.TableID, busy.Table.AppToken = "tblBusy", "bascnBusy"
			h.submit(t, printed(busy))
			start := time.Now()
			h.write(t, creation("a", "一"))
			if took := time.Since(start); took > 0 {
				t.Errorf("took %v", took)
			}
		})
	})
}

func problemRetryable(p *problem.Error) bool {
	return p != nil && (p.Code == problem.RateLimited || p.Code == problem.UpstreamUnavailable)
}

// TestUnknownOutcome_says_what_feishu_said_last: its code and log id, also where the very last call got no answer at all.
func TestUnknownOutcome_says_what_feishu_said_last(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]error{
		"an answer": &feishu.Error{Class: feishu.ClassServer, Code: 1255002, Msg: "InternalError", LogID: "log_example"},
		"no answer": interrupted(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.base.unread = interrupted()
				h.base.faults = func(n int, _ write) fault {
					if n == 1 {
						return fault{before: &feishu.Error{Class: feishu.ClassServer, Code: 1255002, LogID: "log_example"}}
					}
					return fault{before: last}
				}
				r := h.write(t, creation("a", "一"))
				if tally(r)[outbox.Unknown] != 1 || r.Err == nil || r.Err.Feishu == nil {
					t.Fatalf("%+v", r)
				}
				if r.Err.Feishu.Code != 1255002 || r.Err.Feishu.LogID != "log_example" {
					t.Errorf("feishu is %+v", r.Err.Feishu)
				}
			})
		})
	}
	for _, code := range []int{1255001, 1255002, 1255003, 1255005, 1254002, 2200, 1255040, 1254608, 1255006} {
		t.Run(fmt.Sprint("code ", code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.base.unread = interrupted()
				info, _ := feishu.LookupCode(code)
				h.base.faults = func(int, write) fault {
					return fault{before: &feishu.Error{Class: info.Class, Code: code, LogID: "log_example"}}
				}
				r := h.write(t, creation("a", "一"))
				if r.Err == nil || r.Err.Feishu == nil || r.Err.Feishu.Code != code || r.Err.Feishu.LogID != "log_example" {
					t.Errorf("%+v, %+v", r, r.Err)
				}
			})
		})
	}
}
