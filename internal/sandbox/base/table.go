package base

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

func tableNameOK(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxTableNameChars && !strings.ContainsAny(name, `/\?*:[]`)
}

func badTableName(name string) *core.Failure {
	return core.Violation("name", name, "a table name has 1 to 100 characters, none of / \\ ? * : [ ]")
}

// NewTable makes a table with its default view; the caller holds the base's lock and inserts it.
func NewTable(s *state.Store, b *state.Base, spec state.TableSpec, viewName string, seeded bool) (*state.Table, *core.Failure) {
	switch {
	case !tableNameOK(spec.Name):
		return nil, badTableName(spec.Name)
	case slices.ContainsFunc(b.Order, func(t *state.Table) bool { return t.Name == spec.Name }):
		return nil, core.Fail(1254013)
	case len(b.Order) >= MaxTables:
		return nil, core.Fail(1254100)
	case len(spec.Fields) > MaxFields:
		return nil, core.Violation("fields", "", "the max len is 300") // the table's own codes have no 1254105
	}
	spec.ID = cmp.Or(spec.ID, s.NewID("tbl"))
	viewName = cmp.Or(viewName, "表格")
	if len(spec.Fields) == 0 {
		spec.Fields = []state.FieldSpec{{Name: "多行文本", Type: state.TypeText}}
	}
	t := &state.Table{
		ID: spec.ID, Name: spec.Name, Created: time.Now(), ByAPI: !seeded, Synced: spec.Synced, Revision: 1,
		ByName: map[string]*state.Field{}, Rows: map[string]*state.Row{}, DeletedIDs: map[string]struct{}{},
		Views: []state.View{{ID: s.NewID("vew"), Name: viewName, Type: "grid", Level: "Public"}},
	}
	if !Kinds[spec.Fields[0].Type].primary {
		return nil, core.Fail(1254012)
	}
	for _, fieldSpec := range spec.Fields {
		if t.ByName[fieldSpec.Name] != nil {
			return nil, core.Fail(1254014)
		}
		f, bad := newField(s, b, fieldSpec, seeded)
		if bad != nil {
			return nil, bad
		}
		t.AddField(f)
		if f.Type == state.TypeDuplex {
			addBack(s, b, t, f)
		}
	}
	return t, nil
}

// addBack makes the other side of a duplex link in the linked table.
func addBack(s *state.Store, b *state.Base, t *state.Table, f *state.Field) {
	target := b.Tables[f.Target]
	name, _ := f.Property["back_field_name"].(string)
	if name == "" || target.ByName[name] != nil {
		name = uniqueName(target, t.Name+"-"+f.Name)
	}
	back := &state.Field{
		ID: s.NewID("fld"), Name: name, Type: state.TypeDuplex, UI: "DuplexLink", Multiple: true, Target: t.ID, Back: f.ID,
		ByOption: map[string]*state.Option{}, Created: time.Now(), ByAPI: f.ByAPI,
	}
	f.Back = back.ID
	target.AddField(back)
}

func uniqueName(t *state.Table, name string) string {
	unique := name
	for n := 2; t.ByName[unique] != nil; n++ {
		unique = fmt.Sprintf("%s %d", name, n)
	}
	return unique
}
