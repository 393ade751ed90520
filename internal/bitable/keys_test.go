package bitable

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		kind          feishu.FieldType
		written, read string
		equal         bool
	}{
		{"text and its segments", feishu.TypeText, `"ab"`, `[{"type":"text","text":"a"},{"type":"text","text":"b"}]`, true},
		{"texts of other case", feishu.TypeText, `"Ab"`, `[{"type":"text","text":"ab"}]`, false},
		{"escaped text", feishu.TypeText, `"\u4e2d"`, `"中"`, true},
		{"numbers of other spelling", feishu.TypeNumber, `1.50`, `1.5`, true},
		{"numbers with exponent", feishu.TypeNumber, `1.5e3`, `1500`, true},
		{"zero and minus zero", feishu.TypeNumber, `-0.0`, `0`, true},
		{"a number and its legacy text", feishu.TypeNumber, `2`, `"2.0"`, true},
		{"other numbers", feishu.TypeNumber, `2`, `2.5`, false},
		{"options", feishu.TypeSingleSelect, `"A"`, `"A"`, true},
		{"instants", feishu.TypeDateTime, `1774281600000`, `1774281600000`, true},
		{"instants of one day", feishu.TypeDateTime, `1774281600000`, `1774281600001`, false},
		{"phones", feishu.TypePhone, `"+86138"`, `"+86138"`, true},
		{"urls by their link", feishu.TypeURL, `{"text":"a","link":"https://a.cn"}`, `{"link":"https://a.cn","text":"b"}`, true},
		{"other links", feishu.TypeURL, `{"text":"a","link":"https://a.cn"}`, `{"text":"a","link":"https://b.cn"}`, false},
		{"people in any order", feishu.TypeUser, `[{"id":"ou_a"},{"id":"ou_b"}]`, `[{"id":"ou_b","name":"B"},{"id":"ou_a","name":"A"}]`, true},
		{"fewer people", feishu.TypeUser, `[{"id":"ou_a"}]`, `[{"id":"ou_b"},{"id":"ou_a"}]`, false},
		{"checked boxes", feishu.TypeCheckbox, `true`, `true`, true},
		{"an untouched box", feishu.TypeCheckbox, `false`, ``, true},
		{"a checked and an untouched box", feishu.TypeCheckbox, `true`, ``, false},
	}
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			f := feishu.Field{Type: tc.kind}
			if !KeyFieldAllowed(f) {
				t.Fatal("no key column")
			}
			written, ok := KeyValue(f, json.RawMessage(tc.written))
			read, okRead := KeyOfRead(f, json.RawMessage(tc.read))
			if !ok || !okRead || (written == read) != tc.equal {
				t.Errorf("keys %q (%v) and %q (%v): want equal %v", written, ok, read, okRead, tc.equal)
			}
		})
	}
}

func TestEmptyCellsAreNoKeys(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds(func(k Kind) bool { return k.Key }) {
		f := feishu.Field{Type: kind.Type}
		for _, raw := range []string{``, `null`} {
			if key, ok := KeyValue(f, json.RawMessage(raw)); ok {
				t.Errorf("%s: %q has the key %q", TypeName(f), raw, key)
			}
		}
	}
	for kind, raw := range map[feishu.FieldType]string{ //nolint:exhaustive // those whose empty cell has a shape of its own
		feishu.TypeText: `""`, feishu.TypeUser: `[]`, feishu.TypeURL: `{"text":"a","link":""}`,
	} {
		if key, ok := KeyValue(feishu.Field{Type: kind}, json.RawMessage(raw)); ok {
			t.Errorf("%s has the key %q", raw, key)
		}
	}
	if KeyFieldAllowed(feishu.Field{Type: feishu.TypeFormula}) || KeyFieldAllowed(feishu.Field{Type: 4711}) {
		t.Error("a computed or unknown column is taken for a key")
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		kind          feishu.FieldType
		written, read string // read "" means an absent cell
		want          bool
	}{
		{"equal text", feishu.TypeText, `"a"`, `[{"type":"text","text":"a"}]`, false},
		{"other text", feishu.TypeText, `"b"`, `[{"type":"text","text":"a"}]`, true},
		{"clearing text", feishu.TypeText, `null`, `[{"type":"text","text":"a"}]`, true},
		{"clearing nothing", feishu.TypeText, `null`, ``, false},
		{"equal numbers", feishu.TypeNumber, `1.0`, `1`, false},
		{"equal options", feishu.TypeMultiSelect, `["A","B"]`, `["A", "B"]`, false},
		{"options in another order", feishu.TypeMultiSelect, `["B","A"]`, `["A","B"]`, true},
		{"unchecking an untouched box", feishu.TypeCheckbox, `false`, ``, false},
		{"clearing an unchecked box", feishu.TypeCheckbox, `null`, `false`, false},
		{"checking a box", feishu.TypeCheckbox, `true`, `false`, true},
		{"equal people", feishu.TypeUser, `[{"id":"ou_a"}]`, `[{"id":"ou_a","name":"A"}]`, false},
		{"another text of one link", feishu.TypeURL, `{"text":"b","link":"https://a.cn"}`, `{"link":"https://a.cn","text":"a"}`, true},
		{"equal urls", feishu.TypeURL, `{"text":"a","link":"https://a.cn"}`, `{"link":"https://a.cn","text":"a"}`, false},
		{"equal attachments", feishu.TypeAttachment, `[{"file_token":"t"}]`, `[{"file_token":"t","name":"a"}]`, false},
		{"other attachments", feishu.TypeAttachment, `[{"file_token":"t"}]`, `[{"file_token":"u","name":"a"}]`, true},
		{"equal links", feishu.TypeSingleLink, `["rec1"]`, `{"link_record_ids":["rec1"]}`, false},
		{"clearing no links", feishu.TypeDuplexLink, `null`, `{"link_record_ids":null}`, false},
		{"equal groups", feishu.TypeGroupChat, `[{"id":"oc_a"}]`, `[{"id":"oc_a","name":"G"}]`, false},
		{"equal places", feishu.TypeLocation, `"116.50,39"`, `{"location":"116.5,39.0","name":"n"}`, false},
		{"other places", feishu.TypeLocation, `"116.50,39"`, `{"location":"116.5,39.1","name":"n"}`, true},
	}
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			s := NewSchema([]feishu.Field{{Name: "c", Type: tc.kind}})
			record := `{"other":1}`
			if tc.read != "" {
				record = `{"other":1,"c":` + tc.read + `}`
			}
			if got := s.Changed(json.RawMessage(`{"c":`+tc.written+`}`), json.RawMessage(record)); got != tc.want {
				t.Errorf("changed %v: want %v", got, tc.want)
			}
		})
	}
	if !NewSchema(nil).Changed(json.RawMessage(`{"c":1}`), json.RawMessage(`{"c":1}`)) {
		t.Error("a column that is not in the schema counts as unchanged")
	}
}
