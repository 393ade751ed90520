package outbox_test

import (
	"context"
	"errors"
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

// unsteadyStore refuses changes and is slow at random.
type unsteadyStore struct {
	outbox.Store

	mu       sync.Mutex
	dice     *rand.Rand
	refusals int // per cent of changes
	delays   int // per cent of changes
}

func (s *unsteadyStore) Apply(ctx context.Context, c *outbox.Changes) error {
	s.mu.Lock()
	refused, late, wait := s.dice.IntN(100) < s.refusals, s.dice.IntN(2) == 0, time.Duration(0)
	if s.dice.IntN(100) < s.delays {
		wait = time.Duration(s.dice.IntN(3000)) * time.Millisecond
	}
	s.mu.Unlock()
	if !late {
		elapse(wait)
	}
	if refused {
		return errRefused
	}
	err := s.Store.Apply(ctx, c)
	if late {
		elapse(wait)
	}
	return err
}

// unsteady is a random history of outboxes whose store fails, whose lanes change hands, and whose callers take job ids, repeat, or give
// up.
type unsteady struct {
	world

	refusals, delays int // of the store, per cent
	revokes          int
	alone            bool // there is one outbox, not two
	restarts         bool // outboxes end and start anew
	twice            bool // some callers submit the same twice at once
	abandon          bool // some callers do not repeat what was not written
}

func drawUnsteady(t *rapid.T) unsteady {
	w := unsteady{
		world: world{
			seed:     rapid.Uint64().Draw(t, "seed"),
			mode:     tokenMode(rapid.IntRange(0, 2).Draw(t, "token mode")),
			callers:  rapid.IntRange(1, 6).Draw(t, "callers"),
			entries:  rapid.IntRange(1, 4).Draw(t, "entries"),
			rows:     rapid.SampledFrom([]int{1, 3, 3, 900}).Draw(t, "rows"),
			faults:   rapid.SampledFrom([]int{0, 15, 45}).Draw(t, "faults"),
			upserts:  rapid.Bool().Draw(t, "upserts"),
			together: rapid.Bool().Draw(t, "together"),
			keys:     rapid.Bool().Draw(t, "keys"),
			imports:  rapid.Bool().Draw(t, "imports"),
			jobs:     rapid.Bool().Draw(t, "jobs"),
			narrow:   rapid.Bool().Draw(t, "narrow"),
			nameless: rapid.Bool().Draw(t, "nameless"),
		},
		refusals: rapid.SampledFrom([]int{0, 0, 5, 20}).Draw(t, "refusals"),
		delays:   rapid.SampledFrom([]int{0, 20, 60}).Draw(t, "delays"),
		revokes:  rapid.IntRange(0, 8).Draw(t, "revokes"),
		alone:    rapid.Bool().Draw(t, "alone"),
		restarts: rapid.Bool().Draw(t, "restarts"),
		twice:    rapid.Bool().Draw(t, "twice"),
		abandon:  rapid.Bool().Draw(t, "abandon"),
	}
	w.twice = w.twice && w.alone // TestSameKeyAtTwoInstances has that
	// Of two instances over a store that refuses changes, one may still write a row that the other's caller was told is not written.
	if rapid.Bool().Draw(t, "bad values") && (w.alone || w.refusals == 0) && !(w.together && w.nameless) {
		w.bad = max(2, w.rows/2)
	}
	return w
}

// TestUnsteadyStore lets random histories run. Who was told that rows are written finds them once, who was told that they are not, and
// does not repeat, finds none, and every job ends.
func TestUnsteadyStore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawUnsteady(rt)
		var problems []string
		synctest.Test(t, func(t *testing.T) { problems = w.run(t) })
		if len(problems) > 0 {
			slices.Sort(problems)
			rt.Fatalf("%+v: %d problems: %v", w, len(problems), problems[:min(len(problems), 10)])
		}
	})
}

// TestHandedOverAndTakenBack runs histories in which jobs are handed over and taken back all the time: an entry may have been run by
// another instance before this one knows that it is stored.
func TestHandedOverAndTakenBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		w := unsteady{
			world: world{
				seed: seed, callers: 6, entries: 4, rows: 1, upserts: true, together: true, imports: true, jobs: true, nameless: true,
			},
			refusals: 5, delays: 60, revokes: 7,
		}
		synctest.Test(t, func(t *testing.T) {
			if problems := w.run(t); len(problems) > 0 {
				t.Errorf("seed %d: %v", seed, problems)
			}
		})
	}
}

// unsteadyRun is such a history as it runs.
type unsteadyRun struct {
	*fixture

	w        unsteady
	owner    *outbox.LocalOwner
	mu       sync.Mutex
	dice     *rand.Rand
	boxes    []*outbox.Outbox
	problems []string
	once     map[string]bool // titles that are there once
	absent   map[string]bool // titles that are not there
}

func (w unsteady) run(t *testing.T) []string {
	x := &unsteadyRun{
		fixture: setupOnly(t), w: w, owner: outbox.NewLocalOwner(), dice: rand.New(rand.NewPCG(w.seed, 0)),
		once: make(map[string]bool), absent: make(map[string]bool),
	}
	x.base.mode, x.base.nameless, x.base.faults = w.mode, w.nameless, x.fault
	x.boxes = append(x.boxes, x.begin(t))
	if !w.alone {
		x.boxes = append(x.boxes, x.begin(t))
	}
	ended := make(chan struct{})
	var upheaval, callers sync.WaitGroup
	upheaval.Go(func() { x.upset(t, ended) })
	for c := range w.callers {
		for e := range w.entries {
			key := fmt.Sprintf("c%d-e%d", c, e)
			sub := w.submission(c, key, 1+x.intN(w.rows))
			sub.Keep = w.jobs && e%2 == 0
			times := 1
			if w.twice && e%2 == 1 {
				times = 2
			}
			for range times {
				callers.Go(func() {
					elapse(time.Duration(x.intN(5000)) * time.Millisecond)
					x.call(t, key, sub, times == 1)
				})
			}
		}
	}
	callers.Wait()
	close(ended)
	upheaval.Wait()
	x.base.mu.Lock()
	x.base.faults = nil
	x.base.mu.Unlock()
	elapse(time.Hour) // what is left settles
	for _, o := range x.boxes {
		x.finish(o)
	}
	o := x.begin(t) // which must write nothing that somebody was told is not written
	elapse(30 * time.Minute)
	x.finish(o)
	x.check()
	return x.problems
}

func (x *unsteadyRun) check() {
	got := make(map[string]int)
	for _, text := range x.base.column("tblExample", "标题") {
		got[text]++
	}
	for text, n := range got {
		if n > 1 {
			x.complain("%s is there %d times", text, n)
		}
		if x.absent[text] {
			x.complain("%s is there, and its caller was told that it is not", text)
		}
	}
	for text := range x.once {
		if got[text] != 1 {
			x.complain("%s is there %d times, and its caller was told that it is", text, got[text])
		}
	}
}

func (x *unsteadyRun) intN(n int) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.dice.IntN(n)
}

func (x *unsteadyRun) complain(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.problems = append(x.problems, fmt.Sprintf(format, args...))
}

func (x *unsteadyRun) fault(int, write) fault {
	if x.intN(100) >= x.w.faults {
		return fault{}
	}
	faults := []fault{
		{before: interrupted()},
		{after: interrupted()},
		{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291}},
		{before: &feishu.Error{Class: feishu.ClassOpen}},
		{after: &feishu.Error{Class: feishu.ClassServer}},
		{before: &feishu.Error{Class: feishu.ClassRate, Code: 99991400, RetryAfter: 5 * time.Second}},
	}
	if x.w.bad == 0 { // where rows of an entry are written before others, this ends it for good
		faults = append(faults, fault{before: &feishu.Error{Class: feishu.ClassAccess, Code: 91403}})
	}
	return faults[x.intN(len(faults))]
}

// begin starts an outbox, which may take some tries.
func (x *unsteadyRun) begin(t *testing.T) *outbox.Outbox {
	store := &unsteadyStore{
		Store: x.store, dice: rand.New(rand.NewPCG(uint64(x.intN(1<<30)), 1)), refusals: x.w.refusals, delays: x.w.delays,
	}
	opts := outbox.Options{
		Store: store, Writer: x.base, Reader: x.base, Keyring: x.ring, Owner: x.owner,
		Digest: func(app feishu.App) string { return "digest of " + app.ID },
	}
	if x.w.narrow {
		opts.Memory = outbox.Memory{Waiting: outbox.DefaultMemory.Waiting, Near: 1}
	}
	for {
		o := must[*outbox.Outbox](t)(outbox.New(opts))
		err := o.Start(t.Context())
		if err == nil {
			return o
		}
		if !errors.Is(err, errRefused) {
			x.complain("start: %v", err)
		}
		kill(o)
	}
}

// finish ends an outbox without draining it.
func (x *unsteadyRun) finish(o *outbox.Outbox) {
	kill(o)
	if n := o.Illegal(); n > 0 {
		x.complain("%d illegal transitions", n)
	}
	if wrong := o.Miscounted(); wrong != "" {
		x.complain("%s", wrong)
	}
}

func (x *unsteadyRun) box() *outbox.Outbox {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.boxes[x.dice.IntN(len(x.boxes))]
}

// upset takes lanes away from their owners, and restarts outboxes, at random times.
func (x *unsteadyRun) upset(t *testing.T, ended chan struct{}) {
	for range x.w.revokes {
		select {
		case <-time.After(time.Duration(x.intN(6000)) * time.Millisecond):
		case <-ended:
			return
		}
		for _, lane := range x.owner.Lanes() {
			x.owner.Revoke(lane)
		}
		if x.w.restarts && x.intN(3) == 0 {
			i := x.intN(len(x.boxes))
			x.finish(x.boxes[i])
			fresh := x.begin(t)
			x.mu.Lock()
			x.boxes[i] = fresh
			x.mu.Unlock()
		}
	}
}
