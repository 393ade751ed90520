package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"

	"github.com/rowgate/rowgate/openapi"
)

// maxConnectorBytes is the largest definition that Power Platform takes.
// Source: https://learn.microsoft.com/connectors/custom-connectors/faq.
const maxConnectorBytes = 1 << 20

// TestClientDocument: generators get one body, one answer and one problem an operation.
func TestClientDocument(t *testing.T) {
	t.Parallel()
	d := documents(t)
	document := loadOpenAPI(t, d.Profiles[openapi.DocumentClient])
	if got, want := document.Paths.Len(), loadOpenAPI(t, d.JSON30).Paths.Len(); got != want || got == 0 {
		t.Errorf("%d operations, want %d as in the whole document", got, want)
	}
	accepting := 0
	for path, item := range document.Paths.Map() {
		operation := item.Post
		if content := operation.RequestBody.Value.Content; len(content) != 1 || content["application/json"] == nil {
			t.Errorf("%s takes %v, want JSON alone", path, content)
		}
		for status, response := range operation.Responses.Map() {
			if !slices.Contains([]string{"200", "202", "default"}, status) {
				t.Errorf("%s describes the status %s", path, status)
			}
			for kind, media := range response.Value.Content {
				if media.Schema.Ref == "" || len(response.Value.Content) != 1 {
					t.Errorf("%s answers %s with %s of no named type", path, status, kind)
				}
			}
		}
		if accepted := operation.Responses.Value("202"); accepted != nil {
			answer := operation.Responses.Value("200").Value.Content["application/json"].Schema
			if schema := accepted.Value.Content["application/json"].Schema; schema.Ref != answer.Ref {
				t.Errorf("%s answers 202 with %s and 200 with %s: several generators read either as the first", path, schema.Ref, answer.Ref)
			}
			if answer.Value.Properties["job_id"] == nil || slices.Contains(answer.Value.Required, "record_ids") {
				t.Errorf("%s: %s is not for both", path, answer.Ref)
			}
			accepting++
		}
		if input := operation.RequestBody.Value.Content["application/json"].Schema.Value; input.Properties["soft_errors"] != nil {
			t.Errorf("%s offers soft_errors, with which an answer is a problem", path)
		}
	}
	if accepting == 0 {
		t.Error("no operation answers 202")
	}
	for name, schema := range document.Components.Schemas {
		if closed := schema.Value.AdditionalProperties.Has; closed != nil && !*closed {
			t.Errorf("%s forbids members that may be added later", name)
		}
	}
}

// TestSwaggerDocument reads the document as Power Platform does: as Swagger 2.0.
func TestSwaggerDocument(t *testing.T) {
	t.Parallel()
	data := documents(t).Profiles[openapi.DocumentSwagger]
	if len(data) > maxConnectorBytes {
		t.Errorf("%d bytes, want at most %d", len(data), maxConnectorBytes)
	}
	for _, newer := range []string{`"nullable"`, `"anyOf"`, `"oneOf"`, `"#/components/`, `"requestBody"`, `"servers"`, "problem+json"} {
		if strings.Contains(string(data), newer) {
			t.Errorf("it has %s, which Swagger 2.0 does not know", newer)
		}
	}
	var document openapi2.T
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	if document.Swagger != "2.0" || document.Host != "rowgate.example.com" || document.BasePath != "/" ||
		!slices.Equal(document.Schemes, []string{"https"}) {
		t.Errorf("swagger %s at %v://%s%s", document.Swagger, document.Schemes, document.Host, document.BasePath)
	}
	if key := document.SecurityDefinitions["bearer"]; key == nil || key.Type != "apiKey" || key.In != "header" || key.Name != "Authorization" {
		t.Errorf("security %+v, want the header Authorization", key)
	}
	again, err := openapi2conv.ToV3(&document)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	client := loadOpenAPI(t, documents(t).Profiles[openapi.DocumentClient])
	for path, item := range client.Paths.Map() {
		got := document.Paths[path]
		if got == nil || got.Post == nil || got.Post.OperationID != item.Post.OperationID || len(got.Post.Parameters) != 1 ||
			got.Post.Summary == "" || got.Post.Description == "" {
			t.Errorf("%s is %+v", path, got)
		}
	}
}

// TestSwaggerAddress: without a public URL the document names the address that it was asked for at.
func TestSwaggerAddress(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	got := h.get("/openapi/swagger-2.0.json")
	var document struct {
		Schemes  []string `json:"schemes"`
		Host     string   `json:"host"`
		BasePath string   `json:"basePath"`
	}
	if err := json.Unmarshal([]byte(got.raw), &document); err != nil || got.status != http.StatusOK {
		t.Fatal(got.status, err)
	}
	if len(document.Schemes) != 1 || document.Schemes[0]+"://"+document.Host+document.BasePath != h.app.URL()+"/" {
		t.Errorf("%v://%s%s, want %s/", document.Schemes, document.Host, document.BasePath, h.app.URL())
	}
}
