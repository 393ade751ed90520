package bitable

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		kind           feishu.FieldType
	}{
		{"joins text", `[{"type":"text","text":"a "},{"type":"mention","text":"@b","token":"ou_b"}]`, `"a @b"`, feishu.TypeText},
		{"joins an email", `[{"type":"url","text":"a@b.c","link":"mailto:a@b.c"}]`, `"a@b.c"`, feishu.TypeText},
		{"passes text on", `"a\u4e2d"`, `"a中"`, feishu.TypeText},
		{"keeps a number", `1.50`, `1.50`, feishu.TypeNumber},
		{"keeps an option", `"A"`, `"A"`, feishu.TypeSingleSelect},
		{"keeps options", `["A", "B"]`, `["A","B"]`, feishu.TypeMultiSelect},
		{"spells a date in the zone", `1774281600000`, `"2026-03-24T00:00:00+08:00"`, feishu.TypeDateTime},
		{"keeps milliseconds", `1774281600120`, `"2026-03-24T00:00:00.12+08:00"`, feishu.TypeCreatedTime},
		{"passes a strange date on", `"soon"`, `"soon"`, feishu.TypeModifiedTime},
		{"keeps a checkbox", `true`, `true`, feishu.TypeCheckbox},
		{
			"shortens people",
			`[{"id":"ou_a","name":"A","en_name":"A","email":"a@b.c","avatar_url":"x"}]`,
			`[{"id":"ou_a","name":"A"}]`,
			feishu.TypeUser,
		},
		{
			"shortens a creator",
			`[{"avatar_url":"x","name":"A","id":"ou_a"},{"id":"ou_b"}]`,
			`[{"id":"ou_a","name":"A"},{"id":"ou_b"}]`,
			feishu.TypeCreatedUser,
		},
		{"shortens groups", `[{"id":"oc_a","name":"G","avatar_url":"x"}]`, `[{"id":"oc_a","name":"G"}]`, feishu.TypeGroupChat},
		{"keeps a phone", `"+86138"`, `"+86138"`, feishu.TypePhone},
		{"keeps a url", `{"link":"https://a.cn","text":"a","type":"url"}`, `{"text":"a","link":"https://a.cn"}`, feishu.TypeURL},
		{"lists linked ids", `{"link_record_ids":["rec1","rec2"]}`, `["rec1","rec2"]`, feishu.TypeSingleLink},
		{"lists no linked ids", `{"link_record_ids":null}`, `[]`, feishu.TypeDuplexLink},
		{"keeps an attachment", `[{"file_token":"t", "size":1}]`, `[{"file_token":"t","size":1}]`, feishu.TypeAttachment},
		{"keeps a location", `{"location":"1,2","name":"n"}`, `{"location":"1,2","name":"n"}`, feishu.TypeLocation},
		{"keeps an auto number", `"NO.001"`, `"NO.001"`, feishu.TypeAutoNumber},
		{"unwraps a formula of a number", `{"type":2,"value":[3.5]}`, `3.5`, feishu.TypeFormula},
		{"unwraps a formula of text", `{"type":1,"value":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}`, `"ab"`, feishu.TypeFormula},
		{
			"unwraps a formula of a date",
			`{"type":5,"ui_type":"DateTime","value":[1774281600000]}`,
			`"2026-03-24T00:00:00+08:00"`,
			feishu.TypeFormula,
		},
		{
			"unwraps a formula of people",
			`{"type":11,"value":[{"id":"ou_a","name":"A","email":""}]}`,
			`[{"id":"ou_a","name":"A"}]`,
			feishu.TypeFormula,
		},
		{"unwraps a formula of options", `{"type":4,"value":["A"]}`, `["A"]`, feishu.TypeFormula},
		{"unwraps a formula of nothing", `{"type":2,"value":[]}`, `[]`, feishu.TypeFormula},
		{"passes a plain formula on", `"ab"`, `"ab"`, feishu.TypeFormula},
		{"passes an unknown wrapper on", `{"type":"x","value":7}`, `7`, feishu.TypeFormula},
		{"never nests formulas", `{"type":20,"value":[{"type":20,"value":[1]}]}`, `[{"type":20,"value":[1]}]`, feishu.TypeFormula},
		{"lists a lookup of text", `{"type":1,"value":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}`, `["a","b"]`, feishu.TypeLookup},
		{"lists a lookup of one", `{"type":2,"value":[1]}`, `[1]`, feishu.TypeLookup},
		{
			"lists a lookup of dates",
			`{"type":5,"value":[1774281600000,1774281601000]}`,
			`["2026-03-24T00:00:00+08:00","2026-03-24T00:00:01+08:00"]`,
			feishu.TypeLookup,
		},
		{
			"lists a lookup of urls",
			`{"type":15,"value":[{"text":"a","link":"https://a.cn","x":1}]}`,
			`[{"text":"a","link":"https://a.cn"}]`,
			feishu.TypeLookup,
		},
		{"keeps null", `null`, `null`, feishu.TypeUser},
		{"keeps what a later type holds", `{"a": 1}`, `{"a":1}`, 4711},
	}
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if got := string(AppendPlain(nil, feishu.Field{Type: tc.kind}, []byte(tc.in), shanghai)); got != tc.want {
				t.Errorf("%s: want %s", got, tc.want)
			}
		})
	}
}

func TestPlainRecord(t *testing.T) {
	t.Parallel()
	s := NewSchema(
		[]feishu.Field{{Name: "题", Type: feishu.TypeText}, {Name: "日", Type: feishu.TypeDateTime}, {Name: "record_id", Type: feishu.TypeNumber}},
	)
	r := feishu.Record{ID: "rec1", Fields: json.RawMessage(`{"日":0,"题":[{"type":"text","text":"a"}],"record_id":7,"新":{"x":1}}`)}
	want := `{"record_id":"rec1","日":"1970-01-01T00:00:00Z","题":"a","fields.record_id":7,"新":{"x":1}}`
	if got := string(s.AppendPlainRecord(nil, r, time.UTC)); got != want {
		t.Errorf("%s: want %s", got, want)
	}
}
