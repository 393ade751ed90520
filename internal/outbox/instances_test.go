package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

// fleet is two outboxes over one store and one base, and one owner of their lanes.
type fleet struct {
	*fixture

	kept   outbox.Store
	owner  *outbox.LocalOwner
	narrow bool // there is memory for one stored entry at a time

	mu        sync.Mutex
	dice      *rand.Rand
	ended     chan struct{} // closed when the callers are done
	upheaval  sync.WaitGroup
	instances [2]*instance
	problems  []string
}

// instance is one outbox of a fleet and the process that it lives in.
type instance struct {
	*outbox.Outbox

	life *mortal
	dead context.Context //nolint:containedctx // ends with the process
}

// leaseTime is how long a lease outlasts the process that had it.
const leaseTime = 10 * time.Second

// history is one random run of a fleet.
type history struct {
	world

	revokes int // lanes change hands this many times without anybody's death
}

// TestTwoOutboxesOverOneStore lets random histories run: callers submit to either instance, repeat at either what was not
// acknowledged, lanes change hands, calls fail, instances die. In the end every row is in the table once, every acknowledged id
// is that of its row, and nobody who waited at a living instance was left without an answer.
func TestTwoOutboxesOverOneStore(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) outbox.Store{
		"in_memory": func(*testing.T) outbox.Store { return newMemStore() },
		"in_SQLite": func(t *testing.T) outbox.Store {
			t.Helper()
			return must[*sqlite.Store](t)(sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				w := history{world: drawWorld(rt), revokes: rapid.IntRange(0, 6).Draw(rt, "revokes")}
				var problems []string
				synctest.Test(t, func(t *testing.T) { problems = w.run(t, open(t)) })
				if len(problems) > 0 {
					slices.Sort(problems)
					rt.Fatalf("%+v: %d problems: %v", w, len(problems), problems[:min(len(problems), 10)])
				}
			})
		})
	}
}

func (w history) run(t *testing.T, store outbox.Store) []string {
	f := &fleet{
		narrow: w.narrow, fixture: setupOnly(t), kept: store, owner: outbox.NewLocalOwner(),
		dice: rand.New(rand.NewPCG(w.seed, 0)), ended: make(chan struct{}),
	}
	f.base.mode, f.base.nameless = w.mode, w.nameless
	f.base.faults = func(int, write) fault { return f.draw(w.faults) }
	open, want := w.submissions(f.dice)
	acknowledged := make(map[string]string)
	for i := range f.instances {
		f.start(t, i, w.budget(i), w.late)
	}
	f.upheaval.Go(func() { f.upset(w.revokes) })
	for round := range 60 {
		if len(open) == 0 {
			break
		}
		f.round(t, open, acknowledged)
		for i, one := range f.instances {
			if one.life.isDead() || round == 50 {
				f.stop(i)
				f.start(t, i, 1_000_000, w.late)
			}
		}
	}
	close(f.ended)
	f.upheaval.Wait()
	for i := range f.instances {
		f.stop(i)
	}
	if closer, ok := store.(interface{ Close() error }); ok {
		_ = closer.Close()
	}
	if w.revokes > 0 || len(w.lives) > 0 {
		f.base.maxBusy = 0 // who lost a lane may have a call under way
	}
	return append(f.compare(open, want, acknowledged), f.problems...)
}

// submissions draws what the callers write.
func (w history) submissions(dice *rand.Rand) (open map[string]outbox.Submission, want map[string]int) {
	open, want = make(map[string]outbox.Submission), make(map[string]int)
	for c := range w.callers {
		for e := range w.entries {
			key := fmt.Sprintf("c%d-e%d", c, e)
			sub := w.submission(c, key, 1+dice.IntN(w.rows))
			sub.Keep = w.jobs && e%2 == 0
			open[key] = sub
			for _, r := range sub.Rows {
				want[title(r.Fields)] = 1
			}
		}
	}
	return open, want
}

// budget is how many events the first life of instance i has.
func (w history) budget(i int) int {
	if i < len(w.lives) {
		return 3 * w.lives[i]
	}
	return 1_000_000
}

func (f *fleet) draw(percent int) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dice.IntN(100) >= percent {
		return fault{}
	}
	return []fault{
		{before: interrupted()},
		{after: interrupted()},
		{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291}},
		{before: &feishu.Error{Class: feishu.ClassOpen}},
		{after: &feishu.Error{Class: feishu.ClassServer}},
	}[f.dice.IntN(5)]
}

func (f *fleet) intN(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dice.IntN(n)
}

func (f *fleet) complain(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.problems = append(f.problems, text)
}

func (f *fleet) start(t *testing.T, i, events int, late bool) {
	dead, died := context.WithCancel(t.Context())
	life := &mortal{Store: f.kept, fakeBase: f.base, left: events, late: late, died: died}
	opts := outbox.Options{
		Store: life, Writer: life, Reader: life, Keyring: f.ring, Owner: f.owner, Digest: func(app feishu.App) string { return app.ID },
	}
	if f.narrow {
		opts.Memory = outbox.Memory{Waiting: outbox.DefaultMemory.Waiting, Near: 1}
	}
	o := must[*outbox.Outbox](t)(outbox.New(opts))
	if err := o.Start(t.Context()); err != nil && !errors.Is(err, errDead) {
		f.complain("start: " + err.Error())
	}
	f.upheaval.Go(func() { // the leases of a dead process end after a while
		select {
		case <-dead.Done():
			select {
			case <-time.After(leaseTime):
				kill(o)
			case <-f.ended:
			}
		case <-f.ended:
		}
	})
	f.instances[i] = &instance{Outbox: o, life: life, dead: dead}
}

// stop ends an instance as the death of its process does: without draining.
func (f *fleet) stop(i int) {
	kill(f.instances[i].Outbox)
	if n := f.instances[i].Illegal(); n > 0 {
		f.complain(fmt.Sprintf("%d illegal transitions", n))
	}
	if wrong := f.instances[i].Miscounted(); wrong != "" {
		f.complain(wrong)
	}
}

// upset takes lanes away from their owners at random times.
func (f *fleet) upset(times int) {
	for range times {
		select {
		case <-time.After(time.Duration(f.intN(4000)) * time.Millisecond):
			for _, lane := range f.owner.Lanes() {
				f.owner.Revoke(lane)
			}
		case <-f.ended:
			return
		}
	}
}

// round submits all that is not acknowledged, each to one of the instances, and strikes off what is.
func (f *fleet) round(t *testing.T, open map[string]outbox.Submission, acknowledged map[string]string) {
	var mu sync.Mutex
	var callers sync.WaitGroup
	var whole []string
	for _, key := range slices.Sorted(keysOf(open)) {
		sub, one := open[key], f.instances[f.intN(len(f.instances))]
		callers.Go(func() {
			ids, ok := f.ask(t, one, sub)
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(acknowledged, ids)
			if ok {
				whole = append(whole, key)
			}
		})
	}
	callers.Wait()
	for _, key := range whole {
		delete(open, key)
	}
}

func keysOf(open map[string]outbox.Submission) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for key := range open {
			if !yield(key) {
				return
			}
		}
	}
}

// ask submits to an instance and waits; ids are those of the rows that are written, whole means all of them.
func (f *fleet) ask(t *testing.T, one *instance, sub outbox.Submission) (ids map[string]string, whole bool) {
	ctx, cancel := context.WithTimeout(one.dead, 20*time.Minute)
	defer cancel()
	ticket, err := one.Submit(ctx, sub)
	var r *outbox.Result
	if err == nil {
		r, err = ticket.Wait(ctx)
	}
	alive := !one.life.isDead()
	if alive && errors.Is(err, context.DeadlineExceeded) {
		f.complain("nobody answered " + sub.Tenant)
	}
	if err != nil || !alive { // who is dead answers nobody
		return nil, false
	}
	ids, whole = make(map[string]string), true
	for _, row := range r.Rows {
		if row.Status == outbox.Failed || row.Status == outbox.Unknown {
			whole = false
			continue
		}
		ids[title(sub.Rows[row.Index].Fields)] = row.RecordID
	}
	if whole {
		ticket.Delivered()
	}
	return ids, whole
}
