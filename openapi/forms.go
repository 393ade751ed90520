package openapi

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/tool"
)

// describeForms adds the bodies that are no JSON to a tool that takes rows: what a workflow sends when it cannot write JSON
// safely. The intake reads them all alike.
func describeForms(body *huma.RequestBody, t tool.Tool) {
	form := &huma.Schema{
		Type: huma.TypeObject,
		Description: "One row: each column as fields.<column>, text exactly as it is, no escaping; every parameter of the JSON body as a key " +
			"of the same name. Or records as text that holds the rows.",
		Properties:           map[string]*huma.Schema{},
		AdditionalProperties: &huma.Schema{Type: huma.TypeString},
	}
	for _, param := range t.Spec.Params {
		if param.Kind == intake.Row {
			continue
		}
		form.Properties[param.Name] = &huma.Schema{Type: huma.TypeString}
	}
	for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data"} {
		body.Content[kind] = &huma.MediaType{Schema: form}
	}
	for kind, what := range map[string]string{
		"text/plain":           "What a model wrote: JSON, also in a Markdown fence, after <think>…</think> or inside a string; a Markdown table. Connection and options then come as headers and query.",
		"text/csv":             "Rows as CSV with a header line. Connection and options then come as headers and query.",
		"application/x-ndjson": "Rows as JSON Lines. Connection and options then come as headers and query.",
	} {
		body.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: what}}
	}
}
