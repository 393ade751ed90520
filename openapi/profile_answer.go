package openapi

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/tool"
)

// maxAnswerDepth bounds the levels of an answer that are described; anything deeper is described as an object.
const maxAnswerDepth = 6

// AnswerSchema returns the JSON schema of a tool's answer: an object without references.
func AnswerSchema(t tool.Tool) (json.RawMessage, error) { return marshalPlain(answerSchema(t.Output)) }

// answerSchema describes an answer without references: importers offer its members to later steps.
func answerSchema(output reflect.Type) importSchema {
	registry := huma.NewMapRegistry(plainRefs, huma.DefaultSchemaNamer)
	top := schemaOf(registry, output)
	describeNulls(registry, plainRefs)
	answer := importSchema{Type: huma.TypeObject}
	for _, field := range reflect.VisibleFields(output) {
		property, ok := top.Properties[jsonName(field)]
		if !ok {
			continue
		}
		schema, typed := inline(registry, property, 1)
		if !typed { // at the top level: an object of several shapes, the receipt of a job
			schema.Type = huma.TypeObject
		}
		answer.Properties = append(answer.Properties, member{jsonName(field), schema})
	}
	return answer
}

// inline copies a schema and resolves its references. typed is false if the schema allows any value.
func inline(registry huma.Registry, from *huma.Schema, depth int) (schema importSchema, typed bool) {
	value, null := nullable(from)
	of := resolve(registry, value)
	schema = importSchema{Type: of.Type, Description: of.Description, Nullable: null || of.Nullable, Enum: of.Enum}
	if from.Description != "" {
		schema.Description = from.Description
	}
	switch of.Type {
	case "":
		return schema, false
	case huma.TypeArray:
		items, typed := inline(registry, of.Items, depth+1)
		if !typed { // a list without an item type holds rows
			items.Type = huma.TypeObject
		}
		schema.Items = &items
	case huma.TypeObject:
		if depth >= maxAnswerDepth {
			return schema, true
		}
		for _, name := range slices.Sorted(maps.Keys(of.Properties)) {
			// A member of any type, such as a cell's value, has no type that an importer accepts.
			if property, typed := inline(registry, of.Properties[name], depth+1); typed {
				schema.Properties = append(schema.Properties, member{name, property})
			}
		}
	}
	return schema, true
}
