package openapi

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/tool"
)

// describeForms adds the bodies other than JSON to tools that take them: rows from workflows that cannot write JSON safely, and
// files. The intake reads all of them into the same form.
func describeForms(body *huma.RequestBody, t tool.Tool) {
	upload := slices.ContainsFunc(t.Spec.Params, func(p intake.Param) bool { return p.Kind == intake.Upload })
	switch {
	case t.FormBodies:
		form := formSchema(t, "One row: each column as fields.<column>, its text unescaped; every parameter of the JSON body "+
			"as a key of the same name. For several rows, send them as text in records.")
		form.AdditionalProperties = &huma.Schema{Type: huma.TypeString}
		body.Content["application/x-www-form-urlencoded"] = &huma.MediaType{Schema: form}
		body.Content["multipart/form-data"] = &huma.MediaType{Schema: form}
		for kind, what := range map[string]string{
			"text/plain": "Model output: JSON, also in a Markdown fence, after <think>…</think> or inside a string; or a Markdown table. " +
				"Send the connection as headers and options in the query.",
			"text/csv":             "Rows as CSV with a header line. Send the connection as headers and options in the query.",
			"application/x-ndjson": "Rows as JSON Lines. Send the connection as headers and options in the query.",
		} {
			body.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: what}}
		}
	case upload:
		form := formSchema(t, "The file as one part; every parameter of the JSON body as a key of the same name.")
		body.Content["multipart/form-data"] = &huma.MediaType{Schema: form}
	}
}

func formSchema(t tool.Tool, description string) *huma.Schema {
	form := &huma.Schema{Type: huma.TypeObject, Description: description, Properties: map[string]*huma.Schema{}}
	for _, param := range t.Spec.Params {
		switch param.Kind {
		case intake.Row: // sent as fields.<column>
		case intake.Upload:
			form.Properties[param.Name] = &huma.Schema{Type: huma.TypeString, Format: "binary"}
		case intake.Text, intake.Bool, intake.Integer, intake.List, intake.Object, intake.Array, intake.Rows:
			form.Properties[param.Name] = &huma.Schema{Type: huma.TypeString}
		}
	}
	return form
}
