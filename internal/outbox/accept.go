package outbox

import (
	"context"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// acceptor takes submissions on: at any instance, whoever runs their lanes. It does not send anything.
type acceptor struct {
	*core

	lanes   lanes
	jobs    jobs
	reading chan struct{} // holds one token: whose turn it is to read a payload
}

// lanes is what accepting needs of running: the lane of an entry may be run here or by another instance.
type lanes interface {
	// place gives an admitted entry to whoever runs its lane, stored if that is another instance or a job id of it was handed
	// out. The error is a *problem.Error or ctx's; the entry was not taken then.
	place(ctx context.Context, e *entry) error
	// follow waits for the answer of a stored entry that another instance runs. It is errGone if that was answered meanwhile.
	follow(ctx context.Context, stored *Entry) (*entry, error)
	// repeat goes on with a parked entry because it was submitted again; Outbox.mu is held.
	repeat(e *entry)
	// finalize makes the answer of a parked entry final because it was delivered; Outbox.mu is held.
	finalize(e *entry)
}

// jobs is what asking for jobs needs of running.
type jobs interface {
	// eta is how long it takes until e is done; 0 if that is not known. Outbox.mu is held.
	eta(e *entry) time.Duration
	// cancelJob has nothing more of a stored entry sent, whoever runs it; the store knows that once it returns. Nothing happens to an
	// entry that is done. The error is the store's.
	cancelJob(ctx context.Context, id string) error
}

func (a *acceptor) submit(ctx context.Context, sub Submission) (*Ticket, error) {
	e := a.newEntry(&sub)
	if len(sub.Rows) == 0 {
		e.round.end(e.result(), nil)
		return a.ticket(e, false), nil
	}
	for {
		t, before, err := a.admit(e)
		switch {
		case err != nil:
			return nil, err
		case t != nil:
			return t, nil
		case before == nil:
			return a.enqueue(ctx, e)
		}
		select { // another one with the same key is being admitted
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (a *acceptor) newEntry(sub *Submission) *entry {
	e := &entry{
		id:       newID("job_"),
		lane:     a.laneDigest(sub),
		tenant:   a.opts.Digest(sub.Table.App),
		derived:  sub.IdempotencyKey == "",
		sub:      sub,
		keep:     sub.Keep,
		created:  time.Now().UTC().Truncate(time.Millisecond),
		admitted: make(chan struct{}),
		round:    newRound(),
	}
	if e.derived {
		e.key = a.digest(digestKey, e.tenant, "derived", string(sub.Fingerprint[:]))
	} else {
		e.key = a.digest(digestKey, e.tenant, "given", sub.IdempotencyKey)
	}
	e.prepare()
	return e
}

// admit gives e its key and its place under the bounds. Else it returns a ticket of the entry that e repeats, or a channel that
// is closed when the entry that has the key is admitted or dropped.
func (a *acceptor) admit(e *entry) (t *Ticket, before <-chan struct{}, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t, before, err := a.join(e); t != nil || before != nil || err != nil {
		return t, before, err
	}
	if !a.admits(e) {
		a.metrics.submissions.WithLabelValues("overloaded").Inc()
		return nil, nil, overloaded()
	}
	a.transition(e, EntryAdmit)
	a.hold(e)
	return nil, nil, nil
}

// enqueue looks for an earlier answer in the store, and gives e to its lane if there is none.
func (a *acceptor) enqueue(ctx context.Context, e *entry) (*Ticket, error) {
	known, err := a.earlier(ctx, e)
	if err != nil || known != nil {
		a.withdraw(e)
		if err != nil {
			return nil, err
		}
		return a.again(ctx, e, known)
	}
	room := a.opts.Sealing.Hold()
	defer room.Release()                                                         // once it is stored, or counted with what waits
	if err := room.Grow(ctx, 2*(e.memory-int64(e.size)*rowMemory)); err != nil { // as text, and sealed
		a.withdraw(e)
		return nil, overloaded().Because(err)
	}
	data, err := encodePayload(e.sub)
	if err != nil {
		a.withdraw(e)
		return nil, problem.From(err)
	}
	e.payload = a.opts.Keyring.Seal(sealPayload, data)
	t := a.ticket(e, false) // before anybody else has e
	if err := a.lanes.place(ctx, e); err != nil {
		a.withdraw(e)
		return nil, err
	}
	a.metrics.submissions.WithLabelValues("new").Inc()
	return t, nil
}

func (a *acceptor) withdraw(e *entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.transition(e, EntryWithdraw)
	a.forgotten(e)
	a.drop(e)
	close(e.admitted)
	a.checkIdle()
}

// ticket is a hold on e and its present round; mu is held, or nobody else has e.
func (a *acceptor) ticket(e *entry, replay bool) *Ticket {
	return &Ticket{JobID: e.id, Replay: replay, acceptor: a, entry: e, round: e.round}
}
