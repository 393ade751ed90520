package record

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// write is one request to change rows, from its rows to its answer. It is the same for create, upsert, update and delete.
type write struct {
	*Service

	target  tool.Target
	options *WriteOptions
	op      outbox.Op
	mode    bitable.Mode      // not of delete, which coerces nothing
	rows    []json.RawMessage // as they were sent; delete: record ids
	counted int               // rows that the call's record has so far
	keys    []string          // upsert: key columns as the caller names them
	token   string            // Feishu's client_token, if the caller brought one
}

// prepared is a write as it is sent.
type prepared struct {
	outbox.Submission

	note  memo
	known *directory.Table // whose columns the rows fit; nil for delete
}

// run does the write and answers it: 200 with a receipt, 202 with a job id, or a problem. Feishu may know better than columns that
// were loaded some minutes ago: when it says that a column is gone, nothing was written, and the rows are looked at once more with
// the table as it is now.
func (w *write) run(ctx context.Context) (tool.Answer, error) {
	w.count(ctx, len(w.rows))
	fingerprint := w.fingerprint(ctx)
	if key := w.idempotencyKey(); key != "" && !tool.IsTrue(w.options.DryRun) {
		ticket, found, err := w.Outbox.Replay(ctx, w.target.TableRef, key, fingerprint)
		if err != nil {
			return tool.Answer{}, err
		}
		if found {
			return w.await(ctx, ticket, memo{}, nil)
		}
	}
	if w.op == outbox.OpDelete {
		return w.send(ctx, w.deletion(ctx), fingerprint)
	}
	known, err := w.Tables.Table(ctx, w.target.TableRef)
	if err != nil {
		return tool.Answer{}, err
	}
	used := known // by the attempt: planning may have loaded the columns anew
	return directory.Retry(known, func(known *directory.Table) (tool.Answer, error) {
		ready, err := w.prepare(ctx, known)
		if err != nil {
			return tool.Answer{}, err
		}
		used = ready.known
		return w.send(ctx, ready, fingerprint)
	}, isStaleSchema, func(known *directory.Table) (*directory.Table, error) {
		if fresh, err := w.Tables.Refresh(ctx, used); err == nil && fresh != used {
			return fresh, nil
		}
		return known, nil // Feishu's refusal stands
	})
}

// idempotencyKey is the caller's key within its tool and table, "" if there is none: a run that writes two tables, or creates and
// then deletes, may use one key for all. The outbox keeps keys apart by credential.
func (w *write) idempotencyKey() string {
	key := w.options.IdempotencyKey
	if key == "" {
		return ""
	}
	op := w.op
	if op == outbox.OpUpsert {
		op = outbox.OpCreate // both are write_records
	}
	return fmt.Sprintf("%v %s %s %s", op, w.target.AppToken, w.target.TableID, key)
}

// count sets how many rows the call's record has.
func (w *write) count(ctx context.Context, rows int) {
	request.CallFrom(ctx).AddRows(rows - w.counted)
	w.counted = rows
}

// prepare settles with the table's columns what the rows are, and validates them against the table.
func (w *write) prepare(ctx context.Context, known *directory.Table) (prepared, error) {
	settled, err := w.settle(ctx, known)
	if err != nil {
		return prepared{}, err
	}
	w.count(ctx, len(settled.Rows))
	plan, err := w.plan(ctx, settled)
	if err != nil {
		return prepared{}, err
	}
	keys, err := keyFields(plan.known.Schema, w.keys)
	if err != nil {
		return prepared{}, err
	}
	note := newMemo(w.op, settled.Settled, plan.Plan)
	request.CallFrom(ctx).SetMarks(note.marks())
	note.AppToken, note.TableID = w.target.AppToken, w.target.TableID
	note.Warnings = append(note.Warnings, plan.created...)
	return prepared{note: note, known: plan.known, Submission: outbox.Submission{
		Rows: plan.Rows(), KeyFields: keys, Fields: plan.known.Fields, NewOptions: plan.NewOptions(), Tenant: w.target.Caller,
		Import: w.importName(len(settled.Rows)), SkipBadValues: w.options.skipsBadValues(), AppendFiles: w.options.appendsFiles(),
		Write: feishu.WriteOptions{
			UserIDType: w.target.UserIDType, ClientToken: w.token, IgnoreConsistencyCheck: tool.IsTrue(w.options.IgnoreCheck),
		},
	}}, nil
}

// send submits what is prepared and waits for the result. Invalid rows are reported instead, where they must not be skipped or
// are all there are.
func (w *write) send(ctx context.Context, ready prepared, fingerprint [32]byte) (tool.Answer, error) {
	if ready.note.Count > 0 && (!w.options.skips() || len(ready.Rows) == 0) {
		return tool.Answer{}, ready.note.invalidRows()
	}
	submission := ready.Submission
	submission.Table, submission.Op, submission.Atomic = w.target.TableRef, w.op, !w.options.skips()
	submission.IdempotencyKey, submission.Fingerprint = w.idempotencyKey(), fingerprint
	submission.Keep = tool.IsTrue(w.options.Async)
	if tool.IsTrue(w.options.DryRun) {
		return w.rehearse(ctx, submission, ready.note)
	}
	if len(submission.Rows) == 0 {
		return tool.OK(ready.note.receipt(ctx, nil)), nil
	}
	var err error
	if submission.Memo, err = json.Marshal(ready.note); err != nil {
		return tool.Answer{}, err
	}
	ticket, err := w.Outbox.Submit(ctx, submission)
	if err != nil {
		return tool.Answer{}, err
	}
	return w.await(ctx, ticket, ready.note, ready.known)
}

// importName names an import of several batches, which takes turns with the other requests of its tenant; "" for a request that
// one batch holds: those keep their order.
func (w *write) importName(rows int) string {
	if rows <= feishu.MaxBatchCreate {
		return ""
	}
	return rand.Text()
}

// await waits for the result until the deadline, then answers 202: the write goes on. Who asked for a job gets its id at once, a
// repeat the same one.
func (w *write) await(ctx context.Context, ticket *outbox.Ticket, note memo, known *directory.Table) (tool.Answer, error) {
	var result *outbox.Result
	err := context.DeadlineExceeded // as for a caller who does not wait
	if !tool.IsTrue(w.options.Async) {
		result, err = ticket.Wait(ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) && !tool.IsCallerGone(ctx) {
		answer, notKept := accepted(ctx, ticket)
		if !errors.Is(notKept, outbox.ErrAnswered) {
			return answer, notKept
		}
		result, err = ticket.Wait(context.WithoutCancel(ctx)) // it is answered: this does not block
	}
	if err != nil {
		return tool.Answer{}, err
	}
	awaitDelivery(request.CallFrom(ctx), ticket)
	request.CallFrom(ctx).SetShared(result.UpstreamCalls, ticket.Replay)
	receipt, err := w.receipt(ctx, ticket, result, note)
	if err != nil {
		return tool.Answer{}, err
	}
	if receipt.IdempotentReplay = ticket.Replay; ticket.Replay {
		receipt.Message = replayed.In(request.CallFrom(ctx).Lang()) + receipt.Message
	}
	switch or(w.options.Return, returnIDs) {
	case returnNone:
		receipt.RecordIDs, receipt.RecordID = []string{}, ""
	case returnRows:
		if known == nil {
			if known, err = w.Tables.Table(ctx, w.target.TableRef); err != nil {
				return tool.Answer{}, readBackFailed(receipt, err)
			}
		}
		if receipt.Rows, err = w.plain(ctx, w.target, known, receipt.RecordIDs); err != nil {
			return tool.Answer{}, readBackFailed(receipt, err)
		}
		receipt.UpstreamCalls = result.UpstreamCalls + request.CallFrom(ctx).UpstreamCalls()
	}
	return tool.OK(receipt.body(receipt.op)), nil
}

// receipt settles result with what this call's own validation found, or, for a repeat, the first one's.
func (w *write) receipt(ctx context.Context, ticket *outbox.Ticket, result *outbox.Result, note memo) (*Receipt, error) {
	if ticket.Replay {
		return settleStored(ctx, result)
	}
	return settle(ctx, result, note)
}

// replayed begins the message of an answer that was given before.
var replayed = problem.Text{ZH: "重复请求，沿用上次的结果：", EN: "Answer to an earlier request: "}

// awaitDelivery makes the write an answered one once the call's answer is delivered.
func awaitDelivery(call *request.Call, ticket *outbox.Ticket) {
	call.OnDelivered(ticket.Delivered)
	call.OnSettled(ticket.Answering())
	if call.Recallable() {
		call.OnRecalled(ticket.Recallable())
	}
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
	note, err := readMemo(result)
	if err != nil {
		return nil, err
	}
	if result.Cancelled { // whoever cancelled it asked for no more than this
		receipt := note.receipt(ctx, result)
		return receipt.body(receipt.op), nil
	}
	receipt, err := settle(ctx, result, note)
	if err != nil {
		return nil, err
	}
	return receipt.body(receipt.op), nil
}

// JobTable returns the base and the table that a job writes to; "" if the job does not say.
func JobTable(job *outbox.Job) (appToken, tableID string) {
	var stored memo
	if err := json.Unmarshal([]byte(job.Memo), &stored); err != nil {
		return "", ""
	}
	return stored.AppToken, stored.TableID
}

// JobRefused counts the rows of a job that were refused before anything was sent.
func JobRefused(job *outbox.Job) int {
	var stored memo
	if err := json.Unmarshal([]byte(job.Memo), &stored); err != nil {
		return 0
	}
	return stored.Failed
}

// settleStored is settle for an answer that is not this call's own: what validation found is stored with it.
func settleStored(ctx context.Context, result *outbox.Result) (*Receipt, error) {
	note, err := readMemo(result)
	if err != nil {
		return nil, err
	}
	return settle(ctx, result, note)
}

// readMemo reads what validation found in the rows of a stored answer.
func readMemo(result *outbox.Result) (note memo, err error) {
	if len(result.Memo) == 0 {
		return note, nil
	}
	if err := json.Unmarshal(result.Memo, &note); err != nil {
		return note, fmt.Errorf("reading a stored memo: %w", err)
	}
	return note, nil
}

// settle turns a result into a receipt, or into a problem where no row was written.
func settle(ctx context.Context, result *outbox.Result, note memo) (*Receipt, error) {
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

// accepted answers 202. The job is stored before its id is handed out.
func accepted(ctx context.Context, ticket *outbox.Ticket) (tool.Answer, error) {
	if err := ticket.Keep(); err != nil {
		return tool.Answer{}, err
	}
	call := request.CallFrom(ctx)
	call.SetJob(ticket.JobID)
	awaitDelivery(call, ticket)
	state, message := standing(ctx, ticket)
	return tool.Answer{Status: tool.StatusAccepted, Body: &tool.Accepted{
		OK: true, JobID: ticket.JobID, State: string(state), Message: message.In(call.Lang()), Feishu: ticket.Heard(),
		RequestID: call.RequestID,
	}}, nil
}

// standing tells where the write of an accepted ticket stands now, as get_job does. A repeat may find that it has ended.
func standing(ctx context.Context, ticket *outbox.Ticket) (outbox.State, problem.Text) {
	now, cancel := context.WithCancel(ctx)
	cancel() // Wait does not block then
	result, err := ticket.Wait(now)
	if err != nil {
		return outbox.StateRunning, problem.Text{
			ZH: "已接收，仍在写入。请用 get_job 查询结果。",
			EN: "Accepted and being written. Ask get_job for the result.",
		}
	}
	state := outbox.StateDone
	if result.Cancelled {
		state = outbox.StateCancelled
	} else if _, err := settleStored(ctx, result); err != nil {
		state = outbox.StateFailed
	}
	return state, problem.Text{
		ZH: "这个任务已经结束。请用 get_job 查询结果。",
		EN: "This job has ended. Ask get_job for the result.",
	}
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

// fingerprint is what makes two requests the same write: where, what, how and the rows as they were sent. An option that is given as
// its default is the same as one that is not given.
func (w *write) fingerprint(ctx context.Context) [32]byte {
	o := w.options
	options := []string{
		w.target.Tenant, w.target.AppToken, w.target.TableID, string(w.op), strings.Join(w.keys, "\x00"), w.token,
		or(o.OnError, onErrorAbort), unless(o.UnknownFields, bitable.PolicyReject), unless(o.UnknownOptions, bitable.PolicyCreate),
		o.TimeZone, unless(o.EmptyValues, bitable.EmptySkip), unless(o.BadValues, badValuesReject), w.target.UserIDType,
		fmt.Sprint(tool.IsTrueByDefault(o.Typecast), tool.IsTrue(o.IgnoreCheck)),
	}
	if unless(o.LinkBy, linkByID) != "" && o.LinkBy != "{}" { // a request without the options that came later keeps its print
		options = append(options, "link_by", o.LinkBy)
	}
	if o.appendsFiles() {
		options = append(options, "attachments", o.Attachments)
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

// isStaleSchema reports whether Feishu refused every row because it does not know a column that the rows name.
func isStaleSchema(_ tool.Answer, err error) bool {
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
		field, err := query.FindColumn(table, "key_fields", name)
		if err != nil {
			return nil, err
		}
		if !bitable.KeyFieldAllowed(field) {
			allowed := bitable.Labels(func(k bitable.Kind) bool { return k.Key })
			return nil, problem.New(problem.BadKeyField, problem.Text{
				ZH: fmt.Sprintf("列“%s”（%s）不能作为 key_fields，可用的类型：%s。", field.Name, bitable.TypeName(field), allowed.ZH),
				EN: fmt.Sprintf("The column %q (%s) cannot be a key. Columns of these types can: %s.", field.Name, bitable.TypeName(field), allowed.EN),
			})
		}
		keys = append(keys, field.Name)
	}
	return keys, nil
}
