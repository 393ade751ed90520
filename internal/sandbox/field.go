package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Field types, by Feishu's numbers.
const (
	typeText         = 1
	typeNumber       = 2
	typeSingleSelect = 3
	typeMultiSelect  = 4
	typeDate         = 5
	typeCheckbox     = 7
	typeUser         = 11
	typePhone        = 13
	typeURL          = 15
	typeAttachment   = 17
	typeLink         = 18
	typeLookup       = 19
	typeFormula      = 20
	typeDuplex       = 21
	typeLocation     = 22
	typeGroup        = 23
	typeStage        = 24
	typeCreatedTime  = 1001
	typeModifiedTime = 1002
	typeCreatedUser  = 1003
	typeModifiedUser = 1004
	typeAutoNumber   = 1005
	typeButton       = 3001
)

// Limits of fields, with their codes.
const (
	maxFields         = 300    // per table: 1254105
	maxOptions        = 20_000 // per select field
	maxTables         = 100    // per base: 1254100
	maxTableNameChars = 100
)

// kind is what a field type is: its ui_types (default first), whether records may be written, the conversion code, and the code of a
// bad property.
type kind struct {
	ui           []string
	readOnly     bool
	convert      int
	property     int
	hint         string
	notCreatable bool
	primary      bool // may be a table's first field
}

var kinds = map[int]kind{
	typeText:         {ui: []string{"Text", "Barcode", "Email"}, convert: 1254060, property: 1254080, hint: "the value of 'Multiline' must be a string", primary: true},
	typeNumber:       {ui: []string{"Number", "Progress", "Currency", "Rating"}, convert: 1254061, property: 1254081, hint: "the value of 'Number' must be a number", primary: true},
	typeSingleSelect: {ui: []string{"SingleSelect"}, convert: 1254062, property: 1254082, hint: "the value of 'Single Option' must be a string"},
	typeMultiSelect:  {ui: []string{"MultiSelect"}, convert: 1254063, property: 1254083, hint: "the value of 'Multiple Options' must be an array of strings"},
	typeDate:         {ui: []string{"DateTime"}, convert: 1254064, property: 1254084, hint: "the value of 'Date' must be a unix timestamp", primary: true},
	typeCheckbox:     {ui: []string{"Checkbox"}, convert: 1254065, property: 1254085, hint: "the value of 'Checkbox' must be a boolean"},
	typeUser:         {ui: []string{"User"}, convert: 1254066, property: 1254086, hint: "the value of 'User' must be an array of objects with id"},
	typePhone:        {ui: []string{"Phone"}, convert: 1254072, property: 1254080, hint: "the value of 'Phone' must be a string of digits with an optional leading +", primary: true},
	typeURL:          {ui: []string{"Url"}, convert: 1254068, property: 1254087, hint: "the value of 'Link' must be an object", primary: true},
	typeAttachment:   {ui: []string{"Attachment"}, convert: 1254069, property: 1254088, hint: "the value of 'Attachment' must be an array of objects with file_token"},
	typeLink:         {ui: []string{"SingleLink"}, convert: 1254067, property: 1254089, hint: "the value of 'Single Link' must be an array of record ids"},
	typeLookup:       {ui: []string{"Lookup"}, readOnly: true, convert: 1254060, property: 1254090, notCreatable: true},
	typeFormula:      {ui: []string{"Formula"}, readOnly: true, convert: 1254060, property: 1254091, primary: true},
	typeDuplex:       {ui: []string{"DuplexLink"}, convert: 1254074, property: 1254092, hint: "the value of 'Duplex Link' must be an array of record ids"},
	typeLocation:     {ui: []string{"Location"}, convert: 1254015, property: 1254080, hint: "the value of 'Location' must be a string of longitude and latitude", primary: true},
	typeGroup:        {ui: []string{"GroupChat"}, convert: 1254015, property: 1254086, hint: "the value of 'Group' must be an array of objects with id"},
	typeStage:        {ui: []string{"Stage"}, readOnly: true, convert: 1254062, notCreatable: true},
	typeCreatedTime:  {ui: []string{"CreatedTime"}, readOnly: true, convert: 1254064, property: 1254093},
	typeModifiedTime: {ui: []string{"ModifiedTime"}, readOnly: true, convert: 1254064, property: 1254094},
	typeCreatedUser:  {ui: []string{"CreatedUser"}, readOnly: true, convert: 1254066, property: 1254095},
	typeModifiedUser: {ui: []string{"ModifiedUser"}, readOnly: true, convert: 1254066, property: 1254096},
	typeAutoNumber:   {ui: []string{"AutoNumber"}, readOnly: true, convert: 1254061, property: 1254081},
	typeButton:       {ui: []string{"Button"}, readOnly: true, convert: 1254015, notCreatable: true},
}

// field is a column. Under the base's lock.
type field struct {
	id          string
	name        string
	typ         int
	ui          string
	property    map[string]any // without options and link targets
	description any
	options     []*option
	byOption    map[string]*option // the first of each name
	fixed       bool
	multiple    bool
	target      string // table_id of a link
	back        string // field_id of a duplex link's other side
	computed    *computedValue
	slot        int
	created     time.Time
	byAPI       bool
}

type option struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color int    `json:"color"`
}

type computedValue struct {
	Type  int   `json:"type"`
	Value []any `json:"value"`
}

// newField checks a spec and makes the field; seeded fields may be of types that the API cannot create.
func newField(s *store, b *base, spec FieldSpec, seeded bool) (*field, *failure) {
	k, known := kinds[spec.Type]
	switch {
	case !known:
		return nil, violation("type", fmt.Sprint(spec.Type), "type is not supported")
	case k.notCreatable && !seeded:
		return nil, fail(1254012)
	case strings.TrimSpace(spec.Name) == "":
		return nil, fail(1254028)
	case strings.ContainsAny(spec.Name, "[]"):
		return nil, fail(1254029)
	}
	spec.UIType = cmp.Or(spec.UIType, k.ui[0])
	if !slices.Contains(k.ui, spec.UIType) {
		return nil, fail(k.property)
	}
	f := &field{
		id: s.newID("fld"), name: spec.Name, typ: spec.Type, ui: spec.UIType, property: maps.Clone(spec.Property),
		byOption: map[string]*option{}, fixed: spec.FixedOptions, multiple: true, created: time.Now(), byAPI: !seeded,
	}
	if spec.Computed != nil {
		f.computed = &computedValue{spec.ComputedType, spec.Computed}
		f.computed.Type = cmp.Or(f.computed.Type, typeText)
	}
	if bad := takeProperty(f, s, b, k); bad != nil {
		return nil, bad
	}
	for _, name := range spec.Options {
		f.addOption(&option{s.newID("opt"), name, len(f.options) % 55})
	}
	return f, nil
}

// takeProperty checks property and moves options, multiplicity and link targets out of it.
func takeProperty(f *field, s *store, b *base, k kind) *failure {
	wrong := fail(k.property)
	if formatter, given := f.property["formatter"]; given && f.typ == typeNumber && !slices.Contains(numberFormats, fmt.Sprint(formatter)) {
		return wrong
	}
	if formatter, given := f.property["date_formatter"]; given && !slices.Contains(dateFormats, fmt.Sprint(formatter)) {
		return wrong
	}
	switch f.typ {
	case typeSingleSelect, typeMultiSelect:
		return takeOptions(f, s, wrong)
	case typeUser, typeGroup, typeLink, typeDuplex:
		if multiple, given := f.property["multiple"]; given {
			value, ok := multiple.(bool)
			if !ok {
				return wrong
			}
			f.multiple = value
		}
	}
	if f.typ == typeLink || f.typ == typeDuplex {
		f.target, _ = f.property["table_id"].(string)
		if b.tables[f.target] == nil {
			return wrong
		}
	}
	return nil
}

var (
	numberFormats = []string{"0", "0.0", "0.00", "0.000", "0.0000", "1,000", "1,000.00", "%", "0%", "0.00%", "0.0%", "¥", "¥0.00", "$", "$0.00"}
	dateFormats   = []string{"yyyy/MM/dd", "yyyy-MM-dd HH:mm", "MM-dd", "MM/dd/yyyy", "dd/MM/yyyy", "yyyy/MM/dd HH:mm", "yyyy-MM-dd"}
)

func takeOptions(f *field, s *store, wrong *failure) *failure {
	given, ok := f.property["options"]
	if !ok || given == nil {
		return nil
	}
	list, ok := given.([]any)
	if !ok || len(list) > maxOptions {
		return wrong
	}
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return wrong
		}
		name, _ := object["name"].(string)
		if name == "" {
			return fail(1254026)
		}
		id, _ := object["id"].(string)
		id = cmp.Or(id, s.newID("opt"))
		color := 0
		if number, ok := asNumber(object["color"]); ok {
			color = int(number)
		}
		if color < 0 || color > 54 {
			return wrong
		}
		f.addOption(&option{id, name, color})
	}
	delete(f.property, "options")
	return nil
}

func (f *field) addOption(o *option) {
	f.options = append(f.options, o)
	if f.byOption[o.Name] == nil {
		f.byOption[o.Name] = o
	}
}

// describe is the field as the API lists it.
func describe(f *field, b *base, t *table) map[string]any {
	property := map[string]any{}
	maps.Copy(property, f.property)
	switch f.typ {
	case typeSingleSelect, typeMultiSelect:
		property["options"] = mapSlice(f.options, func(o *option) any { return *o })
	case typeUser, typeGroup:
		property["multiple"] = f.multiple
	case typeLink, typeDuplex:
		property["multiple"], property["table_id"] = f.multiple, f.target
		if target := b.tables[f.target]; target != nil {
			property["table_name"] = target.name
			if back := target.fieldByID(f.back); back != nil {
				property["back_field_id"], property["back_field_name"] = back.id, back.name
			}
		}
	case typeNumber:
		if property["formatter"] == nil {
			property["formatter"] = "0.0"
		}
	case typeDate, typeCreatedTime, typeModifiedTime:
		if property["date_formatter"] == nil {
			property["date_formatter"] = "yyyy/MM/dd"
		}
	}
	described := map[string]any{
		"field_id": f.id, "field_name": f.name, "type": f.typ, "ui_type": f.ui, "is_primary": t.primary() == f, "is_hidden": false, "property": nil,
	}
	if len(property) > 0 {
		described["property"] = property
	}
	if f.description != nil {
		described["description"] = f.description
	}
	return described
}

func tableNameOK(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxTableNameChars && !strings.ContainsAny(name, `/\?*:[]`)
}

func badTableName(name string) *failure {
	return violation("name", name, "a table name has 1 to 100 characters, none of / \\ ? * : [ ]")
}

// newTable makes a table with its default view; the caller holds the base's lock and inserts it.
func newTable(s *store, b *base, spec TableSpec, viewName string, seeded bool) (*table, *failure) {
	switch {
	case !tableNameOK(spec.Name):
		return nil, badTableName(spec.Name)
	case slices.ContainsFunc(b.order, func(t *table) bool { return t.name == spec.Name }):
		return nil, fail(1254013)
	case len(b.order) >= maxTables:
		return nil, fail(1254100)
	case len(spec.Fields) > maxFields:
		return nil, violation("fields", "", "the max len is 300") // the table's own codes have no 1254105
	}
	spec.ID = cmp.Or(spec.ID, s.newID("tbl"))
	viewName = cmp.Or(viewName, "表格")
	if len(spec.Fields) == 0 {
		spec.Fields = []FieldSpec{{Name: "多行文本", Type: typeText}}
	}
	t := &table{
		id: spec.ID, name: spec.Name, created: time.Now(), byAPI: !seeded, synced: spec.Synced, revision: 1,
		byName: map[string]*field{}, rows: map[string]*row{}, graves: map[string]struct{}{},
		views: []view{{ID: s.newID("vew"), Name: viewName, Type: "grid", Level: "Public"}},
	}
	if !kinds[spec.Fields[0].Type].primary {
		return nil, fail(1254012)
	}
	for _, fieldSpec := range spec.Fields {
		if t.byName[fieldSpec.Name] != nil {
			return nil, fail(1254014)
		}
		f, bad := newField(s, b, fieldSpec, seeded)
		if bad != nil {
			return nil, bad
		}
		t.addField(f)
		if f.typ == typeDuplex {
			addBack(s, b, t, f)
		}
	}
	return t, nil
}

// addBack makes the other side of a duplex link in the linked table.
func addBack(s *store, b *base, t *table, f *field) {
	target := b.tables[f.target]
	name, _ := f.property["back_field_name"].(string)
	if name == "" || target.byName[name] != nil {
		name = uniqueName(target, t.name+"-"+f.name)
	}
	back := &field{
		id: s.newID("fld"), name: name, typ: typeDuplex, ui: "DuplexLink", multiple: true, target: t.id, back: f.id,
		byOption: map[string]*option{}, created: time.Now(), byAPI: f.byAPI,
	}
	f.back = back.id
	target.addField(back)
}

func uniqueName(t *table, name string) string {
	unique := name
	for n := 2; t.byName[unique] != nil; n++ {
		unique = fmt.Sprintf("%s %d", name, n)
	}
	return unique
}
