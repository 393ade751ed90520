package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// filing is a submission of rows with these titles and files ("a b": two tokens; "null" clears; "": no cell), which are added.
func filing(op outbox.Op, rows ...[2]string) outbox.Submission {
	sub := creation("a")
	sub.Op, sub.AppendFiles = op, true
	sub.Fields = append(slices.Clone(columns), feishu.Field{ID: "fldFile", Name: "附件", Type: feishu.TypeAttachment})
	if op == outbox.OpUpsert {
		sub.KeyFields = []string{"标题"}
	}
	for i, r := range rows {
		cells := map[string]any{"标题": r[0]}
		switch {
		case r[1] == "null":
			cells["附件"] = nil
		case r[1] != "":
			cells["附件"] = tokens(strings.Fields(r[1]))
		}
		fields, _ := json.Marshal(cells)
		sub.Rows = append(sub.Rows, bitable.Row{Index: i, Fields: fields})
	}
	return printed(sub)
}

func tokens(names []string) []map[string]string {
	list := make([]map[string]string, len(names))
	for i, name := range names {
		list[i] = map[string]string{"file_token": name}
	}
	return list
}

// files are the tokens of each row's cell, by its title.
func (h *fixture) files() map[string]string {
	h.base.mu.Lock()
	defer h.base.mu.Unlock()
	all := make(map[string]string)
	for _, r := range h.base.tables["tblExample"] {
		var list []struct {
			Token string `json:"file_token"`
		}
		_ = json.Unmarshal(r.fields["附件"], &list)
		var names []string
		for _, file := range list {
			names = append(names, file.Token)
		}
		all[title(fmt.Appendf(nil, `{"标题":%s}`, r.fields["标题"]))] += strings.Join(names, " ")
	}
	return all
}

// updating makes sub an update of the records of r.
func updating(sub outbox.Submission, r *outbox.Result) outbox.Submission {
	for i := range sub.Rows {
		sub.Rows[i].RecordID = r.Rows[i].RecordID
	}
	return printed(sub)
}

// TestFilesAreAdded holds docs/contract.md §3, attachments: append.
func TestFilesAreAdded(t *testing.T) {
	t.Parallel()

	t.Run("by_an_update_behind_those_that_are_there", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "a b"}, [2]string{"二", ""}, [2]string{"三", "a"}, [2]string{"四", "a"}))
		sub := filing(outbox.OpUpdate, [2]string{"一", "b c c"}, [2]string{"二", "d"}, [2]string{"三", "null"}, [2]string{"四", ""})
		r := h.write(t, updating(sub, made))
		got, want := h.files(), map[string]string{"一": "a b c", "二": "d", "三": "", "四": "a"}
		if tally(r)[outbox.Updated] != 4 || fmt.Sprint(got) != fmt.Sprint(want) || h.base.gets != 1 {
			t.Errorf("%v, %d reads: %+v", got, h.base.gets, r)
		}
	})

	t.Run("not_where_it_is_not_asked_for", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "a b"}))
		sub := filing(outbox.OpUpdate, [2]string{"一", "c"})
		sub.AppendFiles = false
		h.write(t, updating(sub, made))
		if got := h.files()["一"]; got != "c" || h.base.gets != 0 {
			t.Errorf("files %s, %d reads", got, h.base.gets)
		}
	})

	t.Run("by_an_upsert_as_if_its_rows_came_one_after_another", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, filing(outbox.OpCreate, [2]string{"一", "a"}, [2]string{"二", "a"}, [2]string{"三", "a"}, [2]string{"四", "a b"}))
		r := h.write(t, filing(outbox.OpUpsert,
			[2]string{"一", "b"}, [2]string{"一", ""}, [2]string{"一", "c b"}, // two rows add
			[2]string{"二", "b"}, [2]string{"二", "null"}, [2]string{"二", "c"}, [2]string{"二", "d"}, // cleared in between
			[2]string{"三", "b"}, [2]string{"三", "null"},
			[2]string{"四", "b"}, // is there
			[2]string{"五", "a"}, [2]string{"五", "b a"},
		))
		got, want := h.files(), map[string]string{"一": "a b c", "二": "c d", "三": "", "四": "a b", "五": "a b"}
		if n := tally(r); fmt.Sprint(got) != fmt.Sprint(want) ||
			n[outbox.Updated] != 10 || n[outbox.Unchanged] != 1 || n[outbox.Created] != 1 {
			t.Errorf("%v, %v", got, tally(r))
		}
	})

	t.Run("of_callers_at_the_same_time_all", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "start"}))
		var tickets []*outbox.Ticket
		var want []string
		for i := range 20 {
			op := []outbox.Op{outbox.OpUpdate, outbox.OpUpsert}[i%2]
			sub := filing(op, [2]string{"一", fmt.Sprint("f", i)})
			sub.Tenant = fmt.Sprint("caller", i)
			if op == outbox.OpUpdate {
				sub = updating(sub, made)
			}
			tickets, want = append(tickets, h.submit(t, printed(sub))), append(want, fmt.Sprint("f", i))
		}
		for _, ticket := range tickets {
			wait(t, ticket)
		}
		got := strings.Fields(h.files()["一"])[1:]
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("files %v", got)
		}
	})

	t.Run("to_what_the_record_holds_now_where_the_search_shows_what_it_held", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, filing(outbox.OpCreate, [2]string{"一", "a"}))
		old := maps.Clone(h.base.tables["tblExample"][0].fields)
		h.write(t, filing(outbox.OpUpsert, [2]string{"一", "b"}))
		h.base.stale = []fakeRow{{id: h.base.tables["tblExample"][0].id, made: time.Now(), fields: old}}
		r := h.write(t, filing(outbox.OpUpsert, [2]string{"一", "c"}))
		if got := h.files()["一"]; tally(r)[outbox.Updated] != 1 || got != "a b c" {
			t.Errorf("files %s: %+v", got, r)
		}
	})

	t.Run("not_blindly_where_the_cells_cannot_be_read", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "a"}))
		h.base.ungot = &feishu.Error{Class: feishu.ClassAccess, Code: 1254302}
		r := h.write(t, updating(filing(outbox.OpUpdate, [2]string{"一", "b"}), made))
		if tally(r)[outbox.Failed] != 1 || r.Err == nil || r.Err.Code != problem.AdvancedPermission || len(h.base.calls()) != 1 {
			t.Errorf("%+v", r)
		}
		if got := h.files()["一"]; got != "a" {
			t.Errorf("files %s", got)
		}
	})

	t.Run("and_a_record_that_is_not_there_is_its_rows_error", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "a"}, [2]string{"二", "a"}))
		made.Rows[1].RecordID = "recAbsent"
		r := h.write(t, updating(filing(outbox.OpUpdate, [2]string{"一", "b"}, [2]string{"二", "b"}), made))
		if e := r.Rows[1].Err; tally(r)[outbox.Updated] != 1 || e == nil || e.Code != problem.RowRecordNotFound || h.files()["一"] != "a b" {
			t.Errorf("%+v, files %v", r, h.files())
		}
	})
}

// TestFilesAreAddedOnce loses an answer, or kills the process at every event: no file is added twice and none that was there is lost.
// What somebody adds by hand before a call that is made again stays too.
func TestFilesAreAddedOnce(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]fault{"carried_out": {after: interrupted()}, "not_carried_out": {before: interrupted()}} {
		t.Run("after_a_lost_answer_"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "a"}))
				h.base.faults = func(n int, _ write) fault {
					if n > 2 {
						return fault{}
					}
					h.base.mu.Lock() // somebody else adds a file by hand, before the answer is lost
					defer h.base.mu.Unlock()
					h.base.tables["tblExample"][0].fields["附件"] = json.RawMessage(`[{"file_token":"a"},{"file_token":"hand"}]`)
					return lost
				}
				r := h.write(t, updating(filing(outbox.OpUpdate, [2]string{"一", "b"}), made))
				want := map[string]string{"carried_out": "a b", "not_carried_out": "a hand b"}[name]
				if got := h.files()["一"]; tally(r)[outbox.Updated] != 1 || got != want {
					t.Errorf("files %s: %+v", got, r)
				}
			})
		})
	}

	t.Run("files_that_came_since_do_not_make_the_call_look_as_if_it_had_not_been_carried_out", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "a"}))
			h.base.faults = func(int, write) fault {
				h.base.mu.Lock()
				defer h.base.mu.Unlock()
				h.base.ungot = interrupted()
				return fault{after: interrupted()}
			}
			sub := updating(filing(outbox.OpUpdate, [2]string{"一", "b"}), made)
			if r := h.write(t, sub); tally(r)[outbox.Unknown] != 1 {
				t.Fatalf("%+v", r)
			}
			calls := len(h.base.calls())
			h.base.mu.Lock()
			h.base.ungot = nil
			h.base.tables["tblExample"][0].fields["附件"] = json.RawMessage(`[{"file_token":"a"},{"file_token":"b"},{"file_token":"hand"}]`)
			h.base.mu.Unlock()
			if r := h.write(t, sub); tally(r)[outbox.Updated] != 1 || len(h.base.calls()) != calls || h.files()["一"] != "a b hand" {
				t.Errorf("%d calls, files %v: %+v", len(h.base.calls()), h.files(), r)
			}
		})
	})

	for _, late := range []bool{false, true} {
		for _, op := range []outbox.Op{outbox.OpUpdate, outbox.OpUpsert} {
			for events := 1; ; events++ {
				over := false
				synctest.Test(t, func(t *testing.T) {
					h := setupOnly(t)
					h.open(t)
					made := h.write(t, filing(outbox.OpCreate, [2]string{"一", "a"}, [2]string{"二", "a"}))
					kill(h.Outbox)
					m := &mortal{Store: h.store, fakeBase: h.base, left: events, late: late}
					h.open(t, func(o *outbox.Options) { o.Store, o.Writer, o.Reader = m, m, m })
					sub := filing(op, [2]string{"一", "b"}, [2]string{"二", "b c"})
					if op == outbox.OpUpdate {
						sub = updating(sub, made)
					}
					sub = keyed("k", sub)
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					if ticket, err := h.Submit(ctx, sub); err == nil {
						_, _ = ticket.Wait(ctx)
					}
					over = !m.isDead()
					kill(h.Outbox)
					h.open(t)
					r := h.write(t, sub)
					if got := h.files(); tally(r)[outbox.Failed]+tally(r)[outbox.Unknown] > 0 || got["一"] != "a b" || got["二"] != "a b c" {
						t.Errorf("late %v, %s, %d events: %v, %+v", late, op, events, got, r)
					}
				})
				if over || t.Failed() {
					break
				}
			}
		}
	}
}
