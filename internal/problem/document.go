package problem

import (
	"cmp"
	"time"
	"unicode/utf8"
)

// MediaType is the content type of a Document (RFC 9457); a soft one is plain JSON.
const MediaType = "application/problem+json"

// Document is a problem as the caller gets it, RFC 9457 with the members of docs/contract.md §5.
type Document struct {
	OK         *bool              `json:"ok,omitempty" doc:"false; present only with soft_errors" example:"false"`
	Type       string             `json:"type" doc:"page that explains the problem code" example:"https://rowgate.example/errors/invalid_rows"`
	Title      string             `json:"title" doc:"kind of problem" example:"Some rows are invalid"`
	Status     int                `json:"status" doc:"HTTP status of the problem, also when soft_errors answers 200" example:"422"`
	Detail     string             `json:"detail" doc:"what happened in this request" example:"1 of 3 rows is invalid; nothing was written."`
	Code       Code               `json:"code" doc:"stable name of the problem" example:"invalid_rows"`
	Retryable  bool               `json:"retryable" doc:"whether the same request, unchanged, may succeed later" example:"false"`
	Outcome    Outcome            `json:"outcome" enum:"not_written,written,partial,unknown" doc:"outcome for the rows" example:"not_written"`
	Fix        Text               `json:"fix" doc:"what to do next"`
	Errors     []RowErrorDocument `json:"errors" doc:"errors of individual rows, the first 200; empty if no row is at fault"`
	ErrorCount int                `json:"error_count" doc:"total number of row errors" example:"1"`
	Feishu     *Feishu            `json:"feishu,omitempty" doc:"the error as Feishu returned it, if it did"`
	RequestID  string             `json:"request_id" doc:"identifies this request in the service's log" example:"req_k2v7n4q8x1m5p9t3b6c0"`

	Lang       Lang          `json:"-"` // language of title, detail and messages
	RetryAfter time.Duration `json:"-"` // for the Retry-After header; 0 if a repeat is of no use
}

// RowErrorDocument is one entry of errors[] as the caller gets it, in problems and receipts alike. All names are always there.
type RowErrorDocument struct {
	Index      *int    `json:"index" doc:"index of the row in the request, from 0; null if no single row can be named" example:"0"`
	Field      string  `json:"field" doc:"column name as the caller wrote it; empty if the error concerns the whole row" example:"日期"`
	Code       RowCode `json:"code" doc:"stable name of the row error" example:"value_mismatch"`
	Message    string  `json:"message" doc:"what happened" example:"The value does not match the column's type."`
	Got        string  `json:"got" doc:"the value as sent, cut to 80 characters" example:"tomorrow"`
	Expected   string  `json:"expected" doc:"what is accepted" example:"a date such as 2026-03-24"`
	Suggestion string  `json:"suggestion" doc:"the nearest name or value" example:""`
	FeishuCode int     `json:"feishu_code" doc:"Feishu's error code if Feishu refused the value, else 0" example:"1254064"`
}

// RenderOptions describes the caller for whom a problem is rendered.
type RenderOptions struct {
	PublicURL string // prefix of type, without a slash at the end
	RequestID string
	Lang      Lang // of title, detail and messages; fix has both
	Soft      bool // answer 200 with ok:false
}

// Render returns e as the caller gets it: what e leaves open comes from the catalogue, and nothing of its cause is shown.
func Render(e *Error, options RenderOptions) Document {
	entry := Lookup(e.Code)
	doc := Document{
		Type:       options.PublicURL + "/errors/" + string(entry.Code),
		Title:      entry.Title.In(options.Lang),
		Status:     entry.Status,
		Detail:     cmp.Or(e.Detail, entry.Title).In(options.Lang),
		Code:       entry.Code,
		Retryable:  entry.Retryable,
		Outcome:    cmp.Or(e.Outcome, entry.Outcome),
		Fix:        cmp.Or(e.Fix, entry.Fix),
		Errors:     RenderRows(e.Rows, options.Lang),
		ErrorCount: max(e.RowCount, len(e.Rows)),
		Feishu:     e.Feishu,
		RequestID:  options.RequestID,
		Lang:       options.Lang,
		RetryAfter: e.RetryIn(),
	}
	if options.Soft {
		doc.OK = new(false)
	}
	return doc
}

// RenderRows returns the first MaxRowErrors of rows as the caller gets them; never nil, so that it is an array in JSON.
func RenderRows(rows []RowError, lang Lang) []RowErrorDocument {
	rows = rows[:min(len(rows), MaxRowErrors)]
	docs := make([]RowErrorDocument, 0, len(rows))
	for _, row := range rows {
		entry, _ := LookupRow(row.Code)
		doc := RowErrorDocument{
			Field:      row.Field,
			Code:       row.Code,
			Message:    cmp.Or(row.Message, entry.Meaning).In(lang),
			Got:        cut(row.Got, MaxGotRunes),
			Expected:   row.Expected.In(lang),
			Suggestion: row.Suggestion,
			FeishuCode: row.FeishuCode,
		}
		if row.Index >= 0 {
			doc.Index = new(row.Index)
		}
		docs = append(docs, doc)
	}
	return docs
}

// cut returns the first limit runes of s, with an ellipsis as the last of them if some are left out.
func cut(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// Soft reports whether the document answers with HTTP 200.
func (d Document) Soft() bool { return d.OK != nil }

// HTTPStatus returns the status line's code: 200 for a soft document, else Status.
func (d Document) HTTPStatus() int {
	if d.Soft() {
		return statusOK
	}
	return d.Status
}

// MediaType returns the Content-Type of the answer.
func (d Document) MediaType() string {
	if d.Soft() {
		return "application/json"
	}
	return MediaType
}
