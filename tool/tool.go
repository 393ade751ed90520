// Package tool is what a caller can do: the catalogue of operations, each a value that describes itself.
//
// From a Tool come the HTTP operation, the import documents and the README's table. A tool's own package holds its typed
// input and result and a handler on small ports; nothing in it knows how it is transported.
package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

// Risk says what a tool may do to a caller's data.
type Risk string

// The risks.
const (
	ReadOnly    Risk = "read_only"
	Additive    Risk = "additive"    // adds; nothing that exists changes
	Writing     Risk = "writing"     // may change what exists
	Destructive Risk = "destructive" // may delete
)

// Meta describes a tool. Name never changes once it has landed: workflows are bound to it.
type Meta struct {
	Name        string // operationId: snake_case
	Path        string // POST
	Family      Family // what it is shown with; tag of the documents
	EveryFamily bool   // it is shown with every other family too
	// OtherFamilies: it is shown with every other family too but records.
	OtherFamilies bool
	Title         problem.Text
	Description   string // English, ≤ MaxDescription characters: when to use it, and one example
	Risk          Risk
	Errors        []problem.Code // beside those that every tool can return
	FormBodies    bool           // forms, text and CSV are described in the document (they are read for every tool)
	Async         bool           // may answer 202 with an Accepted
	// Scopes are what the caller's app needs at Feishu, each by its narrowest name; bitable:app stands for all that begin with base:.
	Scopes []string
	// TokenKinds are what Feishu takes for these calls; nil for a tool that calls nothing there.
	TokenKinds []TokenKind
}

// MaxDescription bounds Meta.Description in characters: what GPT actions take.
const MaxDescription = 300

// Tool is one operation of the catalogue.
type Tool struct {
	Meta

	Input  reflect.Type // struct: the JSON body
	Output reflect.Type // struct: the JSON answer
	Spec   intake.Spec  // how the body of any shape becomes that JSON
	// Call runs the tool on one request as the intake read it by Spec, which need not stand in ctx yet. Repairs and files are
	// found by the handler with intake.ResultFrom. The error is a problem.
	Call func(ctx context.Context, request *intake.Result) (Answer, error)
}

// Answer is what a tool answers: a status of 2xx and the body.
type Answer struct {
	Status int
	Body   any
}

// Accepted is the answer 202 of a write that goes on: ask get_job for the receipt.
type Accepted struct {
	OK      bool   `json:"ok" doc:"true: the rows are accepted and will be written"`
	JobID   string `json:"job_id" example:"job_4k2n8x" doc:"Ask get_job with it."`
	State   string `json:"state" enum:"queued,running,done,failed,cancelled" doc:"Where the write stands. A repeat may find it ended; failed: nothing was written."`
	Message string `json:"message" doc:"For people."`
	// Feishu is a pointer to be null, which the documents say too.
	Feishu    *problem.Feishu `json:"feishu" doc:"What Feishu answered last, if it refused a call of this write so far; else null."`
	RequestID string          `json:"request_id" doc:"This request, for support."`
}

// Define makes a tool of a handler that takes an I and answers 200 with an O (or 202 with an Accepted, if meta.Async). It
// panics if the input type breaks a rule of the catalogue, at start and in every test.
func Define[I, O any](meta Meta, handle func(context.Context, *I) (Answer, error)) Tool {
	input := reflect.TypeFor[I]()
	spec, err := specOf(input)
	if err != nil {
		panic(fmt.Sprintf("tool %s: %v", meta.Name, err))
	}
	rows := rowsField(input)
	return Tool{
		Meta: meta, Input: input, Output: reflect.TypeFor[O](), Spec: spec,
		Call: func(ctx context.Context, request *intake.Result) (Answer, error) {
			var in I
			if err := decode(request.JSON, &in); err != nil {
				return Answer{}, err
			}
			if rows != nil {
				reflect.ValueOf(&in).Elem().FieldByIndex(rows).Set(reflect.ValueOf(Rows(request.Rows)))
			}
			return handle(intake.WithResult(ctx, request), &in)
		},
	}
}

// rowsField returns the index of the field that takes the rows, nil if there is none.
func rowsField(input reflect.Type) []int {
	for _, field := range reflect.VisibleFields(input) {
		if field.Type == reflect.TypeFor[Rows]() {
			return field.Index
		}
	}
	return nil
}

// The statuses of an answer; every other status is a problem's.
const (
	StatusOK       = 200
	StatusAccepted = 202
)

// OK is the answer 200 with body.
func OK(body any) Answer { return Answer{Status: StatusOK, Body: body} }

// decode reads the parameters. What it refuses the schema has let through: a parameter of the wrong type.
func decode(body json.RawMessage, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return problem.New(problem.BadParameter, problem.Text{
			ZH: "请求参数的类型不对：请按文档检查每个参数。",
			EN: "A parameter has the wrong type: check each one against the documentation.",
		}).Because(err)
	}
	return nil
}

// Catalogue is every tool, in the order of the documents.
type Catalogue []Tool

// Find returns the tool of that name.
func (c Catalogue) Find(name string) (Tool, bool) {
	for _, t := range c {
		if t.Name == name {
			return t, true
		}
	}
	return Tool{}, false
}
