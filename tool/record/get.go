package record

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// MaxGetRecords bounds the ids of get_records: one call to Feishu.
const MaxGetRecords = feishu.MaxBatchGet

// GetRecordsInput is the request of get_records.
type GetRecordsInput struct {
	tool.Connection
	tool.Deadline

	RecordIDs tool.List `json:"record_ids,omitempty" in:"query" doc:"The rows, up to 100: a list of rec…, JSON text or \"a,b\"."`
	Fields    tool.List `json:"fields,omitempty" in:"query" doc:"Columns to return. Default: all."`
	Shape     string    `json:"shape,omitempty" in:"query" enum:"plain,feishu" doc:"plain (default): {record_id, column: plain value}. feishu: {record_id, fields} as Feishu has them."`
}

// GotRecords is the answer of get_records.
type GotRecords struct {
	OK        bool              `json:"ok" doc:"true, also where rows are missing"`
	Count     int               `json:"count" doc:"rows in this answer"`
	Records   []json.RawMessage `json:"records" nullable:"false" doc:"the rows that exist, in the order of record_ids"`
	Missing   []string          `json:"missing" nullable:"false" doc:"ids of which there is no row that the app may see"`
	Message   string            `json:"message" doc:"for people: empty, or why rows may be hidden from the app"`
	RequestID string            `json:"request_id" doc:"this request, for support"`
}

// Get is the tool get_records. An id that stands in the request twice is answered once.
func Get(s *Service) tool.Tool {
	return tool.Define[GetRecordsInput, GotRecords](tool.Meta{
		Name: "get_records", Path: "/v1/records/get", Family: tool.Records,
		Scopes: []string{"base:record:read", "base:field:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "读取记录", EN: "Get records"},
		Description: "Read rows of a Feishu Bitable table whose record_ids are known; plain values come back. " +
			`Example: {"record_ids":["recExample"]}`,
		Risk: tool.ReadOnly, Errors: []problem.Code{problem.NoRows, problem.FieldNotFound},
	}, func(ctx context.Context, in *GetRecordsInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		switch {
		case len(in.RecordIDs) == 0:
			return tool.Answer{}, problem.New(problem.NoRows, problem.Text{
				ZH: "record_ids 里没有任何记录 ID。", EN: "record_ids holds no record id.",
			})
		case len(in.RecordIDs) > MaxGetRecords:
			return tool.Answer{}, problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("一次最多读取 %d 行。", MaxGetRecords), EN: fmt.Sprintf("At most %d rows can be read at once.", MaxGetRecords),
			})
		}
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		return s.get(ctx, target, in)
	})
}

// recordIDShape is what record ids look like; Feishu refuses a whole call for one that looks otherwise.
var recordIDShape = regexp.MustCompile(`^rec[A-Za-z0-9]{3,47}$`)

func (s *Service) get(ctx context.Context, target tool.Target, in *GetRecordsInput) (tool.Answer, error) {
	known, err := s.Tables.Table(ctx, target.TableRef)
	if err != nil {
		return tool.Answer{}, err
	}
	shape, err := directory.Retry(known, func(known *directory.Table) (view, error) {
		shown, err := columnsOf(known.Schema, in.Fields)
		return view{table: known, columns: shown, raw: in.Shape == shapeFeishu}, err
	}, directory.Failed, s.refresh(ctx))
	if err != nil {
		return tool.Answer{}, err
	}
	wanted := make([]string, 0, len(in.RecordIDs))
	rows := make(map[string]json.RawMessage, len(in.RecordIDs))
	for _, id := range in.RecordIDs {
		if _, seen := rows[id]; !seen && recordIDShape.MatchString(id) {
			wanted = append(wanted, id)
		}
		rows[id] = nil
	}
	if len(wanted) > 0 {
		found, _, err := s.Rows.BatchGet(ctx, target.TableRef, wanted, target.UserIDType)
		if err != nil {
			return tool.Answer{}, err
		}
		for _, record := range found {
			rows[record.ID] = shape.append(nil, record)
		}
	}
	got := &GotRecords{OK: true, Records: []json.RawMessage{}, Missing: []string{}, RequestID: request.CallFrom(ctx).RequestID}
	for _, id := range in.RecordIDs {
		row, open := rows[id]
		switch {
		case !open: // answered before
		case row == nil:
			got.Missing = append(got.Missing, id)
		default:
			got.Records = append(got.Records, row)
		}
		delete(rows, id)
	}
	got.Count = len(got.Records)
	if known.Advanced && len(got.Missing) > 0 {
		got.Message = missingRows.In(request.CallFrom(ctx).Lang())
	}
	return tool.OK(got), nil
}
