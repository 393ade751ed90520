package outbox

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// Submit takes a write on. It returns once the submission has a place in its lane, or joins the earlier one that it
// repeats; with Keep it is stored by then. The error is a *problem.Error (overloaded, draining, idempotency_conflict,
// in_flight) or ctx's.
func (o *Outbox) Submit(ctx context.Context, sub Submission) (*Ticket, error) {
	e := o.newEntry(&sub)
	if len(sub.Rows) == 0 {
		e.round.end(e.result(), nil)
		return &Ticket{JobID: e.id, o: o, e: e, r: e.round}, nil
	}
	for {
		t, before, err := o.admit(e)
		switch {
		case err != nil:
			return nil, err
		case t != nil:
			return t, nil
		case before == nil:
			return o.enqueue(ctx, e)
		}
		select { // another one with the same key is being admitted
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (o *Outbox) newEntry(sub *Submission) *entry {
	e := &entry{
		id:       newID("job_"),
		lane:     o.digest(digestLane, string(sub.Table.App.Brand), sub.Table.AppToken),
		tenant:   o.opts.Digest(sub.Table.App),
		derived:  sub.IdempotencyKey == "",
		sub:      sub,
		keep:     sub.Keep,
		created:  time.Now().UTC().Truncate(time.Millisecond),
		admitted: make(chan struct{}),
		round:    newRound(),
	}
	if e.derived {
		e.key = o.digest(digestKey, e.tenant, "derived", string(sub.Fingerprint[:]))
	} else {
		e.key = o.digest(digestKey, e.tenant, "given", sub.IdempotencyKey)
	}
	e.prepare()
	return e
}

// admit gives e its key and its place under the bounds. Else it returns a ticket of the entry that e repeats, or a channel that
// is closed when the entry that has the key is admitted or dropped.
func (o *Outbox) admit(e *entry) (t *Ticket, before <-chan struct{}, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t, before, err := o.join(e); t != nil || before != nil || err != nil {
		return t, before, err
	}
	if !o.admits(e) {
		o.metrics.submissions.WithLabelValues("overloaded").Inc()
		return nil, nil, overloaded()
	}
	o.hold(e)
	return nil, nil, nil
}

// enqueue looks for an earlier answer in the store, and puts e into its lane if there is none.
func (o *Outbox) enqueue(ctx context.Context, e *entry) (*Ticket, error) {
	t, err := o.replay(ctx, e)
	if t != nil || err != nil {
		o.withdraw(e)
		return t, err
	}
	data, err := encodePayload(e.sub)
	if err != nil {
		o.withdraw(e)
		return nil, problem.From(err)
	}
	e.payload = o.opts.Keyring.Seal(sealPayload, data)
	if e.keep {
		if err := o.store.apply(Changes{Insert: e.claim(nil)}); err != nil {
			o.withdraw(e)
			return nil, notStored(err)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.laneOf(e.lane)
	l.push(e)
	close(e.admitted)
	o.wake(l)
	o.metrics.submissions.WithLabelValues("new").Inc()
	return &Ticket{JobID: e.id, o: o, e: e, r: e.round}, nil
}

func (o *Outbox) withdraw(e *entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forgotten(e)
	o.drop(e)
	close(e.admitted)
	o.checkIdle()
}

// replay returns a ticket with the stored answer of the entry that e repeats; nil if e is new. A stored answer by which nothing
// was done makes way.
func (o *Outbox) replay(ctx context.Context, e *entry) (*Ticket, error) {
	known, found, err := o.opts.Store.Find(ctx, Lookup{Tenant: e.tenant, Key: e.key})
	if err != nil {
		return nil, notStored(err)
	}
	if !found || o.isGone(known.ID) {
		return nil, nil
	}
	// Its deletion may have been stored between the two lines above.
	if known, found, err = o.opts.Store.Find(ctx, Lookup{ID: known.ID}); err != nil {
		return nil, notStored(err)
	}
	switch {
	case !found, known.Derived && known.Delivered: // freed between the two lines
		return nil, nil
	case !bytes.Equal(known.Print, e.sub.Fingerprint[:]):
		o.metrics.submissions.WithLabelValues("conflict").Inc()
		return nil, conflict()
	case known.DoneAt.IsZero():
		return nil, inFlight()
	}
	result, err := o.openAnswer(known.Result)
	if err != nil {
		o.opts.Logger.ErrorContext(ctx, "stored answer cannot be opened", slog.String("job", known.ID), slog.Any("error", err))
		return nil, problem.From(err)
	}
	if allFailed(result.Rows) {
		if err := o.store.apply(Changes{Forget: []string{known.ID}}); err != nil {
			return nil, notStored(err)
		}
		return nil, nil
	}
	o.metrics.submissions.WithLabelValues("replayed").Inc()
	done := &entry{
		id: known.ID, key: known.Key, derived: known.Derived, keep: known.Keep, delivered: known.Delivered,
		sub: e.sub, round: newRound(), claimed: true,
	}
	done.round.end(result, nil)
	return &Ticket{JobID: known.ID, Replay: true, o: o, e: done, r: done.round}, nil
}

func (o *Outbox) isGone(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.gone[id]
}

// releaseDelivered frees the derived key of an entry that is done and delivered; the entry goes too, unless a job
// id was handed out. o.mu is held.
func (o *Outbox) releaseDelivered(e *entry) {
	if !e.derived || !e.delivered || e.released {
		return
	}
	e.released = true
	r := &request{frees: []string{e.key}, then: func(error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.gone, e.id)
	}}
	if e.keep {
		r.changes.Delivered = []string{e.id}
	} else {
		r.changes.Forget = []string{e.id}
		o.kept.Entries--
	}
	o.gone[e.id] = true
	o.store.add(r, false)
}

// keep stores that a job id of e is handed out, and e itself if it is not stored yet.
func (o *Outbox) keep(e *entry) error {
	o.mu.Lock()
	if e.keep || e.released {
		kept := e.keep
		o.mu.Unlock()
		if !kept {
			return ErrAnswered
		}
		return nil
	}
	e.keep = true
	payload := e.payload
	changes := Changes{Insert: e.claim(nil)}
	if len(changes.Insert) == 0 {
		changes.Keep = []string{e.id}
	}
	stored := o.store.begin(changes)
	o.mu.Unlock()
	err := <-stored
	if err == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	e.keep = false
	if len(changes.Insert) > 0 {
		e.claimed, e.payload = false, payload
	}
	return notStored(err)
}

// Job returns where the job stands. It is job_not_found for an unknown or expired one and for one of another tenant.
func (o *Outbox) Job(ctx context.Context, jobID, tenant string) (*Job, error) {
	if job := o.jobInMemory(jobID, tenant); job != nil {
		return job, nil
	}
	e, found, err := o.opts.Store.Find(ctx, Lookup{ID: jobID})
	switch {
	case err != nil:
		return nil, notStored(err)
	case !found || e.Tenant != tenant || !e.Keep:
		return nil, jobNotFound()
	case e.DoneAt.IsZero():
		return &Job{ID: jobID, State: StateQueued, RowsTotal: e.Rows}, nil
	}
	result, err := o.openAnswer(e.Result)
	if err != nil {
		return nil, problem.From(err)
	}
	return doneJob(jobID, result), nil
}

func (o *Outbox) jobInMemory(jobID, tenant string) *Job {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.entries[jobID]
	if e == nil || e.tenant != tenant || !e.keep {
		return nil
	}
	if e.parked {
		return doneJob(jobID, e.result())
	}
	job := &Job{ID: jobID, State: StateRunning, RowsDone: len(e.rows) - e.open, RowsTotal: len(e.rows)}
	if len(e.todo) == len(e.rows) {
		job.State = StateQueued
	}
	return job
}

func doneJob(id string, r *Result) *Job {
	job := &Job{ID: id, State: StateDone, RowsDone: len(r.Rows), RowsTotal: len(r.Rows), Result: r}
	if allFailed(r.Rows) {
		job.State = StateFailed
	}
	return job
}
