package bitable

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// declaredTypes reads the column types that the package feishu declares, by their constants' names.
func declaredTypes(t *testing.T) map[string]feishu.FieldType {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../feishu/types.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]feishu.FieldType{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "FieldType" {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("the type %s is no literal", spec.Names[0].Name)
		}
		number, err := strconv.Atoi(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		types[spec.Names[0].Name] = feishu.FieldType(number)
		return true
	})
	return types
}

func TestEveryTypeOfFeishuHasOneKind(t *testing.T) {
	t.Parallel()
	types := declaredTypes(t)
	if types["TypeDateTime"] != feishu.TypeDateTime {
		t.Fatalf("the types were not found: %v", types)
	}
	for name, fieldType := range types {
		found := Kinds(func(k Kind) bool { return k.Type == fieldType && k.UIType == "" })
		if len(found) != 1 {
			t.Errorf("feishu.%s has %d kinds without a ui_type, want 1", name, len(found))
		}
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range Kinds(func(Kind) bool { return true }) {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			f := feishu.Field{Name: "c", Type: kind.Type, UIType: kind.UIType}
			if got := KindOf(f); got != kind {
				t.Errorf("its column has the kind %q", got.Name)
			}
			if got, ok := KindNamed(kind.Name); !ok || got != kind {
				t.Errorf("its name finds %q", got.Name)
			}
			if kind.Label.ZH == "" || kind.Label.EN == "" {
				t.Error("it has no label in one of the languages")
			}
			if kind.Writable != (kind.example != "") {
				t.Errorf("writable %v, but its example is %q", kind.Writable, kind.example)
			}
			if kind.Type != feishu.TypeText && kind.Writable != (kind.expected.ZH != "" && kind.expected.EN != "") {
				t.Errorf("writable %v, but what it takes is %+v", kind.Writable, kind.expected)
			}
			if kind.KeyFilter && !kind.Key || kind.Key && !kind.Writable {
				t.Errorf("writable %v, key %v, filtered by its keys %v", kind.Writable, kind.Key, kind.KeyFilter)
			}
			if kind.Primary && !kind.Writable && kind.Type != feishu.TypeFormula {
				t.Error("a column that Feishu fills in is the primary one")
			}
			kin := kind.ComparedAs
			if kin != 0 && (kind.Writable || !KindOf(feishu.Field{Type: kin}).Writable || KindOf(feishu.Field{Type: kin}).Compare != kind.Compare) {
				t.Errorf("it is compared as %q", TypeName(feishu.Field{Type: kin}))
			}
			if !kind.Writable {
				return
			}
			plan := NewSchema([]feishu.Field{f}).Coerce([]json.RawMessage{SampleRow([]feishu.Field{f}, "open_id")}, defaults())
			for _, l := range plan.Pending() {
				plan.Resolve(l, json.RawMessage(`{"file_token":"uploaded"}`))
			}
			rows := plan.Rows()
			if len(rows) != 1 {
				t.Fatalf("its example is refused: %+v", plan.Errors())
			}
			cell := Cell(rows[0].Fields, "c")
			if isList := cell[0] == '['; isList != kind.form.isList() {
				t.Errorf("a written cell is %s, but holds a list: %v", cell, kind.form.isList())
			}
			if plain := AppendPlain(nil, f, cell, time.UTC); !json.Valid(plain) {
				t.Errorf("the plain value of %s is %s", cell, plain)
			}
			if key, ok := KeyValue(f, cell); kind.Key && !ok {
				t.Errorf("%s has the key %q", cell, key)
			}
		})
		if seen[kind.Name] {
			t.Errorf("two kinds have the name %q", kind.Name)
		}
		seen[kind.Name] = true
	}
	if _, ok := KindNamed("no_type"); ok || TypeName(feishu.Field{Type: 4711}) != "unknown" || Writable(feishu.Field{Type: 4711}) {
		t.Error("a type that does not exist has a kind")
	}
	if got := TypeName(feishu.Field{Type: feishu.TypeText, UIType: "Text"}); got != "text" {
		t.Errorf("a ui_type without a kind of its own makes %q", got)
	}
	if got := TypeName(feishu.Field{Type: feishu.TypeCheckbox, UIType: "Email"}); got != "checkbox" {
		t.Errorf("a ui_type of another type makes %q", got)
	}
}
