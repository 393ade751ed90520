package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Names of the documents for programs that generate clients or connectors. Each is served at /openapi/<name>.json.
const (
	DocumentClient  = "client"      // OpenAPI 3.0.3
	DocumentSwagger = "swagger-2.0" // Swagger 2.0, for Power Platform and others that read nothing newer
)

// Names of schemas.
const (
	problemName  = "Problem"
	acceptedName = "Accepted" // within answers of writes in the client document
)

// clientDocument reduces an OpenAPI 3.0 document to what generated clients need, because generators stumble over the rest: bodies
// are JSON, an operation has one answer and one problem, and there are no soft errors, which would give an answer two shapes.
// Several generators read every 2xx as the first one, so the answer of a write holds the members of an accepted job too.
// old is left as it is.
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
	if err := mergeAccepted(objectOf(document, "paths"), schemas); err != nil {
		return nil, err
	}
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

// mergeAccepted gives an operation that may answer 202 one schema for both statuses: the members of both, and only what both always
// have is required.
func mergeAccepted(paths, schemas map[string]any) error {
	for path, operations := range paths {
		responses := objectOf(asObject(operations), "post", "responses")
		accepted := objectOf(responses, "202", "content", "application/json")
		if accepted == nil {
			continue
		}
		answer := asObject(objectOf(responses, "200", "content", "application/json")["schema"])
		receipt, job := referred(schemas, answer), referred(schemas, asObject(accepted["schema"]))
		if receipt == nil || job == nil {
			return fmt.Errorf("%s answers with a schema that has no name", path)
		}
		accepted["schema"] = answer
		members := objectOf(receipt, "properties")
		for name, schema := range objectOf(job, "properties") {
			if members[name] == nil {
				members[name] = schema
			}
		}
		always, _ := job["required"].([]any)
		required, _ := receipt["required"].([]any)
		receipt["required"] = slices.DeleteFunc(required, func(name any) bool { return !slices.Contains(always, name) })
	}
	delete(schemas, acceptedName)
	return nil
}

// referred returns the named schema that schema refers to; nil if it refers to none.
func referred(schemas, schema map[string]any) map[string]any {
	name, _ := schema["$ref"].(string)
	return asObject(schemas[strings.TrimPrefix(name, componentRefs)])
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
