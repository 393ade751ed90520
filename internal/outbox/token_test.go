package outbox_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestToken_life: whatever Feishu does with client tokens and however long the process was away, a create is written once.
func TestToken_life(t *testing.T) {
	t.Parallel()
	modes := []sandbox.ClientTokenMode{sandbox.ClientTokenReplay, sandbox.ClientTokenConflict, sandbox.ClientTokenRepeat}
	for _, mode := range modes {
		for _, life := range []time.Duration{time.Millisecond, 3 * time.Hour, 24 * time.Hour} {
			for _, gap := range []time.Duration{0, 5 * time.Minute, 4 * time.Hour} {
				for _, committed := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s_%s_away_%s_cut_after_commit_%t", mode, life, gap, committed), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) { writesOnce(t, mode, life, gap, committed) })
					})
				}
			}
		}
	}
}

func writesOnce(t *testing.T, mode sandbox.ClientTokenMode, life, gap time.Duration, committed bool) {
	t.Helper()
	when := sandbox.BeforeCommit
	if committed {
		when = sandbox.AfterCommit
	}
	s := newSite(t, sandbox.Options{ClientToken: mode, ClientTokenTTL: life})
	s.write(t, s.videos(outbox.OpCreate, 100))
	elapse(time.Hour)
	for round, op := range []outbox.Op{outbox.OpCreate, outbox.OpUpsert} {
		s.fault(t, sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionCut, When: when, Count: 1})
		sub := keyed(fmt.Sprint("key", round), s.videos(op, 10*round+1, 10*round+2))
		ticket := must[*outbox.Ticket](t)(s.Submit(t.Context(), sub))
		elapse(10 * time.Millisecond) // the answer is cut, and nothing is sent again yet
		if n := s.sb.CallCount("record.batch_create", ""); n == 0 {
			t.Fatal("nothing was sent")
		}
		if gap > 0 {
			kill(s.Outbox)
			_ = s.store.Close()
			elapse(gap)
			s.open(t)
			ticket = must[*outbox.Ticket](t)(s.Submit(t.Context(), sub))
		}
		if r := wait(t, ticket); tally(r)[outbox.Created] != 2 {
			t.Errorf("%s: %+v", op, r)
		}
	}
	s.expectOnce(t, 100, 1, 2, 11, 12)
}

// away kills the outbox after the first create's answer was lost, and moves all that is stored and written back by d.
func away(t *testing.T, h *fixture, d time.Duration) {
	t.Helper()
	kill(h.Outbox)
	h.store.mu.Lock()
	for i := range h.store.held.batches {
		b := &h.store.held.batches[i]
		b.StartedAt = b.StartedAt.Add(-d)
	}
	h.store.mu.Unlock()
	h.base.mu.Lock()
	for _, rows := range h.base.tables {
		for i := range rows {
			rows[i].made = rows[i].made.Add(-d)
		}
	}
	h.base.forgetful = true
	clear(h.base.tokens)
	h.base.faults = nil
	h.base.mu.Unlock()
}

// cutOnce loses the answer of the n-th write, and refuses the repeats as long as nothing else is set.
func cutOnce(n int, cut fault) func(int, write) fault {
	return func(i int, _ write) fault {
		if i == n {
			return cut
		}
		return fault{}
	}
}

func TestToken_forgotten(t *testing.T) {
	t.Parallel()
	after := fault{after: interrupted()}
	before := fault{before: interrupted()}

	for name, c := range map[string]struct {
		cut      fault
		advanced bool
		foreign  int // equal rows that somebody else has made since
		unread   bool
		gap      time.Duration
		want     outbox.RowStatus
		rows     int
	}{
		"a row that is there is found":          {cut: after, gap: 4 * time.Hour, want: outbox.Created, rows: 1},
		"a row that is not there is sent again": {cut: before, gap: 4 * time.Hour, want: outbox.Created, rows: 1},
		"an empty read of a base with advanced permissions proves nothing": {
			cut: before, advanced: true, gap: 4 * time.Hour,
			want: outbox.Unknown,
		},
		"a table that cannot be read decides nothing": {
			cut: after, unread: true, gap: 11 * time.Minute,
			want: outbox.Unknown, rows: 1,
		},
		"a row too many decides nothing": {
			cut: after, foreign: 1, gap: 4 * time.Hour,
			want: outbox.Unknown, rows: 2,
		},
		"within ten minutes the token decides": {
			cut: before, unread: true, gap: 9 * time.Minute,
			want: outbox.Created, rows: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.base.advanced = c.advanced
				h.base.faults = cutOnce(1, c.cut)
				sub := keyed("key", creation("a", "一"))
				h.submit(t, sub)
				synctest.Wait()
				away(t, h, c.gap)
				for range c.foreign {
					_, _ = h.base.BatchCreate(t.Context(), sub.Table, []feishu.Fields{row("一", "")}, feishu.WriteOptions{ClientToken: "foreign"})
				}
				if c.unread {
					h.base.unread = &feishu.Error{Class: feishu.ClassAccess, Code: 1254302}
				}
				writes := len(h.base.calls())
				h.open(t)
				r := h.write(t, sub)
				elapse(time.Hour) // the janitor may look again
				if r.Rows[0].Status != c.want || len(h.base.column("tblExample", "标题")) != c.rows {
					t.Errorf("%+v, the table holds %v", r, h.base.column("tblExample", "标题"))
				}
				if n := len(h.base.calls()) - writes; c.want == outbox.Unknown && n != 0 {
					t.Errorf("it was sent again %d times", n)
				}
			})
		})
	}

	t.Run("a record of another batch is left out after a restart too", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t, once)
			h.base.faults = cutOnce(1, before)
			lost := keyed("lost", creation("a", "一"))
			if r := h.write(t, lost); tally(r)[outbox.Unknown] != 1 {
				t.Fatalf("%+v", r)
			}
			other := h.submit(t, creation("b", "一"))
			made := wait(t, other).Rows[0].RecordID
			other.Delivered()
			elapse(time.Second)
			away(t, h, 4*time.Hour)
			h.open(t)
			r := h.write(t, lost)
			if tally(r)[outbox.Created] != 1 || r.Rows[0].RecordID == made {
				t.Errorf("%+v, the other is %s", r, made)
			}
			if got := h.base.column("tblExample", "标题"); !slices.Equal(got, []string{"一", "一"}) {
				t.Errorf("%v", got)
			}
		})
	})

	for name, ids := range map[string]func([]string) []string{
		"empty":   func(ids []string) []string { return make([]string, len(ids)) },
		"equal":   func(ids []string) []string { return []string{ids[0], ids[0]} },
		"too few": func(ids []string) []string { return ids[:1] },
	} {
		t.Run("an answer whose record ids are "+name+" is no success", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.base.answer = ids
				r := h.write(t, creation("a", "一", "二"))
				if tally(r)[outbox.Created] != 2 || r.Rows[0].RecordID != "rec1" || r.Rows[1].RecordID != "rec2" {
					t.Errorf("%+v", r)
				}
				if n := len(h.base.column("tblExample", "标题")); n != 2 {
					t.Errorf("%d rows", n)
				}
			})
		})
	}
}
