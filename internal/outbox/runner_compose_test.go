package outbox

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

// queued makes an entry of n rows.
func queued(id, caller string, n int, together bool, table string) *entry {
	e := &entry{id: id, sub: &Submission{
		Table: feishu.TableRef{TableID: table}, Op: OpCreate, Tenant: caller, Atomic: together, Rows: make([]bitable.Row, n),
	}}
	e.prepare()
	return e
}

func newTestLane() *lane { return newLane("", nil) }

const (
	callersInModel = 10
	tablesInModel  = 2
	slack          = 4 // rows that sharing out in rounds may make a difference of
)

// laneModel is what a lane must do, as a state machine: entries come at any time, calls are composed at any time.
type laneModel struct {
	lane    *lane
	entries []*entry
	sent    map[*entry]int // rows composed so far
	passed  map[*entry]int // calls of the entry's group that were composed while it waited and got nothing
	callers map[turn][]*entry
}

// TestCompose_shares_calls_fairly_and_keeps_order runs random lanes.
func TestCompose_shares_calls_fairly_and_keeps_order(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &laneModel{lane: newTestLane(), sent: make(map[*entry]int), passed: make(map[*entry]int), callers: make(map[turn][]*entry)}
		tables := rapid.IntRange(1, tablesInModel).Draw(t, "tables")
		t.Repeat(map[string]func(*rapid.T){
			"submit": func(t *rapid.T) {
				caller := fmt.Sprint("caller", rapid.IntRange(1, callersInModel).Draw(t, "caller"))
				n := rapid.SampledFrom([]int{1, 1, 1, 3, 400, 999, 1000, 2500}).Draw(t, "rows")
				e := queued(
					fmt.Sprint(len(m.entries)),
					caller,
					n,
					rapid.Bool().Draw(t, "together"),
					fmt.Sprint(rapid.IntRange(1, tables).Draw(t, "table")),
				)
				m.lane.push(e)
				m.entries = append(m.entries, e)
				m.callers[e.turn] = append(m.callers[e.turn], e)
			},
			"compose": func(t *rapid.T) {
				if len(m.lane.ring) > 0 {
					m.check(t, m.lane.compose())
				}
			},
		})
		for len(m.lane.ring) > 0 { // all is sent in the end
			m.check(t, m.lane.compose())
		}
		for _, e := range m.entries {
			if m.sent[e] != len(e.rows) {
				t.Fatalf("%d of %d rows of an entry were sent", m.sent[e], len(e.rows))
			}
		}
	})
}

func (m *laneModel) check(t *rapid.T, items []item) {
	if len(items) == 0 || len(items) > feishu.MaxBatchCreate {
		t.Fatalf("%d rows in a call", len(items))
	}
	g := items[0].entry.group
	took := make(map[*entry]int)
	for _, it := range items {
		if it.entry.group != g {
			t.Fatal("two groups in one call")
		}
		if it.pos != m.sent[it.entry] {
			t.Fatalf("row %d of an entry after %d", it.pos, m.sent[it.entry])
		}
		m.sent[it.entry]++
		took[it.entry]++
	}
	m.checkEntries(t, took)
	m.checkShares(t, g, took, len(items))
}

// checkEntries: whole entries are whole, and an entry begins when the one before it of the same caller is all sent.
func (m *laneModel) checkEntries(t *rapid.T, took map[*entry]int) {
	for e, n := range took {
		if e.sub.Atomic && len(e.rows) <= feishu.MaxBatchCreate && n != len(e.rows) {
			t.Fatalf("%d of %d rows of an entry that stays together", n, len(e.rows))
		}
		own := m.callers[e.turn]
		for _, before := range own[:slices.Index(own, e)] {
			if m.sent[before] != len(before.rows) {
				t.Fatal("an entry overtook one of its own queue")
			}
		}
	}
}

// checkShares: a call is full if there is enough that may be split, nobody gets much more than one who still wants, and nobody is
// passed over for longer than it takes each caller in the ring to be first twice.
func (m *laneModel) checkShares(t *rapid.T, g group, took map[*entry]int, total int) {
	got := make(map[turn]int)
	for e, n := range took {
		got[e.turn] += n
	}
	most, split := 0, true
	for caller, n := range got {
		for _, e := range m.callers[caller] {
			if took[e] > 0 && e.sub.Atomic {
				split = false
			}
		}
		most = max(most, n)
	}
	for _, c := range m.lane.callers {
		name, head := c.key, c.queue[0]
		if head.group != g || head.sub.Atomic {
			split = split && head.group != g
			continue
		}
		if total < feishu.MaxBatchCreate {
			t.Fatalf("%d rows in a call although %v has more", total, name)
		}
		if split && got[name] < most-slack {
			t.Fatalf("%v got %d rows, another %d", name, got[name], most)
		}
	}
	for _, c := range m.lane.callers {
		head := c.queue[0]
		switch {
		case head.group != g:
		case got[c.key] > 0:
			m.passed[head] = 0
		default:
			m.passed[head]++
			if m.passed[head] > 2*callersInModel*tablesInModel {
				t.Fatalf("%v was passed over %d times", c.key, m.passed[head])
			}
		}
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()

	t.Run("a_one_row_caller_waits_for_two_calls_at_most_whoever_else_there_is", func(t *testing.T) {
		t.Parallel()
		for _, together := range []bool{false, true} {
			l := newTestLane()
			for i := range 20 {
				for n := range 5 {
					l.push(queued(fmt.Sprint(i, n), fmt.Sprint("import", i), 1000, together, "t"))
				}
			}
			l.compose()
			l.push(queued("lone", "lone", 1, true, "t"))
			isLone := func(it item) bool { return it.entry.id == "lone" }
			calls := 1
			for !slices.ContainsFunc(l.compose(), isLone) {
				calls++
			}
			if calls > 2 {
				t.Errorf("it went with call %d, entries stay together: %v", calls, together)
			}
		}
	})

	t.Run("one_row_callers_without_end_do_not_starve_an_entry_that_fills_a_call", func(t *testing.T) {
		t.Parallel()
		l := newTestLane()
		l.push(queued("whole", "import", 1000, true, "t"))
		for i := range 10 {
			l.push(queued("lone", fmt.Sprint("lone", i), 1, true, "t"))
			if slices.ContainsFunc(l.compose(), func(it item) bool { return it.entry.id == "whole" }) {
				return
			}
		}
		t.Error("it was passed over ten times")
	})
}
