package record

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// write is one request to write rows, from its rows to its answer. It is the same for create, upsert and update.
type write struct {
	*Service

	target   tool.Target
	deadline tool.Deadline
	began    time.Time // of the request: what comes before the write counts too
	options  *WriteOptions
	op       outbox.Op
	mode     bitable.Mode
	rows     []json.RawMessage
	keys     []string // upsert: key columns as the caller names them
	token    string   // Feishu's client_token, if the caller brought one
}

// run does the write and answers it: 200 with a receipt, 202 with a job id, or a problem.
func (w *write) run(ctx context.Context) (tool.Answer, error) {
	request.CallFrom(ctx).AddRows(len(w.rows))
	waiting, cancel := context.WithDeadline(ctx, w.began.Add(w.deadline.Timeout()))
	defer cancel()

	fingerprint := w.fingerprint(ctx)
	if key := w.options.IdempotencyKey; key != "" && !tool.IsTrue(w.options.DryRun) {
		ticket, found, err := w.Outbox.Replay(waiting, w.target.TableRef, key, fingerprint)
		if err != nil {
			return tool.Answer{}, err
		}
		if found {
			return w.await(waiting, ctx, ticket, memo{}, nil)
		}
	}
	known, err := w.Tables.Table(waiting, w.target.TableRef)
	if err != nil {
		return tool.Answer{}, err
	}
	return w.submit(waiting, ctx, *known, fingerprint, true)
}

// submit validates, sends and waits. Feishu may know better than a schema of some minutes ago: when it says that a column is
// gone, nothing was written, and the rows are looked at once more with the table as it is now (again).
func (w *write) submit(waiting, ctx context.Context, known directory.Table, fingerprint [32]byte, again bool) (tool.Answer, error) {
	plan, made, err := w.plan(waiting, w.target, &known, w.rows, w.options, w.mode)
	if err != nil {
		return tool.Answer{}, err
	}
	keys, err := keyFields(known.Schema, w.keys)
	if err != nil {
		return tool.Answer{}, err
	}
	note := newMemo(ctx, w.op, len(w.rows), plan)
	note.Warnings = append(note.Warnings, made...)
	rows := plan.Rows()
	if note.Count > 0 && (!w.options.skips() || len(rows) == 0) {
		return tool.Answer{}, note.invalidRows()
	}
	submission := outbox.Submission{
		Table: w.target.TableRef, Op: w.op, Rows: rows, Atomic: !w.options.skips(),
		Write: feishu.WriteOptions{
			UserIDType: w.target.UserIDType, ClientToken: w.token, IgnoreConsistencyCheck: tool.IsTrue(w.options.IgnoreCheck),
		},
		KeyFields: keys, Fields: known.Fields, NewOptions: plan.NewOptions(), Caller: w.caller(), IdempotencyKey: w.options.IdempotencyKey, Fingerprint: fingerprint,
		Keep: tool.IsTrue(w.options.Async),
	}
	if tool.IsTrue(w.options.DryRun) {
		return w.rehearse(waiting, ctx, submission, note)
	}
	if len(rows) == 0 {
		return tool.OK(note.receipt(ctx, nil)), nil
	}
	if submission.Memo, err = json.Marshal(note); err != nil {
		return tool.Answer{}, err
	}
	ticket, err := w.Outbox.Submit(waiting, submission)
	if err != nil {
		return tool.Answer{}, err
	}
	answer, err := w.await(waiting, ctx, ticket, note, &known)
	if again && isStaleSchema(err) {
		fresh, refreshErr := w.Tables.Refresh(waiting, &known)
		if refreshErr == nil && fresh.Loaded != known.Loaded {
			return w.submit(waiting, ctx, *fresh, fingerprint, false)
		}
	}
	return answer, err
}

// caller is whose turn it is in the lane. An import of several batches takes turns with the other requests of its own caller as
// it does with those of others; requests that one batch holds keep their caller's order.
func (w *write) caller() string {
	if len(w.rows) <= feishu.MaxBatchCreate {
		return w.target.Caller
	}
	return w.target.Caller + "/" + rand.Text()
}

// await waits for the result until the deadline, then answers 202: the write goes on. Who asked for a job gets its id at once, a
// repeat the same one.
func (w *write) await(waiting, ctx context.Context, ticket *outbox.Ticket, note memo, known *directory.Table) (tool.Answer, error) {
	var result *outbox.Result
	err := context.DeadlineExceeded // as for a caller who does not wait
	if !tool.IsTrue(w.options.Async) {
		result, err = ticket.Wait(waiting)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		answer, notKept := accepted(ctx, ticket)
		if !errors.Is(notKept, outbox.ErrAnswered) {
			return answer, notKept
		}
		result, err = ticket.Wait(ctx)
	}
	if err != nil {
		return tool.Answer{}, err
	}
	onDelivered(request.CallFrom(ctx), ticket)
	receipt, err := settle(ctx, result, note)
	if err != nil {
		return tool.Answer{}, err
	}
	receipt.IdempotentReplay = ticket.Replay
	switch or(w.options.Return, returnIDs) {
	case returnNone:
		receipt.RecordIDs, receipt.RecordID = []string{}, ""
	case returnRows:
		if known == nil {
			if known, err = w.Tables.Table(waiting, w.target.TableRef); err != nil {
				return tool.Answer{}, readBackFailed(receipt, err)
			}
		}
		if receipt.Rows, err = w.plain(waiting, w.target, known, receipt.RecordIDs); err != nil {
			return tool.Answer{}, readBackFailed(receipt, err)
		}
		receipt.UpstreamCalls = result.UpstreamCalls + request.CallFrom(ctx).UpstreamCalls()
	}
	return tool.OK(receipt.body(receipt.op)), nil
}

// body is the receipt in the words of the operation.
func (r *Receipt) body(op outbox.Op) any {
	if op == outbox.OpDelete {
		return r.forDelete()
	}
	return r
}

// JobReceipt is the receipt of a job that is done, or the problem that it ended with.
func JobReceipt(ctx context.Context, result *outbox.Result) (any, error) {
	receipt, err := settle(ctx, result, memo{})
	if err != nil {
		return nil, err
	}
	return receipt.body(receipt.op), nil
}

// settle turns a result into a receipt, or into a problem where no row was written.
func settle(ctx context.Context, result *outbox.Result, note memo) (*Receipt, error) {
	if len(result.Memo) > 0 {
		var stored memo
		if err := json.Unmarshal(result.Memo, &stored); err != nil {
			return nil, fmt.Errorf("reading a stored memo: %w", err)
		}
		note = stored
	}
	receipt := note.receipt(ctx, result)
	if receipt.Created+receipt.Updated+receipt.Unchanged+receipt.deleted > 0 || receipt.Total == 0 {
		return receipt, nil
	}
	if receipt.Unknown > 0 {
		e := problem.New(problem.UnknownOutcome, problem.Text{})
		if result.Err != nil && result.Err.Code == problem.UnknownOutcome {
			e = result.Err
		}
		return nil, withRows(e, note, result)
	}
	if result.Err != nil {
		return nil, withRows(result.Err, note, result)
	}
	note.Failed = receipt.Failed
	refused := withRows(note.invalidRows(), note, result)
	if onlyMissing(refused.Rows) {
		refused.Code, refused.Detail = problem.RecordNotFound, problem.Text{}
	}
	return nil, refused
}

// onlyMissing reports whether all that is wrong is that records do not exist.
func onlyMissing(rows []problem.RowError) bool {
	return len(rows) > 0 && !slices.ContainsFunc(rows, func(row problem.RowError) bool { return row.Code != problem.RowRecordNotFound })
}

// withRows copies e with the errors of the rows.
func withRows(e *problem.Error, note memo, result *outbox.Result) *problem.Error {
	out := *e
	out.Rows, out.RowCount = note.Errors, note.Count
	if out.Feishu == nil {
		out.Feishu = result.Feishu
	}
	for _, row := range result.Rows {
		if row.Err != nil {
			out.Rows = append(out.Rows, *row.Err)
			out.RowCount++
		}
	}
	return &out
}

// invalidRows is the answer where validation leaves nothing to write.
func (m memo) invalidRows() *problem.Error {
	e := problem.New(problem.InvalidRows, problem.Text{
		ZH: fmt.Sprintf("%d 行中有 %d 行不符合表格，什么都没有写入。", m.Total, m.Failed),
		EN: fmt.Sprintf("%d of %d rows do not fit the table; nothing was written.", m.Failed, m.Total),
	})
	e.Rows, e.RowCount = m.Errors, m.Count
	return e
}

// onDelivered tells the outbox when the answer of call is delivered, and lets the same rows wait until that is decided.
func onDelivered(call *request.Call, ticket *outbox.Ticket) {
	call.OnDelivered(ticket.Delivered)
	call.OnSettled(ticket.Answering())
}

// accepted answers 202. The job is stored before its id is handed out.
func accepted(ctx context.Context, ticket *outbox.Ticket) (tool.Answer, error) {
	if err := ticket.Keep(); err != nil {
		return tool.Answer{}, err
	}
	call := request.CallFrom(ctx)
	onDelivered(call, ticket)
	message := problem.Text{
		ZH: "已接收，仍在写入。请用 get_job 查询结果。",
		EN: "Accepted and being written. Ask get_job for the result.",
	}
	return tool.Answer{Status: tool.StatusAccepted, Body: &tool.Accepted{
		OK: true, JobID: ticket.JobID, State: string(outbox.StateRunning), Message: message.In(call.Lang()), RequestID: call.RequestID,
	}}, nil
}

// readBackFailed says that the rows are written though they could not be read again.
func readBackFailed(receipt *Receipt, cause error) error {
	e := *problem.From(cause)
	e.Outcome = problem.Written
	if receipt.Failed+receipt.Unknown > 0 {
		e.Outcome = problem.Partial
	}
	return &e
}

// fingerprint is what makes two requests the same write: where, what, how and the rows as they were sent.
func (w *write) fingerprint(ctx context.Context) [32]byte {
	o := w.options
	options := []string{
		w.target.Tenant, w.target.AppToken, w.target.TableID, string(w.op), strings.Join(w.keys, "\x00"), w.token,
		or(o.OnError, onErrorAbort), o.UnknownFields, o.UnknownOptions, o.TimeZone, o.EmptyValues, w.target.UserIDType,
		fmt.Sprint(tool.IsTrueByDefault(o.Typecast), tool.IsTrue(o.IgnoreCheck)),
	}
	files := intake.ResultFrom(ctx).Files
	parts := make([][]byte, 0, len(options)+len(w.rows)+3*len(files))
	for _, option := range options {
		parts = append(parts, []byte(option))
	}
	for _, row := range w.rows {
		parts = append(parts, row)
	}
	for _, file := range files {
		parts = append(parts, []byte(file.Column), []byte(file.Name), file.Data)
	}
	return w.Print(parts...)
}

// isStaleSchema reports whether Feishu refused every row because it does not know a column that our schema has.
func isStaleSchema(err error) bool {
	e, ok := errors.AsType[*problem.Error](err)
	if !ok {
		return false
	}
	for _, row := range e.Rows {
		if row.Code == problem.RowFieldNotFound && row.FeishuCode != 0 {
			return true
		}
	}
	return false
}

// keyFields resolves key_fields to the table's own column names.
func keyFields(table *bitable.Schema, names []string) ([]string, error) {
	keys := make([]string, 0, len(names))
	for _, name := range names {
		field, _, ok := table.Field(name)
		if !ok {
			near := strings.Join(nearest(table, name), "、")
			return nil, problem.New(problem.FieldNotFound, problem.Text{
				ZH: fmt.Sprintf("key_fields 里的列“%s”不在表中。最接近的列：%s。", name, near),
				EN: fmt.Sprintf("key_fields names the column %q, which the table has not. Nearest: %s.", name, near),
			})
		}
		if !bitable.KeyFieldAllowed(field) {
			return nil, problem.New(problem.BadKeyField, problem.Text{
				ZH: fmt.Sprintf("列“%s”（%s）不能作为 key_fields：可用文本、数字、单选、日期、电话、超链接、人员、复选框。", field.Name, bitable.TypeName(field)),
				EN: fmt.Sprintf("The column %q (%s) cannot be a key: use text, number, single select, date, phone, url, person or checkbox.", field.Name, bitable.TypeName(field)),
			})
		}
		keys = append(keys, field.Name)
	}
	return keys, nil
}

// maxNamed bounds the columns named in a message where none is near.
const maxNamed = 5

// nearest returns the columns that name may mean; the table's first ones if none is near.
func nearest(table *bitable.Schema, name string) []string {
	names := table.Nearest(name)
	if len(names) > 0 {
		return names
	}
	for _, field := range table.Fields()[:min(len(table.Fields()), maxNamed)] {
		names = append(names, field.Name)
	}
	return names
}
