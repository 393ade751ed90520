// Package problem is the error catalogue of docs/contract.md §5 and classifies every error.
//
// It is the lowest package: every other package may import it, and it imports none of them. An error of another
// package becomes a problem by having a method Problem() *Error.
package problem

import (
	"context"
	"errors"
	"time"
)

// Text is one message in both languages. Both halves are always filled; a test refuses a missing one.
type Text struct {
	ZH string `json:"zh" doc:"Chinese"`
	EN string `json:"en" doc:"English"`
}

// Lang is a language that messages exist in.
type Lang string

// The languages.
const (
	ZH Lang = "zh"
	EN Lang = "en"
)

// In returns the half for lang; Chinese for any other language.
func (t Text) In(lang Lang) string {
	if lang == EN {
		return t.EN
	}
	return t.ZH
}

// IsZero reports whether both halves are empty.
func (t Text) IsZero() bool { return t == Text{} }

// Outcome is what happened to the rows.
type Outcome string

// The outcomes of docs/contract.md §5.
const (
	NotWritten     Outcome = "not_written"
	Written        Outcome = "written"
	Partial        Outcome = "partial"
	OutcomeUnknown Outcome = "unknown"
)

// Feishu is Feishu's own error, for support.
type Feishu struct {
	Code           int    `json:"code" doc:"Feishu's own error code"`
	Msg            string `json:"msg,omitempty" doc:"Feishu's message"`
	LogID          string `json:"log_id,omitempty" doc:"identifier to give to Feishu support"`
	Troubleshooter string `json:"troubleshooter,omitempty" doc:"Feishu's troubleshooting link"`
}

// RowError is one entry of errors[]: what is wrong with one value of one row.
type RowError struct {
	Index      int     // index of the row in the request, from 0; -1 where no single row can be named
	Field      string  // column name as the caller wrote it; "" where the whole row is meant
	Code       RowCode // why
	Message    Text    // what happened and what to do, one sentence each
	Got        string  // the value as sent, cut to MaxGotRunes; "" where it would say nothing
	Expected   Text    // what is accepted, with an example
	Suggestion string  // the nearest name or value, if there is one
	FeishuCode int     // Feishu's code where Feishu refused the value; else 0
}

// MaxGotRunes bounds RowError.Got and a warning's got, in runes.
const MaxGotRunes = 80

// MaxRowErrors bounds errors[] in an answer, in entries; error_count has the full number.
const MaxRowErrors = 200

// Error is a problem on its way to the caller. Make it with New; the catalogue supplies status, title and fix.
// Detail, Fix and Rows go to the caller; the cause stays private (logs see its type, callers never see it).
type Error struct {
	Code       Code
	Detail     Text          // what happened, here; the catalogue's title if zero
	Fix        Text          // what to do next; the catalogue's if zero
	Outcome    Outcome       // the catalogue's if empty
	RetryAfter time.Duration // for 429, 503 and 504; the catalogue's default if 0
	Rows       []RowError
	RowCount   int // number of row errors in all, ≥ len(Rows); 0 means len(Rows)
	Feishu     *Feishu
	Lang       Lang // of the answer, where the request said so and no Call knew it yet; "" for that of the Call
	cause      error
}

// New makes a problem of the catalogue's code with a detail.
func New(code Code, detail Text) *Error { return &Error{Code: code, Detail: detail} }

// Because attaches the private cause and returns e.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Error implements error: code and English detail. It is for tests and debuggers; logs carry only the code.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail.EN }

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.cause }

// From classifies err: a *Error as it is, an error that has Problem() by that, a cancelled or expired context, and all
// else as internal_error, whose cause is never shown.
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	var classified interface{ Problem() *Error }
	if errors.As(err, &classified) {
		return classified.Problem()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e := New(UpstreamUnavailable, Text{
			ZH: "飞书没有在规定时间内响应。",
			EN: "Feishu did not answer within the time allowed.",
		})
		e.Outcome = OutcomeUnknown // a bare context error does not tell whether a call had left
		return e.Because(err)
	}
	return New(InternalError, Text{}).Because(err)
}
