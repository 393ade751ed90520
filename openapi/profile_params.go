package openapi

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/tool"
)

// Param is a parameter in the form that every importer accepts: a scalar with a description. Lists, objects and rows are JSON
// text. The intake reads that, and also what importers make of variables of other types.
type Param struct {
	Name        string
	Type        string // string, integer or boolean
	Description string // ≤ MaxParamText characters, with an example where it is JSON text
	Enum        []any
	Minimum     *float64
	Maximum     *float64
	Example     any // nil if none
	JSONText    bool
	Required    bool
	Own         bool // specific to the tool or naming the table; false for options that many tools share
}

// Names of the connection's parameters that are treated specially here.
const (
	paramAppID    = "app_id"
	paramAppToken = "app_token"
	paramTableID  = "table_id"
)

// Params lists the parameters that an importer shows for a tool, in this order: required ones, the table, the tool's own
// parameters, shared ones. It leaves out what a connection key contains (app_id, app_secret, personal_base_token, passphrase),
// files, which no importer can send as JSON, and the parameter for a single row, since the one for rows also accepts one object.
func Params(t tool.Tool) []Param {
	schema := schemaOf(huma.NewMapRegistry(plainRefs, huma.DefaultSchemaNamer), t.Input)
	examples := exampleOf(t.Description)
	var params []Param
	rank := map[string]int{}
	for _, field := range reflect.VisibleFields(t.Input) {
		i := slices.IndexFunc(t.Spec.Params, func(p intake.Param) bool { return p.Name == jsonName(field) })
		if i < 0 || field.Anonymous {
			continue
		}
		given := t.Spec.Params[i]
		if given.Secret || given.Name == paramAppID || given.Kind == intake.Row || given.Kind == intake.Upload {
			continue
		}
		param := paramOf(given, schema.Properties[given.Name], examples)
		param.Required = given.Kind == intake.Rows && t.Spec.RowsRequired
		switch {
		case param.Required:
			rank[param.Name] = 0
		case param.Name == paramAppToken || param.Name == paramTableID:
			rank[param.Name] = 1
		case len(field.Index) == 1: // the tool's own, not from an embedded struct
			rank[param.Name] = 2
		default:
			rank[param.Name] = 3
		}
		param.Own = rank[param.Name] < 3
		params = append(params, param)
	}
	slices.SortStableFunc(params, func(a, b Param) int { return cmp.Compare(rank[a.Name], rank[b.Name]) })
	return params
}

func paramOf(given intake.Param, schema *huma.Schema, examples map[string]json.RawMessage) Param {
	param := Param{Name: given.Name, Type: huma.TypeString, Description: schema.Description}
	switch given.Kind {
	case intake.Bool:
		param.Type = huma.TypeBoolean
	case intake.Integer:
		param.Type, param.Minimum, param.Maximum = huma.TypeInteger, schema.Minimum, schema.Maximum
	case intake.List, intake.Object, intake.Array, intake.Rows:
		param.JSONText = true
		text := structureExamples[given.Name]
		if given.Kind == intake.Array {
			text = columnsExample
		}
		if example, ok := examples[given.Name]; ok {
			text = string(example)
		}
		param.Example = text
		param.Description += " JSON text, e.g. " + text
		return param
	case intake.Text, intake.Row, intake.Upload:
		param.Enum = schema.Enum
	}
	if len(schema.Examples) > 0 {
		param.Example = schema.Examples[0]
	}
	return param
}

// structureExamples are examples of structures that no tool's description shows.
var structureExamples = map[string]string{
	"fields":      `["标题","日期"]`,
	"filter":      `{"conjunction":"and","conditions":[{"field_name":"标题","operator":"is","value":["第一集"]}]}`,
	"key_fields":  `["标题"]`,
	"sample_rows": `[{"标题":"第一集","日期":"2026-03-04"}]`,
	"sort":        `["-日期","标题"]`,
}

// columnsExample is an example of a list of columns to create.
const columnsExample = `[{"name":"标题","type":"text"},{"name":"状态","type":"single_select","options":["完成"]}]`

// exampleOf returns the parameters of the example at the end of a tool's description.
func exampleOf(description string) map[string]json.RawMessage {
	_, text, _ := strings.Cut(description, "Example: ")
	var given map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &given) != nil {
		return nil
	}
	return given
}

// schema describes the parameter to an importer. A boolean is a choice of two texts: Dify sends false for a boolean that was left
// empty, and takes the text "false" for true.
func (p Param) schema() importSchema {
	if p.Type == huma.TypeBoolean {
		return importSchema{Type: huma.TypeString, Description: p.Description, Enum: []any{"true", "false"}}
	}
	return importSchema{
		Type: p.Type, Description: p.Description, Enum: p.Enum, Minimum: p.Minimum, Maximum: p.Maximum, Example: p.Example,
	}
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// schemaOf returns a struct's schema; the registry itself returns a reference.
func schemaOf(registry huma.Registry, of reflect.Type) *huma.Schema {
	return resolve(registry, registry.Schema(of, true, "Body"))
}

func resolve(registry huma.Registry, schema *huma.Schema) *huma.Schema {
	if schema.Ref != "" {
		return registry.SchemaFromRef(schema.Ref)
	}
	return schema
}
