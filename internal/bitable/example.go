package bitable

import (
	"encoding/json"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Example returns a value that write_records takes for the column; nil for a column that cannot be written. userIDType is the
// kind of id that stands for people. The ids of people, groups and records are made up: they show the shape.
func Example(f feishu.Field, userIDType string) json.RawMessage {
	if f.Type == feishu.TypeSingleSelect || f.Type == feishu.TypeMultiSelect {
		return selectExample(f)
	}
	if f.Type == feishu.TypeUser {
		switch userIDType {
		case "union_id":
			return json.RawMessage(`["on_example"]`)
		case "user_id":
			return json.RawMessage(`["4d7a3c6g"]`)
		default:
			return json.RawMessage(`["ou_example"]`)
		}
	}
	if example, ok := examples[TypeName(f)]; ok && Writable(f) {
		return json.RawMessage(example)
	}
	return nil
}

// examples are values by type name. The attachment is a file of seven bytes that really can be uploaded.
var examples = map[string]string{
	"text":         `"示例文本"`,
	"barcode":      `"6901234567892"`,
	"email":        `"name@example.com"`,
	"number":       `12.5`,
	"progress":     `0.25`,
	"currency":     `12.5`,
	"rating":       `3`,
	"date":         `"2026-03-24 15:04"`,
	"checkbox":     `true`,
	"phone":        `"+8613800138000"`,
	"url":          `{"text":"示例","link":"https://example.com"}`,
	"attachment":   `["data:text/plain;base64,cm93Z2F0ZQ=="]`,
	"link":         `["recExample"]`,
	"two_way_link": `["recExample"]`,
	"location":     `"116.397755,39.903179"`,
	"group":        `["oc_example"]`,
}

// selectExample is an option that the column has, two for a multi select; where it has none, a new one.
func selectExample(f feishu.Field) json.RawMessage {
	options := optionsOf(f)
	if len(options) == 0 {
		options = []feishu.Option{{Name: "选项1"}}
	}
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
