package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// Names of the documents for programs that generate clients or connectors. Each is served at /openapi/<name>.json.
const (
	DocumentClient  = "client"      // OpenAPI 3.0.3
	DocumentSwagger = "swagger-2.0" // Swagger 2.0, for Power Platform and others that read nothing newer
)

const problemName = "Problem"

// clientDocument reduces an OpenAPI 3.0 document to what generated clients need, because generators stumble over the rest: bodies
// are JSON, an operation has one answer, one problem and perhaps an accepted job, and there are no soft errors, which would give an
// answer two shapes. old is left as it is.
func clientDocument(old map[string]any) (map[string]any, error) {
	text, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	renamed := strings.ReplaceAll(string(text), `"`+componentRefs+`Document"`, `"`+componentRefs+problemName+`"`)
	var document map[string]any
	if err := json.Unmarshal([]byte(renamed), &document); err != nil {
		return nil, err
	}
	for path, operations := range objectOf(document, "paths") {
		post := objectOf(asObject(operations), "post")
		if post == nil {
			return nil, fmt.Errorf("%s has no POST", path)
		}
		reduceOperation(post)
	}
	schemas := objectOf(document, "components", "schemas")
	schemas[problemName] = schemas["Document"]
	delete(schemas, "Document")
	for _, schema := range schemas {
		delete(objectOf(asObject(schema), "properties"), paramSoftErrors)
	}
	// New members may be added to answers; a client must not refuse them.
	openObjects(schemas)
	return document, nil
}

// reduceOperation leaves the JSON body, the answer in JSON, the accepted job, and the problem of every other status.
func reduceOperation(post map[string]any) {
	keepOnly(objectOf(post, "requestBody", "content"), "application/json")
	responses := objectOf(post, "responses")
	keepOnly(responses, "200", "202", "default")
	answer := objectOf(responses, "200")
	answer["description"] = "OK"
	media := objectOf(answer, "content", "application/json")
	if choices, ok := objectOf(media, "schema")["anyOf"].([]any); ok {
		media["schema"] = choices[0] // the other one is the problem of soft_errors
	}
	objectOf(responses, "default")["description"] = "A problem: code, detail, fix and errors say what went wrong and what to do."
}

// openObjects removes what forbids members that a schema does not name, in place.
func openObjects(value any) {
	switch value := value.(type) {
	case map[string]any:
		if closed, ok := value["additionalProperties"].(bool); ok && !closed {
			delete(value, "additionalProperties")
		}
		for _, inner := range value {
			openObjects(inner)
		}
	case []any:
		for _, inner := range value {
			openObjects(inner)
		}
	}
}

// objectOf follows names into value; nil if there is no object.
func objectOf(value map[string]any, names ...string) map[string]any {
	for _, name := range names {
		value = asObject(value[name])
	}
	return value
}

// asObject returns value as an object; nil if it is none.
func asObject(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

func keepOnly(object map[string]any, names ...string) {
	kept := map[string]any{}
	for _, name := range names {
		if value, ok := object[name]; ok {
			kept[name] = value
		}
	}
	clear(object)
	maps.Copy(object, kept)
}
