package openapi

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// typeNull is the JSON Schema type of null. OpenAPI 3.0 does not have it.
const typeNull = "null"

// describeNulls makes every registered object say which of its members may be null although they refer to another object: Huma
// describes a pointer to a struct as the struct alone. A member with omitempty is left out instead, never null. prefix is what the
// registry's references begin with.
func describeNulls(registry huma.Registry, prefix string) {
	for _, name := range slices.Sorted(maps.Keys(registry.Map())) {
		schema := registry.Map()[name]
		of := registry.TypeFromRef(prefix + name)
		if of == nil || of.Kind() != reflect.Struct || schema.Properties == nil {
			continue
		}
		for _, field := range reflect.VisibleFields(of) {
			property := schema.Properties[jsonName(field)]
			if property == nil || property.Ref == "" || !mayBeNull(field) {
				continue
			}
			schema.Properties[jsonName(field)] = &huma.Schema{
				Description: property.Description,
				AnyOf:       []*huma.Schema{{Ref: property.Ref}, {Type: typeNull}},
			}
		}
	}
}

func mayBeNull(field reflect.StructField) bool {
	return field.Type.Kind() == reflect.Pointer && !strings.Contains(field.Tag.Get("json"), ",omit")
}

// nullable returns the schema of the value that schema describes if that is not null, and whether it may be null.
func nullable(schema *huma.Schema) (*huma.Schema, bool) {
	if len(schema.AnyOf) == 2 && schema.AnyOf[1].Type == typeNull {
		return schema.AnyOf[0], true
	}
	return schema, schema.Nullable
}
