package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/secret"
)

// Rows is a list of row objects; the body may hold them in any of the shapes of docs/contract.md §3, "Bodies". They are not decoded:
// each is the JSON object as the intake wrote it, without duplicate keys, and part of a text of the request that all rows share.
// A row may be kept and sliced, never written to.
type Rows []json.RawMessage

// Object is one JSON object, spelled as it was sent.
type Object []byte

// List is a list of texts; the body may hold a list, JSON text or "a,b".
type List []string

// MarshalJSON implements json.Marshaler.
func (o Object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("null"), nil
	}
	return o, nil
}

// UnmarshalJSON keeps the object's bytes.
func (o *Object) UnmarshalJSON(data []byte) error {
	*o = append((*o)[:0], data...)
	return nil
}

// OrNone returns nil for an object without members, else o. Some generated clients send one for each option that was not set.
func (o Object) OrNone() Object {
	inner, ok := bytes.CutPrefix(bytes.TrimSpace(o), []byte("{"))
	if ok && string(bytes.TrimSpace(inner)) == "}" {
		return nil
	}
	return o
}

// Schema implements huma.SchemaProvider.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// Schema implements huma.SchemaProvider.
func (Rows) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type:  huma.TypeArray,
		Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true},
	}
}

// specOf derives from an input type how its body is read. Each field's name is its json tag; the tag `in` adds, comma-
// separated: header=X-Name, query (may stand in the query string), object (a text that may also be an object), flat (a body without
// any parameter is one row), parts=a+b (names that beside parameters make up one row).
func specOf(input reflect.Type) (intake.Spec, error) {
	var spec intake.Spec
	for _, field := range reflect.VisibleFields(input) {
		if field.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			return spec, fmt.Errorf("field %s has no json name", field.Name)
		}
		param := intake.Param{Name: name}
		kind, err := kindOf(field)
		if err != nil {
			return spec, err
		}
		param.Kind = kind
		param.Role = roleOf(name, field)
		param.Secret = field.Type == reflect.TypeFor[secret.Text]()
		for option := range strings.SplitSeq(field.Tag.Get("in"), ",") {
			switch key, value, _ := strings.Cut(option, "="); key {
			case "":
			case "header":
				param.Header = value
			case "query":
				param.Query = true
			case "object":
				param.OrObject = true
			case "flat":
				spec.FlatRow = true
			case "parts":
				spec.RowParts = strings.Split(value, "+")
			default:
				return spec, fmt.Errorf("field %s: unknown in tag %q", field.Name, option)
			}
		}
		if param.Secret && param.Query {
			return spec, fmt.Errorf("field %s is a secret and may not stand in a query", field.Name)
		}
		switch kind {
		case intake.Rows:
			spec.Rows, spec.RowsRequired = name, field.Tag.Get("optional") != "true"
		case intake.Row:
			spec.Row = name
		case intake.Text, intake.Bool, intake.Integer, intake.List, intake.Object, intake.Array, intake.Upload:
		}
		spec.Params = append(spec.Params, param)
	}
	if spec.FlatRow {
		for i := range spec.Params {
			param := &spec.Params[i]
			param.BesideRows = param.Name == "language"
			param.MayBeColumn = !param.BesideRows && !slices.Contains(neverColumns, param.Name)
		}
	}
	return spec, nil
}

// neverColumns are the parameters whose name, at the top level of a flat row, always is the parameter. Every other one, those to
// come included, is a column where the table has such a column (docs/contract.md §3, "Bodies").
var neverColumns = []string{
	"app_id", "app_secret", "personal_base_token", "app_token", "table_id", "passphrase", "user_id_type", "soft_errors",
	"timeout_ms", "records", "fields", "key_fields", "on_error", "unknown_fields", "unknown_options", "empty_values", "dry_run",
	"idempotency_key", "ignore_consistency_check",
}

// roleOf says what template text means in a field: never a keyword, and as an idempotency key the same for every run.
func roleOf(name string, field reflect.StructField) intake.Role {
	switch {
	case name == "idempotency_key":
		return intake.IdempotencyKey
	case name == "time_zone", name == "link_by", field.Tag.Get("enum") != "":
		return intake.Keyword
	}
	return intake.Content
}

// kindOf maps a field's type to what the body may hold. Options are pointers: a default on a plain bool or number would
// overwrite what the caller sent (measured on Huma).
func kindOf(field reflect.StructField) (intake.Kind, error) {
	if field.Tag.Get("row") == "true" {
		return intake.Row, nil
	}
	if field.Tag.Get("format") == "binary" {
		return intake.Upload, nil
	}
	switch field.Type {
	case reflect.TypeFor[string](), reflect.TypeFor[secret.Text]():
		return intake.Text, nil
	case reflect.TypeFor[*bool]():
		return intake.Bool, nil
	case reflect.TypeFor[*int]():
		return intake.Integer, nil
	case reflect.TypeFor[List]():
		return intake.List, nil
	case reflect.TypeFor[Rows]():
		return intake.Rows, nil
	case reflect.TypeFor[Object]():
		return intake.Object, nil
	}
	if field.Type.Kind() == reflect.Slice {
		return intake.Array, nil
	}
	return 0, fmt.Errorf("field %s: no parameter may have type %s", field.Name, field.Type)
}
