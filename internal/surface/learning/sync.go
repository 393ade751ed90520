// Package learning is a drop-in replacement for a small service to which web pages send learning records: it maps their five keys
// to the columns of one configured table and writes the rows with write_records.
package learning

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/record"
)

// columns maps the keys of a record to columns, in the order in which they are written.
var columns = []struct{ key, column string }{
	{"date", "日期"},
	{"topic", "主题"},
	{"duration", "学习时长(分钟)"},
	{"tags", "标签"},
	{"notes", "笔记"},
}

// timeoutMS is how long a page waits, in milliseconds: the maximum of write_records.
const timeoutMS = int64(tool.MaxTimeout / time.Millisecond)

// Receipt is the answer, both for success and for failure.
type Receipt struct {
	Success   bool    `json:"success"`
	Message   string  `json:"message"`
	Total     int     `json:"total"`
	Succeeded int     `json:"succeeded"`
	Failed    int     `json:"failed"`
	Errors    []Error `json:"errors"`

	RetryAfter time.Duration `json:"-"` // for the header; 0 if a repeat is useless
	Cause      error         `json:"-"` // the error, for the log; nil for a success
}

// Error describes a fault in one record.
type Error struct {
	Index   *int   `json:"index"`   // index of the record, from 0; null if no single one is at fault
	Field   string `json:"field"`   // its key, as the page wrote it
	Code    string `json:"code"`    // row code of the catalogue
	Message string `json:"message"` // for people
}

// Sync writes learning records.
type Sync struct {
	// Write is the tool write_records; it must run as the configured app, limited to the configured table.
	Write tool.Tool
	// UserIDType is the kind of ids in people columns.
	UserIDType string
}

// Spec describes the parameters of a request for the intake.
func Spec() intake.Spec {
	return intake.Spec{Params: []intake.Param{{Name: "records", Kind: intake.Rows}}, Rows: "records", RowsRequired: true, FlatRow: true}
}

// Run writes the records of a request that Spec read: valid ones are written, invalid ones are reported. status is the HTTP
// status: 200, 202 if the records are stored and still being written, otherwise the problem's.
func (s *Sync) Run(ctx context.Context, result *intake.Result) (status int, receipt Receipt) {
	request.CallFrom(ctx).SetTool(s.Write.Name)
	rows, ignored, err := translate(result.Rows)
	if err != nil {
		return Refuse(ctx, err)
	}
	options, err := json.Marshal(map[string]any{"on_error": "skip", "timeout_ms": timeoutMS, "user_id_type": s.UserIDType})
	if err != nil {
		return Refuse(ctx, err)
	}
	answer, err := s.Write.Call(ctx, &intake.Result{JSON: options, Rows: rows, Repairs: result.Repairs})
	if err != nil {
		status, receipt = Refuse(ctx, err)
		receipt.Total, receipt.Failed = len(rows), len(rows)
		return status, receipt
	}
	receipt = Receipt{Success: true, Total: len(rows), Errors: []Error{}}
	switch body := answer.Body.(type) {
	case *record.Receipt:
		receipt.Success, receipt.Message = body.OK, done.In(request.CallFrom(ctx).Lang())
		receipt.Succeeded, receipt.Failed = body.Created, body.Failed+body.Unknown
		receipt.Errors = errorsOf(body.Errors, request.CallFrom(ctx).Lang())
		if !body.OK {
			receipt.Message = body.Message
		}
	case *tool.Accepted:
		receipt.Message = body.Message
	}
	if len(ignored) > 0 {
		receipt.Message += fmt.Sprintf(skipped.In(request.CallFrom(ctx).Lang()), strings.Join(ignored, ", "))
	}
	return answer.Status, receipt
}

var (
	done    = problem.Text{ZH: "同步完成", EN: "Synchronized"}
	skipped = problem.Text{ZH: "（未同步的字段：%s）", EN: " (fields not synchronized: %s)"}
	// correct and column replace advice that names options and tools of write_records, which this service does not have.
	correct = problem.Text{ZH: "按 errors 逐条修正后重发。", EN: "Correct the records listed in errors and send them again."}
	column  = problem.Text{
		ZH: "表格里没有这一列，请管理员在表格里建好：%s。", EN: "The table has no such column; the operator adds it to the table: %s.",
	}
	shape = problem.Text{
		ZH: "records 应为学习记录的列表：[{\"date\",\"topic\",\"duration\",\"tags\",\"notes\"}]。",
		EN: `records must be a list of learning records: [{"date","topic","duration","tags","notes"}].`,
	}
)

// Refuse returns the status and the answer for err.
func Refuse(ctx context.Context, err error) (status int, receipt Receipt) {
	call := request.CallFrom(ctx)
	doc := problem.Render(problem.From(err), problem.RenderOptions{RequestID: call.RequestID, Lang: call.Lang()})
	call.SetCode(string(doc.Code))
	fix := doc.Fix
	if doc.Code == problem.InvalidRows {
		fix = correct
	}
	return doc.Status, Receipt{
		Message: doc.Detail + " " + fix.In(call.Lang()), Errors: errorsOf(doc.Errors, call.Lang()), RetryAfter: doc.RetryAfter, Cause: err,
	}
}

// Bounds of the unknown keys that a message lists.
const (
	maxIgnored      = 5  // keys
	maxIgnoredRunes = 40 // characters of each
)

// translate renames the keys of the records to columns. It drops all other keys and returns their names in ignored.
func translate(records []json.RawMessage) (rows []json.RawMessage, ignored []string, err error) {
	rows = make([]json.RawMessage, 0, len(records))
	for _, one := range records {
		var values map[string]json.RawMessage
		if err := json.Unmarshal(one, &values); err != nil {
			return nil, nil, problem.New(problem.BadParameter, shape).Because(err)
		}
		row := []byte{'{'}
		for _, c := range columns {
			value, given := values[c.key]
			delete(values, c.key)
			if !given {
				continue
			}
			if len(row) > 1 {
				row = append(row, ',')
			}
			row = fmt.Appendf(row, "%q:", c.column)
			row = append(row, value...)
		}
		rows = append(rows, append(row, '}'))
		for key := range values {
			if runes := []rune(key); len(runes) > maxIgnoredRunes {
				key = string(runes[:maxIgnoredRunes]) + "…"
			}
			if !slices.Contains(ignored, key) && len(ignored) < maxIgnored {
				ignored = append(ignored, key)
			}
		}
	}
	slices.Sort(ignored)
	return rows, ignored, nil
}

// errorsOf converts row errors; columns become the page's own keys.
func errorsOf(rows []problem.RowErrorDocument, lang problem.Lang) []Error {
	errs := make([]Error, 0, len(rows))
	for _, row := range rows {
		message := row.Message
		if row.Expected != "" {
			message += " " + row.Expected
		}
		if row.Code == problem.RowFieldNotFound {
			message = fmt.Sprintf(column.In(lang), row.Field)
		}
		field := row.Field
		for _, c := range columns {
			if c.column == field {
				field = c.key
			}
		}
		errs = append(errs, Error{Index: row.Index, Field: field, Code: string(row.Code), Message: message})
	}
	return errs
}
