package feishu

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// Error is why a call did not succeed: Feishu's error, or why there was no answer of Feishu's (then Code is 0).
//
// Error() names codes and ids only. Msg and Message are Feishu's words; Message quotes values of the row, so it is never
// printed or logged.
type Error struct {
	Code           int    // Feishu's code; 0 when no answer of Feishu's was understood
	Msg            string // Feishu's msg
	Message        string // Feishu's error.message: quotes row values
	HTTPStatus     int    // 0 when there was no answer
	LogID          string // what Feishu's support asks for
	Troubleshooter string
	Class          Class
	Endpoint       string   // API.Name
	Scopes         []string // scopes of which the app needs one (99991672)
	HelpURL        string   // Feishu's page for the fix
	RetryAfter     time.Duration

	Write    bool   // the endpoint changes something
	Reason   string // the client's own reason where there is no answer of Feishu's
	Aborted  bool   // the caller gave up; does not count against Feishu
	Personal bool   // the call was made with a PersonalBaseToken
	Gateway  bool   // the answer came from something before Feishu
	needsApp bool   // the call was not made: a PersonalBaseToken does not open it
	Cause    error  // the network's or the context's error; private
}

// NewError returns an error of the client's own about a call of a, without an answer of Feishu's.
func (a *API) NewError(class Class, reason string, cause error) *Error {
	return &Error{
		Class: class, Endpoint: a.Name, Write: !a.Read, Reason: reason, Cause: cause,
		Aborted: errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded),
	}
}

// Error implements error. It holds neither Feishu's words nor a value, address or secret.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("feishu ")
	b.WriteString(e.Endpoint)
	b.WriteString(": ")
	b.WriteString(e.Class.String())
	switch {
	case e.Code != 0:
		b.WriteString(" code ")
		b.WriteString(strconv.Itoa(e.Code))
		if row, ok := codeTable[e.Code]; ok {
			b.WriteString(" " + row.Name)
		}
	case e.Reason != "":
		b.WriteString(": " + e.Reason)
	}
	if e.HTTPStatus != 0 {
		b.WriteString(", http " + strconv.Itoa(e.HTTPStatus))
	}
	if e.LogID != "" {
		b.WriteString(", log_id " + e.LogID)
	}
	return b.String()
}

// Unwrap returns the network's or the context's error; nil if Feishu answered. It may contain an address and is private.
func (e *Error) Unwrap() error { return e.Cause }

// OutcomeUnknown reports whether a write may have been carried out although the call failed: cut off or timed out after
// sending, a gateway's answer in place of Feishu's, or a code that says so. It is false for every read.
func (e *Error) OutcomeUnknown() bool {
	if !e.Write {
		return false
	}
	switch e.Class {
	case ClassInterrupted, ClassReadBack:
		return true
	case ClassServer:
		return e.Code == 0
	case ClassData, ClassConflict, ClassFresh, ClassToken, ClassAccess, ClassCapacity, ClassRate, ClassUnreachable, ClassOpen:
		return false
	}
	return true
}

// Repeatable reports whether the same call may succeed later without anybody changing anything.
func (e *Error) Repeatable() bool {
	switch e.Class {
	case ClassConflict, ClassRate, ClassServer, ClassUnreachable, ClassInterrupted, ClassOpen, ClassReadBack:
		return true
	case ClassData, ClassFresh, ClassToken, ClassAccess, ClassCapacity:
		return false
	}
	return false
}

// RowCode returns the row code for a code that one row's value causes; "" if the code is not about a row.
func (e *Error) RowCode() problem.RowCode { return codeTable[e.Code].Row }

// Feishu writes the guilty value into error.message like this:
//
//	Invalid request parameter: 'fields.<name>.fieldValue.<Go %v of the value>.fieldName.<name>'. Correct format : …
//	Invalid request parameter: 'fields.<name>'. Correct format : field_name not found. …
const (
	messageHead   = "'fields."
	messageTail   = "'. Correct format"
	messageValue  = ".fieldValue."
	messageColumn = ".fieldName."
)

// FieldName returns the column that Feishu's message blames; "" if it names none.
func (e *Error) FieldName() string {
	name, _ := e.blamed()
	return name
}

// ValueText returns the value that Feishu's message blames, as Go's %v prints it; "" if it names none.
func (e *Error) ValueText() string {
	_, value := e.blamed()
	return value
}

// blamed finds the split at which the name before the value equals the name after it: names and values may hold anything.
func (e *Error) blamed() (name, value string) {
	_, rest, ok := strings.Cut(e.Message, messageHead)
	if !ok {
		return "", ""
	}
	end := strings.LastIndex(rest, messageTail)
	if end < 0 {
		return "", ""
	}
	inner := rest[:end]
	for at := 0; ; {
		next := strings.Index(inner[at:], messageValue)
		if next < 0 {
			break
		}
		at += next
		name, rest := inner[:at], inner[at+len(messageValue):]
		if value, ok := strings.CutSuffix(rest, messageColumn+name); ok {
			return name, value
		}
		at += len(messageValue)
	}
	if e.Code == CodeFieldNameNotFound {
		return inner, ""
	}
	return "", ""
}

// HTTP statuses that decide where the code does not. (Only the client imports net/http.)
const (
	statusTooManyRequests     = 429
	statusInternalServerError = 500
	statusGatewayTimeout      = 504
)

// statusClass classifies an answer whose code the table does not list.
func statusClass(code, status int) Class {
	switch {
	case status == statusTooManyRequests:
		return ClassRate
	case status == statusGatewayTimeout:
		return ClassReadBack
	case status >= statusInternalServerError:
		return ClassServer
	case code >= 1254000 && code < 1255000:
		return ClassData
	case code >= 1255000 && code < 1256000:
		return ClassServer
	}
	return ClassAccess
}

// Classify sets the class of an answer of Feishu's by its code; by its HTTP status only if the code is unlisted.
func (e *Error) Classify() {
	if row, ok := codeTable[e.Code]; ok {
		e.Class = row.Class
		return
	}
	e.Class = statusClass(e.Code, e.HTTPStatus)
}
