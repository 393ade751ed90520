package job

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/tool/record"
)

// Receipt is the receipt of a job that is done: what write_records, update_records or delete_records answers, null if Of is nil.
type Receipt struct{ Of any }

// MarshalJSON implements json.Marshaler.
func (r Receipt) MarshalJSON() ([]byte, error) { return json.Marshal(r.Of) }

// Schema implements huma.SchemaProvider: one object with the members of every receipt. Those that only some receipts have are not
// required.
func (Receipt) Schema(registry huma.Registry) *huma.Schema {
	whole := &huma.Schema{
		Type: huma.TypeObject, Nullable: true, AdditionalProperties: false, Properties: map[string]*huma.Schema{},
	}
	for i, of := range []reflect.Type{reflect.TypeFor[record.Receipt](), reflect.TypeFor[record.DeleteReceipt]()} {
		one := huma.SchemaFromType(registry, of)
		for name, member := range one.Properties {
			if _, known := whole.Properties[name]; !known {
				whole.Properties[name] = member
			}
		}
		if i == 0 {
			whole.Required = slices.Clone(one.Required)
		}
		whole.Required = slices.DeleteFunc(whole.Required, func(name string) bool { return !slices.Contains(one.Required, name) })
	}
	slices.Sort(whole.Required)
	return whole
}
