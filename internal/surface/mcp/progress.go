package mcp

import (
	"context"
	"errors"
	"sync"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/tool/record"
)

// Jobs looks up writes by their job id. *outbox.Outbox implements it.
type Jobs interface {
	Job(ctx context.Context, id, tenant string) (*outbox.Job, error)
}

// Watch follows the write that one request waits for. It is safe for concurrent use.
type Watch struct {
	mu     sync.Mutex
	ticket *outbox.Ticket // nil until there is a write
	tenant string
}

type watchKey struct{}

// With returns a context and a Watch that follows the write made with it.
func With(ctx context.Context) (context.Context, *Watch) {
	w := &Watch{}
	return context.WithValue(ctx, watchKey{}, w), w
}

// Look returns how many of the write's rows are settled and how many there are; ok is false if there is nothing to report. It
// makes the outbox keep the write as a job, so call it only for a write that takes long.
func (w *Watch) Look(ctx context.Context, jobs Jobs) (done, total int, ok bool) {
	w.mu.Lock()
	ticket, tenant := w.ticket, w.tenant
	w.mu.Unlock()
	if ticket == nil || isDone(ticket) || ticket.Keep() != nil {
		return 0, 0, false
	}
	job, err := jobs.Job(ctx, ticket.JobID, tenant)
	if err != nil {
		return 0, 0, false
	}
	return job.RowsDone, job.RowsTotal, true
}

// isDone reports whether the write has ended.
func isDone(ticket *outbox.Ticket) bool {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := ticket.Wait(now)
	return !errors.Is(err, context.Canceled)
}

// Watched is an outbox that records in the request's Watch which job the request waits for.
type Watched struct {
	record.Outbox

	Digest func(feishu.App) string // identifies a credential: the tenant of its jobs
}

// Submit implements record.Outbox.
func (o Watched) Submit(ctx context.Context, submission outbox.Submission) (*outbox.Ticket, error) {
	ticket, err := o.Outbox.Submit(ctx, submission)
	o.note(ctx, submission.Table.App, ticket)
	return ticket, err
}

// Replay implements record.Outbox.
func (o Watched) Replay(ctx context.Context, table feishu.TableRef, key string, fingerprint [32]byte) (*outbox.Ticket, bool, error) {
	ticket, found, err := o.Outbox.Replay(ctx, table, key, fingerprint)
	o.note(ctx, table.App, ticket)
	return ticket, found, err
}

func (o Watched) note(ctx context.Context, app feishu.App, ticket *outbox.Ticket) {
	w, watching := ctx.Value(watchKey{}).(*Watch)
	if !watching || ticket == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ticket, w.tenant = ticket, o.Digest(app)
}
