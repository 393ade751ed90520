package record

import (
	"context"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/tool"
)

// Tables knows the columns of tables. *schema.Directory is one.
type Tables interface {
	Table(ctx context.Context, ref feishu.TableRef) (*directory.Table, error)
	Refresh(ctx context.Context, known *directory.Table) (*directory.Table, error)
	Forget(ref feishu.TableRef)
}

// Outbox takes writes. *outbox.Outbox is one.
type Outbox interface {
	Submit(ctx context.Context, submission outbox.Submission) (*outbox.Ticket, error)
	// Replay finds the entry of an idempotency key before the rows are looked at: an answer that was given stays the answer,
	// even if the table has changed since. found is false if there is none.
	Replay(ctx context.Context, table feishu.TableRef, key string, fingerprint [32]byte) (ticket *outbox.Ticket, found bool, err error)
	// Match says what an upsert would do, without writing.
	Match(ctx context.Context, submission outbox.Submission) ([]outbox.RowResult, error)
}

// Rows reads rows. *client.Client is one.
type Rows interface {
	BatchGet(ctx context.Context, table feishu.TableRef, recordIDs []string, userIDType string) (found []feishu.Record, absent []string, err error)
	Search(ctx context.Context, table feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error)
}

// Service is what the tools on rows work with.
type Service struct {
	Gate   *tool.Gate
	Tables Tables
	Outbox Outbox
	Rows   Rows
	// Columns adds the columns that unknown_fields: create asks for.
	Columns Columns
	// Lookups turns e-mail addresses, URLs and files into the ids that Feishu takes.
	Lookups Lookups
	// Files names the file parts of the request's form, for attachment columns.
	Files func(ctx context.Context) []bitable.File
	// Print is a MAC: what makes two requests the same write. It keeps none of the parts.
	Print func(parts ...[]byte) [32]byte
}

// admit is Gate.Table within the caller's time.
func (s *Service) admit(ctx context.Context, conn *tool.Connection, deadline tool.Deadline) (tool.Target, error) {
	ctx, cancel := deadline.Context(ctx)
	defer cancel()
	return s.Gate.Table(ctx, conn)
}

// Columns makes columns. *table.Maker is one.
type Columns interface {
	// Create adds the columns that the rows name and the table has not, and returns their names.
	Create(ctx context.Context, known *directory.Table, unknown []bitable.UnknownColumn) ([]string, error)
}

// Lookups resolves what a plan has pending.
type Lookups interface {
	Resolve(ctx context.Context, target tool.Target, plan *bitable.Plan) error
	// Rehearse is Resolve without an upload, for a dry run.
	Rehearse(ctx context.Context, target tool.Target, plan *bitable.Plan) error
}

// plan coerces rows for the table. A column that the table has not may be newer than what is known of the table: the columns
// are then asked for once more.
func (s *Service) plan(ctx context.Context, target tool.Target, known *directory.Table, rows []json.RawMessage, o *WriteOptions, mode bitable.Mode,
) (plan *bitable.Plan, made []bitable.Warning, err error) {
	options, err := o.coercion(mode, target.UserIDType, known.Zone)
	if err != nil {
		return nil, nil, err
	}
	options.Files, options.Repeated = s.Files(ctx), intake.ResultFrom(ctx).Repeated
	plan = known.Schema.Coerce(rows, options)
	if len(plan.UnknownColumns()) > 0 {
		fresh, err := s.Tables.Refresh(ctx, known)
		if err != nil {
			return nil, nil, err
		}
		if fresh != known {
			*known = *fresh
			plan = known.Schema.Coerce(rows, options)
		}
	}
	if plan, made, err = s.addColumns(ctx, known, plan, rows, options, o); err != nil {
		return nil, nil, err
	}
	if len(plan.Pending()) == 0 || plan.ErrorCount() > 0 && !o.skips() { // nothing is uploaded for rows that are not written
		return plan, made, nil
	}
	lookUp := s.Lookups.Resolve
	if tool.IsTrue(o.DryRun) {
		lookUp = s.Lookups.Rehearse
	}
	return plan, made, lookUp(ctx, target, plan)
}

// plain returns rows as search_records gives them, in the order of ids; an id that is gone gives an object with the id alone.
func (s *Service) plain(ctx context.Context, target tool.Target, known *directory.Table, ids []string) ([]json.RawMessage, error) {
	rows := make(map[string]json.RawMessage, len(ids))
	wanted := make([]string, 0, len(ids))
	for _, id := range ids {
		if _, seen := rows[id]; id != "" && !seen {
			rows[id] = nil
			wanted = append(wanted, id)
		}
	}
	for start := 0; start < len(wanted); start += feishu.MaxBatchGet {
		part := wanted[start:min(start+feishu.MaxBatchGet, len(wanted))]
		found, _, err := s.Rows.BatchGet(ctx, target.TableRef, part, target.UserIDType)
		if err != nil {
			return nil, err
		}
		for _, record := range found {
			rows[record.ID] = known.Schema.AppendPlainRecord(nil, record, known.Zone)
		}
	}
	out := make([]json.RawMessage, 0, len(ids))
	for _, id := range ids {
		row := rows[id]
		if row == nil {
			row, _ = json.Marshal(map[string]string{"record_id": id})
		}
		out = append(out, row)
	}
	return out, nil
}
