package outbox

import (
	"bytes"
	"context"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// keepJob stores that a job id of e is handed out, and e itself if it is not stored yet. An entry without rows was answered without
// being admitted, so that there is nothing to keep.
func (a *acceptor) keepJob(e *entry) error {
	for {
		stored, answered := a.keep(e)
		switch {
		case answered:
			return ErrAnswered
		case stored == nil:
			return nil
		}
		if err := <-stored; err != nil {
			return notKept(err)
		}
	}
}

// keep notes that a job id of e is to be handed out, and tells the store. stored says when to look again: what was told was in vain
// if the insert of e before it was refused. It is nil once the store knows. answered means that there is nothing to keep.
func (a *acceptor) keep(e *entry) (stored <-chan error, answered bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case e.kept:
		if e.state == EntryQueued && e.untouched() && e.pool == a.waiting {
			a.stored(e)
		}
		return nil, false
	case e.state == EntryNew, e.state == EntryReleased, e.state == EntryDone && e.payload != nil:
		return nil, true
	case e.state == EntrySettling && e.round.ended:
		return nil, true
	case e.state == EntrySettling: // by its answer, which is on its way, the store may forget it
		return a.journal.begin(Changes{}), false
	}
	e.keep = true // stays so if the store fails: what was asked for once may be asked for again
	var claimed claims
	if claimed.add(e); len(claimed.entries) > 0 {
		return a.begin(Changes{}, claimed), false
	}
	told := make(chan error, 1)
	a.journal.add(&request{changes: Changes{Keep: []string{e.id}}, then: func(err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		e.kept = e.kept || err == nil && e.payload == nil
		told <- err
	}}, true)
	return told, false
}

func (a *acceptor) job(ctx context.Context, jobID, tenant string) (*Job, error) {
	if job := a.jobInMemory(jobID, tenant); job != nil {
		return job, nil
	}
	e, found, err := a.opts.Store.Find(ctx, Lookup{ID: jobID})
	if err == nil && found && e.DoneAt.IsZero() && e.Tenant == tenant {
		if e.Keep && a.learnKept(jobID) {
			return a.job(ctx, jobID, tenant)
		}
		var memo []byte
		if memo, e, found, err = a.openWaiting(ctx, jobID); err == nil && found && e.DoneAt.IsZero() {
			return &Job{ID: jobID, State: StateQueued, RowsTotal: e.Rows, ETA: a.etaOf(jobID), Memo: string(memo)}, nil
		}
	}
	switch {
	case err != nil:
		return nil, notStored(err)
	case !found || e.Tenant != tenant || !e.Keep:
		return nil, JobNotFound()
	}
	result, err := a.journal.openAnswer(e.Result)
	if err != nil {
		return nil, problem.From(err)
	}
	return doneJob(jobID, result), nil
}

// learnKept notes of an entry that this instance runs that a job id of it was handed out by another; false if there is nothing to note.
func (a *acceptor) learnKept(jobID string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[jobID]
	if e == nil || e.keep || e.state == EntryElsewhere {
		return false
	}
	e.keep, e.kept = true, true
	return true
}

// openWaiting returns the memo of a stored job that is not done. A payload may be as large as a request, so they are read one at a
// time.
func (a *acceptor) openWaiting(ctx context.Context, jobID string) (memo []byte, e Entry, found bool, err error) {
	select {
	case a.reading <- struct{}{}:
		defer func() { <-a.reading }()
	case <-ctx.Done():
		return nil, e, false, ctx.Err()
	}
	e, found, err = a.opts.Store.Find(ctx, Lookup{ID: jobID, Payload: true})
	if err != nil || !found || !e.DoneAt.IsZero() || !e.Keep {
		return nil, e, found && e.Keep, err
	}
	data, err := a.opts.Keyring.Open(sealPayload, e.Payload)
	if err != nil {
		return nil, e, true, err
	}
	submission, err := decodePayload(data)
	if err != nil {
		return nil, e, true, err
	}
	e.Payload = nil
	return bytes.Clone(submission.Memo), e, true, nil
}

func (a *acceptor) jobInMemory(jobID, tenant string) *Job {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[jobID]
	if e == nil || e.tenant != tenant || !e.keep || e.state == EntryElsewhere || e.far && e.rows == nil {
		return nil
	}
	if e.state == EntrySettling && e.round.result != nil { // its answer could not be stored yet
		return doneJob(jobID, e.round.result)
	}
	if e.state == EntryParking || e.state == EntryParked {
		return doneJob(jobID, e.result())
	}
	job := &Job{
		ID: jobID, State: StateRunning, RowsDone: e.size - e.open, RowsTotal: e.size, Errors: troubled(e.rows), Batches: e.batches,
		ETA: a.jobs.eta(e), Memo: string(e.sub.Memo),
	}
	if len(e.todo) == e.size {
		job.State = StateQueued
	}
	return job
}

func doneJob(id string, r *Result) *Job {
	job := &Job{
		ID: id, State: StateDone, RowsDone: len(r.Rows), RowsTotal: len(r.Rows), Errors: troubled(r.Rows), Batches: r.Batches,
		Memo: string(r.Memo), Result: r,
	}
	switch {
	case r.Cancelled:
		job.State = StateCancelled
	case allFailed(r.Rows):
		job.State = StateFailed
	}
	return job
}

// troubled counts the rows that failed or whose outcome is unknown.
func troubled(rows []RowResult) int {
	n := 0
	for i := range rows {
		if rows[i].Status == Failed || rows[i].Status == Unknown {
			n++
		}
	}
	return n
}

// etaOf is how long it takes until a job is done whose rows are in the store; 0 if that is not known here.
func (a *acceptor) etaOf(jobID string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.entries[jobID]; e != nil {
		return a.jobs.eta(e)
	}
	return 0
}
