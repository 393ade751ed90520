package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rowgate/rowgate/openapi"
)

// jsonSchema compiles a JSON Schema 2020-12, which checks it against its meta-schema. at is a JSON Pointer into document.
func jsonSchema(document []byte, at string) (*jsonschema.Schema, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("mem:///document", value); err != nil {
		return nil, err
	}
	return compiler.Compile("mem:///document#" + at)
}

// fits checks a real answer against a schema.
func fits(schema *jsonschema.Schema, answer string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(answer))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// allFamilies is the query for every tool.
const allFamilies = "?families=all"

// published returns every OpenAPI document that the service serves, by path.
func (h *harness) published() map[string][]byte {
	h.t.Helper()
	paths := []string{"/openapi.json", "/openapi-3.0.json"}
	for _, name := range append(importNames, openapi.DocumentClient) {
		paths = append(paths, "/openapi/"+name+".json")
	}
	for _, path := range paths {
		paths = append(paths, path+"?families=tables", path+allFamilies)
	}
	documents := map[string][]byte{}
	for _, path := range paths {
		got := h.get(path)
		if got.status != http.StatusOK {
			h.t.Fatalf("%s: %d", path, got.status)
		}
		documents[path] = []byte(got.raw)
	}
	return documents
}

// loadOpenAPI reads a document of 3.0 or 3.1 and validates it.
func loadOpenAPI(t *testing.T, data []byte) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	return document
}

// TestPublishedSchemas checks every published document as a document: against the meta-schema of its kind.
func TestPublishedSchemas(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	for path, data := range s.published() {
		t.Run(path+" is a valid document", func(t *testing.T) {
			document := loadOpenAPI(t, data)
			if !document.IsOpenAPI31OrLater() {
				if bytes.Contains(data, []byte(`"type": "null"`)) {
					t.Error("OpenAPI 3.0 has no type null")
				}
				return
			}
			for name := range document.Components.Schemas {
				if _, err := jsonSchema(data, "/components/schemas/"+name); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	t.Run("tools/list has a JSON Schema wherever one must stand", func(t *testing.T) {
		listed, err := s.connect(bearer(s.key(baseName, s.table))).ListTools(t.Context(), nil)
		if err != nil || len(listed.Tools) == 0 {
			t.Fatalf("%d tools, %v", len(listed.Tools), err)
		}
		for _, one := range listed.Tools {
			for kind, schema := range map[string]any{"input": one.InputSchema, "output": one.OutputSchema} {
				if _, err := jsonSchema([]byte(bodyJSON(t, schema)), ""); err != nil {
					t.Errorf("%s of %s: %v", kind, one.Name, err)
				}
			}
		}
	})
}

// outputs compiles the output schema of every tool that MCP lists.
func (c *client) outputs() map[string]*jsonschema.Schema {
	c.t.Helper()
	listed, err := c.ListTools(c.t.Context(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, one := range listed.Tools {
		if schemas[one.Name], err = jsonSchema([]byte(bodyJSON(c.t, one.OutputSchema)), ""); err != nil {
			c.t.Fatal(err)
		}
	}
	return schemas
}

// answerSchemas finds the schema of an answer in the served documents.
type answerSchemas struct {
	current []byte // OpenAPI 3.1
	old     map[string]*openapi3.T
}

func (h *harness) answerSchemas() answerSchemas {
	h.t.Helper()
	found := answerSchemas{old: map[string]*openapi3.T{}}
	for path, data := range h.published() {
		if strings.HasPrefix(path, "/openapi.json") {
			if strings.HasSuffix(path, allFamilies) {
				found.current = data
			}
			continue
		}
		found.old[path] = loadOpenAPI(h.t, data)
	}
	return found
}

// softProblem reports whether an answer is a problem with the status 200.
func softProblem(got reply) bool {
	var problem struct {
		Title string `json:"title"`
	}
	return got.status == http.StatusOK && json.Unmarshal([]byte(got.raw), &problem) == nil && problem.Title != ""
}

// check compares an answer with what each document says of its operation, status and content type.
func (a answerSchemas) check(path string, got reply) error {
	kind, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	at := fmt.Sprintf("/paths/%s/post/responses/%d/content/%s/schema", escape.Replace(path), got.status, escape.Replace(kind))
	schema, err := jsonSchema(a.current, at)
	if err != nil {
		return err
	}
	if err := fits(schema, got.raw); err != nil {
		return fmt.Errorf("3.1: %w", err)
	}
	var value any
	if err := json.NewDecoder(io.LimitReader(strings.NewReader(got.raw), 1<<20)).Decode(&value); err != nil {
		return err
	}
	for name, document := range a.old {
		item := document.Paths.Value(path)
		if item == nil {
			continue // create_connection is not for importers
		}
		if strings.HasPrefix(name, "/openapi/"+openapi.DocumentClient+".json") && softProblem(got) {
			continue // it offers no soft errors, so that an answer has one shape
		}
		response := item.Post.Responses.Status(got.status)
		if response == nil || response.Value.Content.Get(kind) == nil {
			continue // importers are told of 200 alone
		}
		if err := response.Value.Content.Get(kind).Schema.Value.VisitJSON(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
