package openapi

import (
	"fmt"
	"net/url"
	"strings"
)

// Parts of the address in a Swagger document that names the address of the request.
const (
	schemeFromRequest = "scheme-of-the-request"
	hostFromRequest   = "host-of-the-request.invalid"
	pathFromRequest   = "/path-of-the-request"
)

// swaggerDocument describes the client document as Swagger 2.0. It takes the schemas of client over and changes them in place.
// Source: https://swagger.io/specification/v2/ and https://learn.microsoft.com/connectors/custom-connectors/define-openapi-definition.
func swaggerDocument(client map[string]any, publicURL string) (map[string]any, error) {
	scheme, host, path := schemeFromRequest, hostFromRequest, pathFromRequest
	if publicURL != FromRequest {
		var err error
		if scheme, host, path, err = splitAddress(publicURL); err != nil {
			return nil, err
		}
	}
	paths := map[string]any{}
	for route, operations := range objectOf(client, "paths") {
		post := objectOf(asObject(operations), "post")
		operation := map[string]any{
			"parameters": []any{map[string]any{
				"name": "body", "in": "body", "required": true, "schema": objectOf(post, "requestBody", "content", "application/json")["schema"],
			}},
			"responses": swaggerResponses(objectOf(post, "responses")),
		}
		for _, name := range []string{"operationId", "summary", "description", "tags"} {
			operation[name] = post[name]
		}
		paths[route] = map[string]any{"post": operation}
	}
	document := map[string]any{
		"swagger": "2.0", "info": client["info"],
		"schemes": []any{scheme}, "host": host, "basePath": path,
		"consumes": []any{"application/json"}, "produces": []any{"application/json"},
		"paths": paths, "definitions": objectOf(client, "components", "schemas"),
		"securityDefinitions": map[string]any{securityName: map[string]any{
			"type": "apiKey", "in": "header", "name": "Authorization",
			"description": "The word Bearer, a space, and a connection key (rgk_…) or the call passphrase.",
		}},
		"security": []any{map[string]any{securityName: []any{}}},
	}
	asSwagger(document)
	return document, nil
}

func swaggerResponses(responses map[string]any) map[string]any {
	out := map[string]any{}
	for status, response := range responses {
		response := asObject(response)
		one := map[string]any{"description": response["description"]}
		for _, media := range objectOf(response, "content") {
			one["schema"] = asObject(media)["schema"]
		}
		out[status] = one
	}
	return out
}

// asSwagger rewrites every schema beneath value, in place: its references, and nullable, which Swagger 2.0 knows as an extension only.
func asSwagger(value any) {
	switch value := value.(type) {
	case map[string]any:
		if ref, ok := value["$ref"].(string); ok {
			value["$ref"] = strings.Replace(ref, componentRefs, "#/definitions/", 1)
		}
		if null, ok := value["nullable"].(bool); ok {
			delete(value, "nullable")
			value["x-nullable"] = null
		}
		for _, inner := range value {
			asSwagger(inner)
		}
	case []any:
		for _, inner := range value {
			asSwagger(inner)
		}
	}
}

// splitAddress returns the parts of the service's address that Swagger states one by one.
func splitAddress(address string) (scheme, host, path string, err error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", "", "", fmt.Errorf("the public URL: %w", err)
	}
	if path = parsed.Path; path == "" {
		path = "/"
	}
	return parsed.Scheme, parsed.Host, path, nil
}

// addressReplacer puts the address of a request in the place of what documents have for it.
func addressReplacer(address string) *strings.Replacer {
	pairs := []string{FromRequest, address}
	if scheme, host, path, err := splitAddress(address); err == nil {
		pairs = append(pairs, schemeFromRequest, scheme, hostFromRequest, host, pathFromRequest, path)
	}
	return strings.NewReplacer(pairs...)
}
