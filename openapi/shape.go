package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/tool"
)

// Shape describes a tool's input and output as JSON Schemas without references, for callers that do not use Huma. It is safe for
// concurrent use.
type Shape struct {
	Input  json.RawMessage // without what a connection key contains and without soft_errors
	Output json.RawMessage // without required members: a problem and an accepted job are answers too

	registry huma.Registry
	body     *huma.Schema
}

// ShapeOf describes a tool.
func ShapeOf(t tool.Tool) (*Shape, error) {
	registry := huma.NewMapRegistry(plainRefs, huma.DefaultSchemaNamer)
	s := &Shape{registry: registry, body: schemaOf(registry, t.Input)}
	input, err := whole(registry, s.body)
	if err != nil {
		return nil, fmt.Errorf("input of %s: %w", t.Name, err)
	}
	properties, _ := input["properties"].(map[string]any)
	for name := range properties {
		i := slices.IndexFunc(t.Spec.Params, func(p intake.Param) bool { return p.Name == name })
		if i < 0 || t.Spec.Params[i].Secret || t.Spec.Params[i].Kind == intake.Upload || name == paramAppID || name == paramSoftErrors {
			delete(properties, name)
		}
	}
	outputs := huma.NewMapRegistry(plainRefs, huma.DefaultSchemaNamer)
	answer := schemaOf(outputs, t.Output)
	describeNulls(outputs, plainRefs)
	output, err := whole(outputs, answer)
	if err != nil {
		return nil, fmt.Errorf("output of %s: %w", t.Name, err)
	}
	for _, schema := range []map[string]any{input, output} {
		delete(schema, "additionalProperties") // the intake refuses unknown names and suggests the nearest one
	}
	delete(output, "required")
	if s.Input, err = marshalPlain(input); err != nil {
		return nil, err
	}
	s.Output, err = marshalPlain(output)
	return s, err
}

// plainRefs begins the references of a registry whose schemas are no part of a document.
const plainRefs = "#/"

// paramSoftErrors concerns HTTP statuses, which not every transport has.
const paramSoftErrors = "soft_errors"

// Check validates parameters against the schema; rows are not among them. Errors: bad_parameter, as from the HTTP operation.
func (s *Shape) Check(params []byte) error {
	var data any
	if err := json.Unmarshal(params, &data); err != nil {
		return humaProblem(http.StatusBadRequest, "JSON", nil).Because(err)
	}
	at := huma.NewPathBuffer(nil, 0)
	at.Push("body")
	var found huma.ValidateResult
	huma.Validate(s.registry, s.body, at, huma.ModeWriteToServer, data, &found)
	if len(found.Errors) > 0 {
		return humaProblem(http.StatusUnprocessableEntity, "", found.Errors)
	}
	return nil
}

// target returns the schema that value, a reference, stands for, with the description that stands beside it. A schema that is not
// there is an error: null is no JSON Schema, and clients that check schemas refuse the whole server for one.
func target(registry huma.Registry, value map[string]any, ref string) (map[string]any, error) {
	found := registry.SchemaFromRef(ref)
	if found == nil {
		return nil, fmt.Errorf("no schema %q is registered", ref)
	}
	schema, err := whole(registry, found)
	if err != nil {
		return nil, err
	}
	if description, ok := value["description"]; ok {
		schema["description"] = description
	}
	return schema, nil
}

// whole returns a schema as plain JSON with every reference resolved.
func whole(registry huma.Registry, schema *huma.Schema) (map[string]any, error) {
	text, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	resolved, err := withoutRefs(registry, plain, maxAnswerDepth*2)
	if err != nil {
		return nil, err
	}
	plain, _ = resolved.(map[string]any)
	return plain, nil
}

// withoutRefs resolves references in a value; left bounds the remaining depth.
func withoutRefs(registry huma.Registry, value any, left int) (any, error) {
	if left == 0 {
		return nil, fmt.Errorf("a schema refers to itself or is too deep")
	}
	var err error
	switch value := value.(type) {
	case map[string]any:
		if ref, ok := value["$ref"].(string); ok {
			return target(registry, value, ref)
		}
		for name := range value {
			if value[name], err = withoutRefs(registry, value[name], left-1); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range value {
			if value[i], err = withoutRefs(registry, value[i], left-1); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}
