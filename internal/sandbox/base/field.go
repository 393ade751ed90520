package base

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Limits of fields, with their codes.
const (
	MaxFields         = 300    // per table: 1254105
	MaxOptions        = 20_000 // per select field
	MaxTables         = 100    // per base: 1254100
	maxTableNameChars = 100
)

// newField checks a spec and makes the field; seeded fields may be of types that the API cannot create. replaced are the options of the
// field that it replaces: an option id is one of theirs.
func newField(s *state.Store, b *state.Base, spec state.FieldSpec, seeded bool, replaced ...*state.Option) (*state.Field, *core.Failure) {
	k, known := Kinds[spec.Type]
	switch {
	case !known:
		return nil, core.Violation("type", fmt.Sprint(spec.Type), "type is not supported")
	case k.notCreatable && !seeded:
		return nil, core.Fail(1254012)
	case strings.TrimSpace(spec.Name) == "":
		return nil, core.Fail(1254028)
	case strings.ContainsAny(spec.Name, "[]"):
		return nil, core.Fail(1254029)
	}
	spec.UIType = cmp.Or(spec.UIType, k.ui[0])
	if !slices.Contains(k.ui, spec.UIType) {
		return nil, core.Fail(k.property)
	}
	f := &state.Field{
		ID: s.NewID("fld"), Name: spec.Name, Type: spec.Type, UI: spec.UIType, Property: maps.Clone(spec.Property),
		ByOption: map[string]*state.Option{}, Fixed: spec.FixedOptions, Multiple: true, Created: time.Now(), ByAPI: !seeded,
	}
	if spec.Computed != nil {
		f.Computed = &state.Computed{Type: spec.ComputedType, Value: spec.Computed}
		f.Computed.Type = cmp.Or(f.Computed.Type, state.TypeText)
	}
	if bad := takeProperty(f, s, b, k); bad != nil {
		return nil, bad
	}
	for _, o := range f.Options {
		isKnown := slices.ContainsFunc(replaced, func(was *state.Option) bool { return was.ID == o.ID })
		if !isKnown && !seeded && givesID(spec, o.ID) {
			return nil, core.Fail(k.property)
		}
	}
	for _, name := range spec.Options {
		f.AddOption(&state.Option{ID: s.NewID("opt"), Name: name, Color: len(f.Options) % 55})
	}
	return f, nil
}

// givesID reports whether the property of spec names an option's id.
func givesID(spec state.FieldSpec, id string) bool {
	list, _ := spec.Property["options"].([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		object, _ := item.(map[string]any)
		return object["id"] == id
	})
}

// takeProperty checks property and moves options, multiplicity and link targets out of it.
func takeProperty(f *state.Field, s *state.Store, b *state.Base, k Kind) *core.Failure {
	wrong := core.Fail(k.property)
	formatter, given := f.Property["formatter"]
	if given && f.Type == state.TypeNumber && !slices.Contains(numberFormats, fmt.Sprint(formatter)) {
		return wrong
	}
	if formatter, given := f.Property["date_formatter"]; given && !slices.Contains(dateFormats, fmt.Sprint(formatter)) {
		return wrong
	}
	switch f.Type {
	case state.TypeSingleSelect, state.TypeMultiSelect:
		return takeOptions(f, s, wrong)
	case state.TypeUser, state.TypeGroup, state.TypeLink, state.TypeDuplex:
		if multiple, given := f.Property["multiple"]; given {
			value, ok := multiple.(bool)
			if !ok {
				return wrong
			}
			f.Multiple = value
		}
	}
	if f.Type == state.TypeLink || f.Type == state.TypeDuplex {
		f.Target, _ = f.Property["table_id"].(string)
		if b.Tables[f.Target] == nil {
			return wrong
		}
	}
	return nil
}

var (
	numberFormats = []string{
		"0", "0.0", "0.00", "0.000", "0.0000", "1,000", "1,000.00", "%", "0%", "0.00%", "0.0%", "¥", "¥0.00", "$", "$0.00",
	}
	dateFormats = []string{"yyyy/MM/dd", "yyyy-MM-dd HH:mm", "MM-dd", "MM/dd/yyyy", "dd/MM/yyyy", "yyyy/MM/dd HH:mm", "yyyy-MM-dd"}
)

func takeOptions(f *state.Field, s *state.Store, wrong *core.Failure) *core.Failure {
	given, ok := f.Property["options"]
	if !ok || given == nil {
		return nil
	}
	list, ok := given.([]any)
	if !ok || len(list) > MaxOptions {
		return wrong
	}
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return wrong
		}
		name, _ := object["name"].(string)
		if name == "" {
			return core.Fail(1254026)
		}
		id, _ := object["id"].(string)
		id = cmp.Or(id, s.NewID("opt"))
		color := 0
		if number, ok := core.AsNumber(object["color"]); ok {
			color = int(number)
		}
		if color < 0 || color > 54 {
			return wrong
		}
		f.AddOption(&state.Option{ID: id, Name: name, Color: color})
	}
	delete(f.Property, "options")
	return nil
}

// describe is the field as the API shows it, without its description.
func describe(f *state.Field, b *state.Base, t *state.Table) map[string]any {
	property := map[string]any{}
	maps.Copy(property, f.Property)
	switch f.Type {
	case state.TypeSingleSelect, state.TypeMultiSelect:
		property["options"] = core.MapSlice(f.Options, func(o *state.Option) any { return *o })
	case state.TypeUser, state.TypeGroup:
		property["multiple"] = f.Multiple
	case state.TypeLink, state.TypeDuplex:
		property["multiple"], property["table_id"] = f.Multiple, f.Target
		if target := b.Tables[f.Target]; target != nil {
			property["table_name"] = target.Name
			if back := target.FieldByID(f.Back); back != nil {
				property["back_field_id"], property["back_field_name"] = back.ID, back.Name
			}
		}
	case state.TypeNumber:
		if property["formatter"] == nil {
			property["formatter"] = "0.0"
		}
	case state.TypeDate, state.TypeCreatedTime, state.TypeModifiedTime:
		if property["date_formatter"] == nil {
			property["date_formatter"] = "yyyy/MM/dd"
		}
	}
	described := map[string]any{
		"field_id": f.ID, "field_name": f.Name, "type": f.Type, "ui_type": f.UI,
		"is_primary": t.Primary() == f, "is_hidden": false, "property": nil,
	}
	if len(property) > 0 {
		described["property"] = property
	}
	return described
}

// describeMade is the field in the answer to its creation or change: there description is an object.
func describeMade(f *state.Field, b *state.Base, t *state.Table) map[string]any {
	described := describe(f, b, t)
	if f.Description != nil {
		described["description"] = *f.Description
	}
	return described
}

// describeListed is the field in the list: there description is a text, or with asArray a list of segments.
func describeListed(f *state.Field, b *state.Base, t *state.Table, asArray bool) map[string]any {
	described := describe(f, b, t)
	switch {
	case f.Description == nil:
	case asArray:
		described["description"] = []map[string]any{{"type": "text", "text": f.Description.Text}}
	default:
		described["description"] = f.Description.Text
	}
	return described
}
