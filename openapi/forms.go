package openapi

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/tool"
)

// describeForms adds the bodies that are no JSON, where a tool is made for them: rows, as a workflow sends them that cannot
// write JSON safely, and files. The intake reads them all alike.
func describeForms(body *huma.RequestBody, t tool.Tool) {
	upload := slices.ContainsFunc(t.Spec.Params, func(p intake.Param) bool { return p.Kind == intake.Upload })
	switch {
	case t.FormBodies:
		form := formSchema(t, "One row: each column as fields.<column>, text exactly as it is, no escaping; every parameter of the JSON body "+
			"as a key of the same name. Or records as text that holds the rows.")
		form.AdditionalProperties = &huma.Schema{Type: huma.TypeString}
		body.Content["application/x-www-form-urlencoded"] = &huma.MediaType{Schema: form}
		body.Content["multipart/form-data"] = &huma.MediaType{Schema: form}
		for kind, what := range map[string]string{
			"text/plain":           "What a model wrote: JSON, also in a Markdown fence, after <think>…</think> or inside a string; a Markdown table. Connection and options then come as headers and query.",
			"text/csv":             "Rows as CSV with a header line. Connection and options then come as headers and query.",
			"application/x-ndjson": "Rows as JSON Lines. Connection and options then come as headers and query.",
		} {
			body.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: what}}
		}
	case upload:
		body.Content["multipart/form-data"] = &huma.MediaType{Schema: formSchema(t, "The file as a part; every parameter of the JSON body as a key of the same name.")}
	}
}

func formSchema(t tool.Tool, description string) *huma.Schema {
	form := &huma.Schema{Type: huma.TypeObject, Description: description, Properties: map[string]*huma.Schema{}}
	for _, param := range t.Spec.Params {
		switch param.Kind {
		case intake.Row: // comes as fields.<column>
		case intake.Upload:
			form.Properties[param.Name] = &huma.Schema{Type: huma.TypeString, Format: "binary"}
		case intake.Text, intake.Bool, intake.Integer, intake.List, intake.Object, intake.Array, intake.Rows:
			form.Properties[param.Name] = &huma.Schema{Type: huma.TypeString}
		}
	}
	return form
}
