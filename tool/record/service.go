package record

import (
	"context"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/tool"
)

// Tables knows the columns of tables. It is implemented by *directory.Directory.
type Tables interface {
	Table(ctx context.Context, ref feishu.TableRef) (*directory.Table, error)
	Refresh(ctx context.Context, known *directory.Table) (*directory.Table, error)
	Forget(ref feishu.TableRef)
}

// Outbox takes writes. It is implemented by *outbox.Outbox.
type Outbox interface {
	Submit(ctx context.Context, submission outbox.Submission) (*outbox.Ticket, error)
	// Replay finds the entry of an idempotency key before the rows are looked at: an answer that was given stays the answer,
	// even if the table has changed since. found is false if there is none.
	Replay(ctx context.Context, table feishu.TableRef, key string, fingerprint [32]byte) (ticket *outbox.Ticket, found bool, err error)
	// Match says what an upsert would do, without writing.
	Match(ctx context.Context, submission outbox.Submission) ([]outbox.RowResult, error)
}

// Rows reads rows. It is implemented by *client.Client.
type Rows interface {
	BatchGet(
		ctx context.Context,
		table feishu.TableRef,
		recordIDs []string,
		userIDType string,
	) (found []feishu.Record, absent []string, err error)
	Search(ctx context.Context, table feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error)
}

// Service is what the tools on rows work with.
type Service struct {
	Access *tool.Access
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
	// Found bounds the rows that searches have in memory; nil: nothing does.
	Found *memory.Budget
}

// Columns makes columns. It is implemented by *table.Maker.
type Columns interface {
	// Create adds the columns that the rows name and the table does not have, and returns their names.
	Create(ctx context.Context, known *directory.Table, unknown []bitable.UnknownColumn) ([]string, error)
}

// Lookups resolves what a plan has pending.
type Lookups interface {
	Resolve(ctx context.Context, target tool.Target, plan *bitable.Plan) error
	// Rehearse is Resolve without an upload, for a dry run.
	Rehearse(ctx context.Context, target tool.Target, plan *bitable.Plan) error
}

// refresh loads a table anew, unless that was done a moment ago: for directory.Retry.
func (s *Service) refresh(ctx context.Context) func(*directory.Table) (*directory.Table, error) {
	return func(known *directory.Table) (*directory.Table, error) { return s.Tables.Refresh(ctx, known) }
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
