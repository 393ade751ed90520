package bitable

import (
	"encoding/json"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Example returns a value that write_records takes for the column; nil for a column that cannot be written. userIDType is the
// kind of id that stands for people. The ids of people, groups and records are made up: they show the shape.
func Example(f feishu.Field, userIDType string) json.RawMessage {
	kind := kindOf(f)
	switch {
	case !kind.Writable:
		return nil
	case len(optionsOf(f)) > 0:
		return selectExample(f)
	case kind.form == formPeople:
		return json.RawMessage(samplePerson(userIDType).Replace(kind.example))
	default:
		return json.RawMessage(kind.example)
	}
}

// samplePerson replaces the open_id in the texts of a kind by the kind of id that stands for people.
func samplePerson(userIDType string) *strings.Replacer {
	switch userIDType {
	case "union_id":
		return strings.NewReplacer("open_id", "union_id", "ou_example", "on_example")
	case "user_id":
		return strings.NewReplacer("open_id", "user_id", "ou_example", "4d7a3c6g")
	default:
		return strings.NewReplacer()
	}
}

// selectExample is an option that the column has, two for a multi select.
func selectExample(f feishu.Field) json.RawMessage {
	options := optionsOf(f)
	if f.Type == feishu.TypeSingleSelect {
		return appendQuoted(nil, options[0].Name)
	}
	out := appendQuoted([]byte{'['}, options[0].Name)
	if len(options) > 1 && options[1].Name != options[0].Name {
		out = appendQuoted(append(out, ','), options[1].Name)
	}
	return append(out, ']')
}

// SampleRow returns a flat row with an example for every writable column, in the shape that write_records takes. A table
// with a column named record_id or fields has them inside {"fields":{…}}, where any name is a column.
func SampleRow(fields []feishu.Field, userIDType string) json.RawMessage {
	row, wrapped := []byte{'{'}, false
	for _, f := range fields {
		example := Example(f, userIDType)
		if example == nil {
			continue
		}
		if len(row) > 1 {
			row = append(row, ',')
		}
		wrapped = wrapped || f.Name == "record_id" || f.Name == "fields"
		row = append(append(appendQuoted(row, f.Name), ':'), example...)
	}
	row = append(row, '}')
	if wrapped {
		row = append(append([]byte(`{"fields":`), row...), '}')
	}
	return row
}
