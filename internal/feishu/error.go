package feishu

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// Error is why a call did not succeed: what Feishu said, or what kept us from hearing it (then Code is 0).
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

	write   bool // the endpoint changes something
	reason  string
	aborted bool // the caller gave up: says nothing about Feishu
	gateway bool // the answer came from something before Feishu
	cause   error
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
			b.WriteString(" " + row.name)
		}
	case e.reason != "":
		b.WriteString(": " + e.reason)
	}
	if e.HTTPStatus != 0 {
		b.WriteString(", http " + strconv.Itoa(e.HTTPStatus))
	}
	if e.LogID != "" {
		b.WriteString(", log_id " + e.LogID)
	}
	return b.String()
}

// Unwrap returns what the network or the context said; nil if Feishu answered. It may hold an address: it is private.
func (e *Error) Unwrap() error { return e.cause }

// OutcomeUnknown reports whether a write may have been carried out although the call failed: cut off or timed out after
// sending, a gateway's answer in place of Feishu's, or a code that says so. It is false for every read.
func (e *Error) OutcomeUnknown() bool {
	if !e.write {
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
func (e *Error) RowCode() problem.RowCode { return codeTable[e.Code].row }

// Feishu writes the guilty value into error.message like this:
//
//	Invalid request parameter: 'fields.<name>.fieldValue.<Go %v of the value>.fieldName.<name>'. Correct format : …
//	Invalid request parameter: 'fields.<name>'. Correct format : field_name not found. …
const (
	codeFieldNameNotFound = 1254045

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
	if e.Code == codeFieldNameNotFound {
		return inner, ""
	}
	return "", ""
}

// statusClass classifies an answer whose code the table does not list.
func statusClass(code, status int) Class {
	switch {
	case status == http.StatusTooManyRequests:
		return ClassRate
	case status == http.StatusGatewayTimeout:
		return ClassReadBack
	case status >= http.StatusInternalServerError:
		return ClassServer
	case code >= 1254000 && code < 1255000:
		return ClassData
	case code >= 1255000 && code < 1256000:
		return ClassServer
	}
	return ClassAccess
}

// classify sets the class of an answer of Feishu's by its code; by its HTTP status only if the code is unlisted.
func (e *Error) classify() {
	if row, ok := codeTable[e.Code]; ok {
		e.Class = row.class
		return
	}
	e.Class = statusClass(e.Code, e.HTTPStatus)
}
