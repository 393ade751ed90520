package outbox

import (
	"bytes"
	"context"

	"github.com/rowgate/rowgate/internal/problem"
)

// keepJob stores that a job id of e is handed out, and e itself if it is not stored yet. An entry without rows was answered without
// being admitted, so that there is nothing to keep.
func (a *acceptor) keepJob(e *entry) error {
	a.mu.Lock()
	if e.keep || e.state == EntryReleased || e.state == EntryNew {
		kept := e.keep
		a.mu.Unlock()
		if !kept {
			return ErrAnswered
		}
		return nil
	}
	e.keep = true
	changes := Changes{Insert: e.claim(nil)}
	if len(changes.Insert) == 0 {
		changes.Keep = []string{e.id}
	}
	stored := a.journal.begin(changes)
	a.mu.Unlock()
	err := <-stored
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		e.payload = nil
		if e.state == EntryQueued && e.untouched() && e.pool == a.waiting {
			a.stored(e)
		}
		return nil
	}
	e.keep = false
	if len(changes.Insert) > 0 {
		e.unclaim()
	}
	return notStored(err)
}

func (a *acceptor) job(ctx context.Context, jobID, tenant string) (*Job, error) {
	if job := a.jobInMemory(jobID, tenant); job != nil {
		return job, nil
	}
	e, found, err := a.opts.Store.Find(ctx, Lookup{ID: jobID})
	if err == nil && found && e.DoneAt.IsZero() && e.Tenant == tenant {
		var memo []byte
		if memo, e, found, err = a.openWaiting(ctx, jobID); err == nil && found && e.DoneAt.IsZero() {
			return &Job{ID: jobID, State: StateQueued, RowsTotal: e.Rows, Memo: string(memo)}, nil
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
	if e.state == EntryParking || e.state == EntryParked {
		return doneJob(jobID, e.result())
	}
	job := &Job{ID: jobID, State: StateRunning, RowsDone: e.size - e.open, RowsTotal: e.size, Memo: string(e.sub.Memo)}
	if len(e.todo) == e.size {
		job.State = StateQueued
	}
	return job
}

func doneJob(id string, r *Result) *Job {
	job := &Job{ID: id, State: StateDone, RowsDone: len(r.Rows), RowsTotal: len(r.Rows), Memo: string(r.Memo), Result: r}
	if allFailed(r.Rows) {
		job.State = StateFailed
	}
	return job
}
