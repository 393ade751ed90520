package outbox_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// walked are steps that need the store to stop in the middle of a transaction: TestTransitions alone performs them.
var walked = []string{"entry parking: resume"}

// pair is two outboxes over one store; the second is opened by other.
type pair struct {
	*fixture

	owner *outbox.LocalOwner
}

func (p *pair) share(o *outbox.Options) { o.Owner = p.owner }

// other is a second outbox over the same store.
func (p *pair) other(t *testing.T) *fixture {
	t.Helper()
	second := &fixture{base: p.base, store: p.store, ring: p.ring, steps: p.steps}
	second.open(t, p.share)
	return second
}

// lose takes all lanes away from their owners.
func (p *pair) lose() {
	for _, lane := range p.owner.Lanes() {
		p.owner.Revoke(lane)
	}
}

// usurp loses all lanes without their owners' knowing: the store has seen newer leases.
func (p *pair) usurp() {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	for _, lane := range p.owner.Lanes() {
		_ = p.store.fences.Check([]outbox.Fence{{Lane: lane, Token: 2}})
	}
}

func unreachableCall() error { return &feishu.Error{Class: feishu.ClassUnreachable} }

// partly writes an entry of which 1000 rows are written and 500 are not.
func (p *pair) partly(t *testing.T) *outbox.Ticket {
	t.Helper()
	p.base.faults = during(2, 2, unreachableCall())
	ticket := p.submit(t, creation("a", titles("行", 1500)...))
	if r := wait(t, ticket); tally(r)[outbox.Created] != 1000 || tally(r)[outbox.Failed] != 500 {
		t.Errorf("%v", tally(r))
	}
	return ticket
}

// TestEveryTransitionHappens goes each way that an entry or a batch can go, in a running outbox.
func TestEveryTransitionHappens(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := make(map[string]bool)
	for name, story := range stories {
		synctest.Test(t, func(t *testing.T) {
			p := &pair{fixture: setupOnly(t), owner: outbox.NewLocalOwner()}
			p.steps = func(kind, from, event string, legal bool) {
				mu.Lock()
				defer mu.Unlock()
				if !legal {
					t.Errorf("%s: illegal: %s %s: %s", name, kind, from, event)
				}
				seen[kind+" "+from+": "+event] = true
			}
			p.open(t, p.share)
			story(t, p)
		})
	}
	for _, step := range outbox.Steps() {
		if !seen[step] && !slices.Contains(walked, step) {
			t.Errorf("no story has %s", step)
		}
	}
}

var stories = map[string]func(t *testing.T, p *pair){
	"written_delivered_and_repeated": func(t *testing.T, p *pair) {
		ticket := p.submit(t, creation("a", titles("行", 1500)...))
		wait(t, ticket)
		ticket.Delivered()
		for range 2 {
			p.write(t, keyed("k", creation("a", "一")))
		}
	},
	"refused": func(t *testing.T, p *pair) { p.write(t, creation("a", "bad")) },
	"not_stored": func(t *testing.T, p *pair) {
		p.store.fail = func(c *outbox.Changes) error {
			if len(c.Start) > 0 {
				return errRefused
			}
			return nil
		}
		p.write(t, creation("a", "一"))
	},
	"updates_that_come_after_failed_creates": func(t *testing.T, p *pair) {
		p.write(t, creation("a", "旧"))
		p.base.faults = during(2, 2, &feishu.Error{Class: feishu.ClassAccess, Code: 91403})
		p.write(t, upsert("a", [2]string{"旧", "x"}, [2]string{"新", "x"}))
	},
	"deferred": func(t *testing.T, p *pair) {
		p.write(t, creation("a", "旧"))
		p.base.faults = during(2, 3, unreachableCall())
		rows := [][2]string{{"旧", "x"}}
		for _, title := range titles("新", 1200) {
			rows = append(rows, [2]string{title, "x"})
		}
		sub := upsert("a", rows...)
		sub.Keep = true
		if r := p.write(t, sub); tally(r)[outbox.Created] != 1200 || tally(r)[outbox.Updated] != 1 {
			t.Errorf("%v", tally(r))
		}
	},
	"deferred_and_overtaken": func(t *testing.T, p *pair) {
		p.base.faults = during(1, 1, unreachableCall())
		sub := upsert("a", [2]string{"新", "x"})
		sub.Keep = true
		job := p.submit(t, sub)
		synctest.Wait()
		p.write(t, upsert("b", [2]string{"新", "y"}))
		wait(t, job)
	},
	"parked_and_repeated": func(t *testing.T, p *pair) {
		p.partly(t)
		if r := p.write(t, creation("a", titles("行", 1500)...)); tally(r)[outbox.Created] != 1500 {
			t.Errorf("%v", tally(r))
		}
	},
	"parked_and_restarted": func(t *testing.T, p *pair) {
		p.partly(t)
		kill(p.Outbox)
		p.open(t, p.share)
		if r := p.write(t, creation("a", titles("行", 1500)...)); tally(r)[outbox.Created] != 1500 {
			t.Errorf("%v", tally(r))
		}
	},
	"parked_and_delivered": func(t *testing.T, p *pair) {
		p.partly(t).Delivered()
	},
	"parked_and_not_repeated_for_a_day": func(t *testing.T, p *pair) {
		p.partly(t)
		elapse(outbox.KeepFor + 2*time.Minute)
	},
	"unknown_and_looked_after": func(t *testing.T, p *pair) {
		p.base.faults = during(1, 5, interrupted())
		p.write(t, creation("a", "一"))
		elapse(2 * time.Minute)
	},
	"restarted": func(t *testing.T, p *pair) {
		p.base.entered, p.base.gate = make(chan struct{}, 10), make(chan struct{})
		p.submit(t, creation("a", "一"))
		<-p.base.entered
		kill(p.Outbox)
		p.base.gate = nil
		p.open(t, p.share)
		elapse(time.Minute)
	},
	"lost_while_waiting_sending_and_deferred": func(t *testing.T, p *pair) {
		p.base.faults = during(1, 1, unreachableCall())
		job := creation("a", "一")
		job.Keep = true
		tickets := []*outbox.Ticket{p.submit(t, job)}
		synctest.Wait()
		p.base.entered, p.base.gate = make(chan struct{}, 10), make(chan struct{})
		tickets = append(tickets, p.submit(t, creation("b", "二")))
		<-p.base.entered
		tickets = append(tickets, p.submit(t, creation("c", "三")))
		p.lose()
		synctest.Wait()
		close(p.base.gate)
		for _, ticket := range tickets {
			if r := wait(t, ticket); tally(r)[outbox.Created] != 1 {
				t.Errorf("%+v", r)
			}
		}
	},
	"lost_while_parked": func(t *testing.T, p *pair) {
		p.partly(t)
		p.lose()
		synctest.Wait()
		if r := p.write(t, creation("a", titles("行", 1500)...)); tally(r)[outbox.Created] != 1500 {
			t.Errorf("%v", tally(r))
		}
	},
	"lost_without_knowing_it_before_the_answer_is_stored": func(t *testing.T, p *pair) {
		p.base.faults = func(int, write) fault { p.usurp(); return fault{} }
		if r := p.write(t, creation("a", "一")); tally(r)[outbox.Created] != 1 || len(p.base.column("tblExample", "标题")) != 1 {
			t.Errorf("%+v", r)
		}
	},
	"lost_without_knowing_it_before_it_is_parked": func(t *testing.T, p *pair) {
		p.base.faults = func(n int, _ write) fault {
			if n != 2 {
				return fault{}
			}
			p.usurp()
			return fault{before: unreachableCall()}
		}
		if r := p.write(t, creation("a", titles("行", 1500)...)); tally(r)[outbox.Created] != 1500 {
			t.Errorf("%v", tally(r))
		}
	},
	"run_elsewhere": func(t *testing.T, p *pair) {
		second := p.other(t)
		p.base.entered, p.base.gate = make(chan struct{}, 10), make(chan struct{})
		first := p.submit(t, creation("a", "一"))
		<-p.base.entered
		again := second.submit(t, creation("a", "一"))
		own := second.submit(t, creation("b", "二"))
		synctest.Wait()
		close(p.base.gate)
		for _, ticket := range []*outbox.Ticket{first, again, own} {
			if r := wait(t, ticket); tally(r)[outbox.Created] != 1 {
				t.Errorf("%+v", r)
			}
		}
		if !again.Replay || len(p.base.column("tblExample", "标题")) != 2 {
			t.Errorf("replay %v, %v", again.Replay, p.base.column("tblExample", "标题"))
		}
	},
	"parked_elsewhere_and_delivered_here_before_a_restart": func(t *testing.T, p *pair) {
		second := p.other(t)
		p.base.entered, p.base.gate = make(chan struct{}, 10), make(chan struct{})
		p.base.faults = during(3, 3, unreachableCall())
		p.submit(t, creation("z", "零"))
		<-p.base.entered
		ticket := second.submit(t, creation("a", titles("行", 1500)...))
		synctest.Wait()
		close(p.base.gate)
		if r := wait(t, ticket); tally(r)[outbox.Created] != 1000 || tally(r)[outbox.Failed] != 500 {
			t.Errorf("%v", tally(r))
		}
		kill(p.Outbox)
		synctest.Wait()
		ticket.Delivered()
		kill(second.Outbox)
		p.open(t, p.share)
		r := p.write(t, creation("a", titles("行", 1500)...))
		if n := len(p.base.column("tblExample", "标题")); tally(r)[outbox.Created] != 1500 || n != 2501 {
			t.Errorf("%v, %d rows", tally(r), n)
		}
	},
	"cancelled_while_queued_and_running": func(t *testing.T, p *pair) {
		p.base.entered, p.base.gate = make(chan struct{}, 10), make(chan struct{})
		running := p.submit(t, asJob(creation("a", titles("行", 1500)...)))
		queued := p.submit(t, asJob(creation("a", titles("后", 1500)...)))
		<-p.base.entered
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, ticket := range []*outbox.Ticket{running, queued} {
			if _, err := p.Cancel(ctx, ticket.JobID, ownTenant); err != nil {
				t.Error(err)
			}
		}
		close(p.base.gate)
		wait(t, running)
		wait(t, queued)
	},
	"cancelled_while_deferred": func(t *testing.T, p *pair) {
		p.base.faults = during(1, 1, unreachableCall())
		job := p.submit(t, asJob(creation("a", "一")))
		synctest.Wait()
		p.expectCancelled(t, p.cancelled(t, job.JobID), 0)
	},
	"cancelled_elsewhere_while_it_is_parked": func(t *testing.T, p *pair) {
		second := p.other(t)
		ticket := p.partly(t)
		if err := ticket.Keep(); err != nil {
			t.Fatal(err)
		}
		second.expectCancelled(t, second.cancelled(t, ticket.JobID), 1000)
	},
	"forgotten_elsewhere": func(t *testing.T, p *pair) {
		second := p.other(t)
		p.base.entered, p.base.gate = make(chan struct{}, 10), make(chan struct{})
		first := p.submit(t, creation("a", "一"))
		<-p.base.entered
		again := second.submit(t, creation("a", "一"))
		p.store.mu.Lock()
		p.store.held.forget(first.JobID)
		p.store.mu.Unlock()
		if _, err := waitFor(t, again); code(err) != problem.InFlight {
			t.Errorf("%v", err)
		}
		close(p.base.gate)
	},
}
