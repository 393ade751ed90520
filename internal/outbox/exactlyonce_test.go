package outbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

// world is one random history: callers that write rows, repeat what was not acknowledged, and a process that dies between.
type world struct {
	seed     uint64
	mode     tokenMode
	callers  int
	entries  int // a caller
	rows     int // an entry, at most
	faults   int // per cent of calls
	lives    []int
	late     bool
	upserts  bool
	together bool
	keys     bool // the callers give keys
	imports  bool // the entries take turns, whoever submits them
	jobs     bool // the callers ask for job ids
	narrow   bool // there is memory for one stored entry at a time
	bad      int  // one row in so many has a value that Feishu refuses and that is to be left out; 0: none
	nameless bool // Feishu does not name it
}

func drawWorld(t *rapid.T) world {
	w := world{
		seed:     rapid.Uint64().Draw(t, "seed"),
		mode:     tokenMode(rapid.IntRange(0, 2).Draw(t, "token mode")),
		callers:  rapid.IntRange(1, 8).Draw(t, "callers"),
		entries:  rapid.IntRange(1, 4).Draw(t, "entries"),
		rows:     rapid.SampledFrom([]int{1, 3, 700}).Draw(t, "rows"),
		faults:   rapid.SampledFrom([]int{0, 10, 40}).Draw(t, "faults"),
		lives:    rapid.SliceOfN(rapid.IntRange(1, 25), 0, 3).Draw(t, "lives"),
		late:     rapid.Bool().Draw(t, "late"),
		upserts:  rapid.Bool().Draw(t, "upserts"),
		together: rapid.Bool().Draw(t, "together"),
		keys:     rapid.Bool().Draw(t, "keys"),
		imports:  rapid.Bool().Draw(t, "imports"),
		jobs:     rapid.Bool().Draw(t, "jobs"),
		narrow:   rapid.Bool().Draw(t, "narrow"),
		nameless: rapid.Bool().Draw(t, "nameless"),
	}
	if rapid.Bool().Draw(t, "bad values") {
		w.bad = max(2, w.rows/2) // a few in an entry: each has to be found by halving
	}
	if w.together && w.nameless {
		w.bad = 0 // those are looked for within maxCellTries
	}
	return w
}

// TestExactlyOnce_whatever_happens lets random histories run: cuts before and after commit, conflicts, refusals, processes that
// die at any event. In the end every row is in the table once, and every acknowledged id is that of its row.
func TestExactlyOnce_whatever_happens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		var problems []string
		synctest.Test(t, func(t *testing.T) { problems = w.run(t) })
		if len(problems) > 0 {
			slices.Sort(problems)
			rt.Fatalf("%+v: %d problems: %v", w, len(problems), problems[:min(len(problems), 10)])
		}
	})
}

// TestCellsThatAreTriedComeBack: a call that leaves a cell out only to find the one that Feishu refuses may be deferred and come back.
// It then proves nothing against the cells that it has.
func TestCellsThatAreTriedComeBack(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]world{
		"deferred":        {},
		"after a restart": {lives: []int{9, 14}},
		"upserts":         {upserts: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.mode, w.callers, w.entries, w.rows, w.faults, w.late, w.jobs, w.bad, w.nameless = tokenConflicts, 7, 1, 3, 40, true, true, 2, true
			for seed := range uint64(20) {
				w.seed = seed
				synctest.Test(t, func(t *testing.T) {
					if problems := w.run(t); len(problems) > 0 {
						t.Errorf("%+v: %v", w, problems)
					}
				})
			}
		})
	}
}

func (w world) run(t *testing.T) []string {
	h := setupOnly(t)
	h.base.mode, h.base.nameless = w.mode, w.nameless
	dice := rand.New(rand.NewPCG(w.seed, 0))
	h.base.faults = func(int, write) fault {
		if dice.IntN(100) >= w.faults {
			return fault{}
		}
		switch dice.IntN(5) {
		case 0:
			return fault{before: interrupted()}
		case 1:
			return fault{after: interrupted()}
		case 2:
			return fault{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291}}
		case 3:
			return fault{before: &feishu.Error{Class: feishu.ClassOpen}}
		}
		return fault{after: &feishu.Error{Class: feishu.ClassServer}}
	}
	open := make(map[string]outbox.Submission)
	for c := range w.callers {
		for e := range w.entries {
			key := fmt.Sprintf("c%d-e%d", c, e)
			open[key] = w.submission(c, key, 1+dice.IntN(w.rows))
		}
	}
	want := make(map[string]int)
	acknowledged := make(map[string]string) // title → record id
	for _, sub := range open {
		for _, r := range sub.Rows {
			want[title(r.Fields)] = 1
		}
	}
	for _, events := range append(append([]int(nil), w.lives...), 1_000_000) {
		m := &mortal{Store: h.store, fakeBase: h.base, left: events, late: w.late}
		h.open(t, func(o *outbox.Options) {
			o.Store, o.Writer, o.Reader = m, m, m
			if w.narrow {
				o.Memory = outbox.Memory{Waiting: outbox.DefaultMemory.Waiting, Near: 1}
			}
		})
		for range 40 { // tries of the callers
			if len(open) == 0 || !h.submitAll(t, m, open, acknowledged) {
				break
			}
		}
		kill(h.Outbox)
		if wrong := h.Miscounted(); wrong != "" {
			return []string{wrong}
		}
	}
	return h.compare(open, want, acknowledged)
}

// submission is what a caller writes: n rows.
func (w world) submission(caller int, key string, n int) outbox.Submission {
	sub := creation(fmt.Sprint("caller", caller), titles(key+"-", n)...)
	if w.upserts && caller%2 == 0 {
		sub.Op, sub.KeyFields = outbox.OpUpsert, []string{"标题"}
	}
	sub.Atomic, sub.Keep, sub.SkipBadValues = w.together, w.jobs, w.bad > 0
	if w.imports {
		sub.Import = key
	}
	if w.bad > 0 {
		for i := 0; i < n; i += w.bad {
			sub.Rows[i].Fields = row(title(sub.Rows[i].Fields), "bad "+key)
		}
	}
	if w.keys {
		return keyed(key, printed(sub))
	}
	return printed(sub)
}

// submitAll submits all that is not acknowledged, waits for the answers, and strikes off what is. false: the process has died.
func (h *fixture) submitAll(t *testing.T, m *mortal, open map[string]outbox.Submission, acknowledged map[string]string) bool {
	var mu sync.Mutex
	var callers sync.WaitGroup
	answered := make(map[string]bool)
	for key, sub := range open {
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			ticket, err := h.Submit(ctx, sub)
			if err != nil {
				return
			}
			r, err := ticket.Wait(ctx)
			if alive, _ := m.alive(); err != nil || !alive { // who is dead answers nobody
				return
			}
			mu.Lock()
			defer mu.Unlock()
			whole := true
			for _, row := range r.Rows {
				if row.Status == outbox.Failed || row.Status == outbox.Unknown {
					whole = false
					continue
				}
				acknowledged[title(sub.Rows[row.Index].Fields)] = row.RecordID
			}
			if answered[key] = whole; whole {
				ticket.Delivered()
			}
		})
	}
	callers.Wait()
	for key, whole := range answered {
		if whole {
			delete(open, key)
		}
	}
	alive, _ := m.alive()
	return alive
}

// compare says what is wrong with the table.
func (h *fixture) compare(open map[string]outbox.Submission, want map[string]int, acknowledged map[string]string) []string {
	var wrong []string
	for key := range open {
		wrong = append(wrong, "never acknowledged: "+key)
	}
	h.base.mu.Lock()
	defer h.base.mu.Unlock()
	got := make(map[string]int)
	ids := make(map[string]string)
	for _, r := range h.base.tables["tblExample"] {
		text := title(fmt.Appendf(nil, `{"标题":%s}`, r.fields["标题"]))
		got[text]++
		ids[text] = r.id
	}
	for text, n := range got {
		if n != want[text] {
			wrong = append(wrong, fmt.Sprintf("%s is there %d times", text, n))
		}
	}
	for text := range want {
		if got[text] == 0 {
			wrong = append(wrong, text+" is lost")
		}
	}
	for text, id := range acknowledged {
		if ids[text] != id {
			wrong = append(wrong, fmt.Sprintf("%s is %s, not %s as acknowledged", text, ids[text], id))
		}
	}
	if h.base.maxBusy > 1 {
		wrong = append(wrong, fmt.Sprintf("%d writes at once", h.base.maxBusy))
	}
	return wrong
}
