package openapi

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// downgrade returns the document as OpenAPI 3.0.3. Huma's own downgrade leaves two things that 3.0 does not have: the type null,
// and members beside a reference, which importers ignore there.
func downgrade(api *huma.OpenAPI) (map[string]any, error) {
	data, err := api.Downgrade()
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	asOpenAPI30(document)
	return document, nil
}

// asOpenAPI30 rewrites every schema beneath value, in place.
func asOpenAPI30(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			asOpenAPI30(inner)
		}
		if choices, ok := value["anyOf"].([]any); ok {
			withoutNullType(value, choices)
		}
		if ref, ok := value["$ref"].(string); ok && len(value) > 1 {
			delete(value, "$ref")
			value["allOf"] = []any{map[string]any{"$ref": ref}}
		}
	case []any:
		for _, inner := range value {
			asOpenAPI30(inner)
		}
	}
}

// withoutNullType says nullable in place of a choice of the type null.
func withoutNullType(schema map[string]any, choices []any) {
	var kept []any
	for _, choice := range choices {
		if one, ok := choice.(map[string]any); ok && one["type"] == typeNull {
			schema["nullable"] = true
			continue
		}
		kept = append(kept, choice)
	}
	switch {
	case len(kept) == len(choices):
	case len(kept) == 1:
		delete(schema, "anyOf")
		schema["allOf"] = kept
	default:
		schema["anyOf"] = kept
	}
}
