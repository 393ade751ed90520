package outbox_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

// TestAhead: the next full batch of an import is stored while the one before it is under way, and nothing is lost, doubled, put out
// of order or kept waiting by it.
func TestAhead(t *testing.T) {
	t.Parallel()

	t.Run("the next batch is stored while one is under way", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h, release := underWay(t, imported("批", 3_000))
			if n := len(h.openBatches(t)); n != 2 {
				t.Errorf("%d batches are stored while the first call is under way, not 2", n)
			}
			release()
			synctest.Wait()
			h.expectOrder(t, 3, titles("批", 3_000))
		})
	})

	t.Run("a batch that is not full waits for more", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h, release := underWay(t, imported("批", 1_900))
			if n := len(h.openBatches(t)); n != 1 {
				t.Errorf("%d batches are stored while the first call is under way, not 1", n)
			}
			h.submit(t, creation("lone", "一"))
			release()
			synctest.Wait()
			all := titles("批", 1_900)
			h.expectOrder(t, 2, slices.Concat(all[:1_000], []string{"一"}, all[1_000:])) // small demands first
		})
	})

	t.Run("who comes later shares the next batch", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h, release := underWay(t, imported("批", 3_000))
			h.submit(t, creation("lone", "一"))
			release()
			synctest.Wait()
			all := titles("批", 3_000)
			h.expectOrder(t, 4, slices.Concat(all[:1_000], []string{"一"}, all[1_000:]))
		})
	})

	t.Run("imports take turns in it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h, release := underWay(t, imported("甲", 3_000))
			h.submit(t, imported("乙", 2_000))
			release()
			synctest.Wait()
			h.expectRows(t, 5, 5_000)
		})
	})

	t.Run("it does not overtake a batch that comes back", func(t *testing.T) {
		t.Parallel()
		for name, how := range map[string]fault{
			"not sent":       {before: &feishu.Error{Class: feishu.ClassUnreachable}},
			"cut before":     {before: &feishu.Error{Class: feishu.ClassInterrupted}},
			"cut after":      {after: &feishu.Error{Class: feishu.ClassInterrupted}},
			"cut, then down": {after: &feishu.Error{Class: feishu.ClassServer}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := setup(t)
					h.base.unread = &feishu.Error{Class: feishu.ClassOpen}
					h.base.faults = func(n int, _ write) fault {
						switch {
						case n == 1:
							return how
						case n == 2:
							return fault{before: &feishu.Error{Class: feishu.ClassOpen}}
						}
						return fault{}
					}
					job := imported("批", 4_000)
					job.Keep = true
					ticket := h.submit(t, job)
					elapse(feishuIsBack) // fake clock
					h.base.mu.Lock()
					h.base.unread = nil
					h.base.mu.Unlock()
					wait(t, ticket)
					h.expectOrder(t, -1, titles("批", 4_000))
				})
			})
		}
	})

	t.Run("the rows of a batch that ends an import are not sent", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = func(n int, _ write) fault {
				if n == 2 {
					return fault{before: &feishu.Error{Class: feishu.ClassAccess, Code: 1254302}}
				}
				return fault{}
			}
			result := wait(t, h.submit(t, imported("批", 4_000)))
			h.expectOrder(t, 2, titles("批", 1_000))
			if failed := slices.IndexFunc(result.Rows, func(r outbox.RowResult) bool { return r.Status != outbox.Created }); failed != 1_000 {
				t.Errorf("row %d is the first that is not written, not 1000", failed)
			}
		})
	})

	t.Run("it is sent after a restart, behind the one before it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h, _ := underWay(t, imported("批", 3_000))
			kill(h.Outbox)
			h.base.gate = nil
			h.open(t)
			synctest.Wait()
			h.expectOrder(t, -1, titles("批", 3_000))
		})
	})
}

// feishuIsBack is long enough for a deferred batch to come back.
const feishuIsBack = 5 * time.Second

// underWay starts an outbox and submits sub; its first call is under way until release.
func underWay(t *testing.T, sub outbox.Submission) (h *fixture, release func()) {
	t.Helper()
	h = setup(t)
	h.base.gate = make(chan struct{})
	h.submit(t, sub)
	synctest.Wait()
	return h, func() { close(h.base.gate) }
}

func imported(prefix string, rows int) outbox.Submission {
	sub := creation("importer", titles(prefix, rows)...)
	sub.Import = prefix
	return sub
}

func (h *fixture) openBatches(t *testing.T) []outbox.Batch {
	t.Helper()
	_, batches, err := h.store.Load(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

// expectOrder checks the titles in the table, in their order, and the number of calls; -1 for any.
func (h *fixture) expectOrder(t *testing.T, calls int, want []string) {
	t.Helper()
	got := h.base.column("tblExample", "标题")
	if !slices.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%d rows, not %d, or in another order from row %d on", len(got), len(want), at)
	}
	if calls >= 0 && len(h.base.writes) != calls {
		t.Errorf("%d calls, not %d", len(h.base.writes), calls)
	}
}

func (h *fixture) expectRows(t *testing.T, calls, rows int) {
	t.Helper()
	got := h.base.column("tblExample", "标题")
	slices.Sort(got)
	if n := len(slices.Compact(slices.Clone(got))); n != rows || len(got) != rows || len(h.base.writes) != calls {
		t.Errorf("%d rows, %d of them different, in %d calls; not %d in %d", len(got), n, len(h.base.writes), rows, calls)
	}
}
