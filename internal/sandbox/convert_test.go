package sandbox

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rowgate/rowgate/internal/sandbox/record"
)

// everyField is a table with each writable and each computed type, named after its type.
func everyField() []FieldSpec {
	return []FieldSpec{
		{Name: "text", Type: 1},
		{Name: "barcode", Type: 1, UIType: "Barcode"},
		{Name: "email", Type: 1, UIType: "Email"},
		{Name: "number", Type: 2},
		{Name: "progress", Type: 2, UIType: "Progress"},
		{Name: "single", Type: 3, Options: []string{"A", "B"}},
		{Name: "fixed", Type: 3, Options: []string{"A"}, FixedOptions: true},
		{Name: "multi", Type: 4, Options: []string{"A", "B"}},
		{Name: "date", Type: 5},
		{Name: "checkbox", Type: 7},
		{Name: "user", Type: 11},
		{Name: "oneUser", Type: 11, Property: map[string]any{"multiple": false}},
		{Name: "phone", Type: 13},
		{Name: "url", Type: 15},
		{Name: "file", Type: 17},
		{Name: "lookup", Type: 19, Computed: []any{1, 2}, ComputedType: 2},
		{Name: "formula", Type: 20, Computed: []any{map[string]any{"type": "text", "text": "f"}}},
		{Name: "location", Type: 22},
		{Name: "group", Type: 23},
		{Name: "stage", Type: 24},
		{Name: "created", Type: 1001},
		{Name: "modified", Type: 1002},
		{Name: "creator", Type: 1003},
		{Name: "modifier", Type: 1004},
		{Name: "serial", Type: 1005},
		{Name: "button", Type: 3001},
	}
}

// setupLinks adds a second table, tblOther1, with two rows, and link columns to it.
func setupLinks(t *testing.T, options Options) (b *bundle, targets []string) {
	b = setup(t, options, everyField()...)
	_, err := b.base.AddTableSpec(TableSpec{ID: "tblOther1", Name: "other", Fields: []FieldSpec{{Name: "name", Type: 1}}})
	b.must(err)
	targets, err = b.base.AddRows("tblOther1", map[string]any{"name": "x"}, map[string]any{"name": "y"})
	b.must(err)
	const fields = "/bitable/v1/apps/" + testBase + "/tables/" + testTable + "/fields"
	b.do("POST", fields, map[string]any{"field_name": "link", "type": 18, "property": map[string]any{"table_id": "tblOther1"}}).wantOK(t)
	b.do("POST", fields, map[string]any{"field_name": "oneLink", "type": 18, "property": map[string]any{
		"table_id": "tblOther1",
		"multiple": false,
	}}).
		wantOK(t)
	b.do("POST", fields, map[string]any{"field_name": "duplex", "type": 21, "property": map[string]any{
		"table_id":        "tblOther1",
		"back_field_name": "back",
	}}).
		wantOK(t)
	return b, targets
}

func TestWriteShapes(t *testing.T) {
	t.Parallel()
	b, targets := setupLinks(t, Options{RatesOff: true, ConflictQueue: true})
	b.must(b.sb.AddPerson(PersonSpec{OpenID: "ou_a"}))
	for _, tc := range []struct {
		field, value string
		echo, read   string // JSON; "" means the cell is empty
		legacy       string // the read shape of GET records, where it differs
	}{
		{"text", `"a"`, `"a"`, `[{"type":"text","text":"a"}]`, `"a"`},
		{"text", `""`, `""`, ``, ``},
		{"barcode", `"q"`, `"q"`, `[{"type":"text","text":"q"}]`, `"q"`},
		{"email", `"a@b.c"`, `"a@b.c"`, `[{"type":"url","text":"a@b.c","link":"mailto:a@b.c"}]`, `"a@b.c"`},
		{"number", `1.5`, `1.5`, `1.5`, `"1.5"`},
		{"number", `0`, `0`, `0`, `"0"`},
		{"progress", `0.25`, `0.25`, `0.25`, `"0.25"`},
		{"single", `"A"`, `"A"`, `"A"`, ``},
		{"single", `"new"`, `"new"`, `"new"`, ``},
		{"multi", `["A","C"]`, `["A","C"]`, `["A","C"]`, ``},
		{"multi", `[]`, `[]`, ``, ``},
		{"date", `1774281600000`, `1774281600000`, `1774281600000`, ``},
		{"date", `1774281600`, `1774281600`, `1774281600`, ``}, // seconds are silently taken as milliseconds
		{"checkbox", `true`, `true`, `true`, ``},
		{
			"user", `[{"id":"ou_a"}]`, `[{"id":"ou_a"}]`,
			`[{"id":"ou_a","name":"ou_a","en_name":"","email":"",` +
				`"avatar_url":"https://internal-api-lark-file.feishu.cn/static-resource/v1/ou_a"}]`, ``,
		},
		{"phone", `"+8613800000000"`, `"+8613800000000"`, `"+8613800000000"`, ``},
		{
			"url", `{"text":"t","link":"https://a.example"}`, `{"text":"t","link":"https://a.example"}`,
			`{"text":"t","link":"https://a.example"}`, ``,
		},
		{
			"url", `{"link":"https://a.example"}`, `{"text":"https://a.example","link":"https://a.example"}`,
			`{"text":"https://a.example","link":"https://a.example"}`, ``,
		},
		{
			"location", `"116.397755,39.903179"`, `"116.397755,39.903179"`,
			`{"location":"116.397755,39.903179","pname":"","cityname":"","adname":"","address":"","name":"116.397755,39.903179",` +
				`"full_address":"116.397755,39.903179"}`, ``,
		},
		{
			"group", `[{"id":"oc_a"}]`, `[{"id":"oc_a"}]`,
			`[{"id":"oc_a","name":"oc_a","avatar_url":"https://internal-api-lark-file.feishu.cn/static-resource/v1/oc_a"}]`, ``,
		},
		{
			"link", `["T0","T1"]`, `["T0","T1"]`, `{"link_record_ids":["T0","T1"]}`,
			`[{"record_ids":["T0","T1"],"table_id":"tblOther1","text":"x,y","text_arr":["x","y"],"type":"text"}]`,
		},
		{
			"link", `{"link_record_ids":["T0"]}`, `["T0"]`, `{"link_record_ids":["T0"]}`,
			`[{"record_ids":["T0"],"table_id":"tblOther1","text":"x","text_arr":["x"],"type":"text"}]`,
		},
		{
			"duplex", `["T0"]`, `["T0"]`, `{"link_record_ids":["T0"]}`,
			`[{"record_ids":["T0"],"table_id":"tblOther1","text":"x","text_arr":["x"],"type":"text"}]`,
		},
		{"number", `null`, ``, ``, ``},
	} {
		t.Run(tc.field+"_takes_"+tc.value, func(t *testing.T) {
			t.Parallel()
			ids := strings.NewReplacer("T0", targets[0], "T1", targets[1])
			r := b.do("POST", recordsPath, `{"fields":{"`+tc.field+`":`+ids.Replace(tc.value)+`}}`)
			r.wantOK(t)
			cell(t, "echo", r.Data, tc.field, ids.Replace(tc.echo))
			id := r.ids()[0]
			cell(
				t,
				"batch_get",
				b.do("POST", recordsPath+"/batch_get", map[string]any{"record_ids": []string{id}}).Data,
				tc.field,
				ids.Replace(tc.read),
			)
			landed(t, b, id, tc.field, tc.read != "", ids.Replace(tc.echo))
			legacy := tc.legacy
			if legacy == "" {
				legacy = tc.read
			}
			cell(t, "get", b.do("GET", recordsPath+"/"+id, nil).Data, tc.field, ids.Replace(legacy))
		})
	}
}

// landed compares the write shape that Rows gives with the echo of the call.
func landed(t *testing.T, b *bundle, id, name string, there bool, want string) {
	t.Helper()
	for _, row := range b.rows() {
		if row.ID != id {
			continue
		}
		value, given := row.Write[name]
		if given != there {
			t.Errorf("in the table: %v is there: %t, want %t", value, given, there)
		}
		if !there {
			return
		}
		got, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		cell(t, "in the table", json.RawMessage(`{"record":{"fields":{"`+name+`":`+string(got)+`}}}`), name, want)
		return
	}
	t.Errorf("row %s did not land", id)
}

// cell compares one field of the first record of an answer, as JSON; want "" means that it is left out.
func cell(t *testing.T, where string, data json.RawMessage, name, want string) {
	t.Helper()
	type record struct {
		ID       string `json:"id"`
		RecordID string `json:"record_id"`
		Fields   map[string]any
	}
	var parsed struct {
		Record  *record
		Records []record
		Items   []record
	}
	if err := json.Unmarshal(data, &parsed); err != nil {
		t.Fatal(err)
	}
	if parsed.Record != nil {
		parsed.Records = []record{*parsed.Record}
	}
	got, given := append(parsed.Records, parsed.Items...)[0].Fields[name]
	var wanted any
	if want != "" {
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(wanted, got); diff != "" || given != (want != "") {
		t.Errorf("%s (-want +got):\n%s", where, diff)
	}
}

func TestRefusedValues(t *testing.T) {
	t.Parallel()
	b, targets := setupLinks(t, Options{RatesOff: true, ConflictQueue: true})
	b.must(b.sb.AddPerson(PersonSpec{OpenID: "ou_a"}))
	long := strings.Repeat("长", record.MaxTextChars+1)
	many := func(n int, item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	for _, tc := range []struct {
		field, value string
		status, code int
	}{
		{"text", `1`, 200, 1254060},
		{"text", `["a"]`, 200, 1254060},
		{"text", `[{"type":"text","text":"a"}]`, 200, 1254060},
		{"text", `"` + long + `"`, 200, 1254130},
		{"number", `"123"`, 200, 1254061},
		{"number", `true`, 200, 1254061},
		{"number", `""`, 200, 1254061},
		{"number", `1e999`, 200, 1254061},
		{"single", `{"text":"A"}`, 200, 1254062},
		{"single", `["A"]`, 200, 1254062},
		{"single", `""`, 200, 1254062},
		{"fixed", `"new"`, 200, 1254062},
		{"multi", `"A"`, 200, 1254063},
		{"multi", `[1]`, 200, 1254063},
		{"multi", `[""]`, 200, 1254063},
		{"multi", many(record.MaxChosen+1, `"A"`), 200, 1254063},
		{"date", `"2026-03-24"`, 200, 1254064},
		{"date", `1.5`, 200, 1254064},
		{"date", `""`, 200, 1254064},
		{"checkbox", `"true"`, 200, 1254065},
		{"checkbox", `1`, 200, 1254065},
		{"user", `"ou_a"`, 200, 1254066},
		{"user", `["ou_a"]`, 200, 1254066},
		{"user", `[{"id":"on_a"}]`, 200, 1254066},
		{"user", `[{"id":"zhang@example.com"}]`, 200, 1254066},
		{"user", many(record.MaxUsers+1, `{"id":"ou_a"}`), 200, 1254066},
		{"oneUser", `[{"id":"ou_a"},{"id":"ou_b"}]`, 200, 1254066},
		{"phone", `13800000000`, 200, 1254072},
		{"phone", `"138 0000"`, 200, 1254072},
		{"phone", `"` + strings.Repeat("1", record.MaxPhoneChars+1) + `"`, 200, 1254072},
		{"url", `"https://a.example"`, 200, 1254068},
		{"url", `{"text":"a"}`, 200, 1254068},
		{"url", `{"text":1,"link":"https://a.example"}`, 200, 1254068},
		{"file", `"boxcnExample"`, 200, 1254069},
		{"file", `[{"name":"a"}]`, 200, 1254069},
		{"file", `[{"file_token":"boxcnOther"}]`, 200, 1254303},
		{"file", many(record.MaxAttachments+1, `{"file_token":"a"}`), 200, 1254106},
		{"link", `"` + targets[0] + `"`, 200, 1254067},
		{"link", `["other"]`, 200, 1254067},
		{"link", `["recUnknown1"]`, 200, 1254067},
		{"link", many(record.MaxLinks+1, `"`+targets[0]+`"`), 200, 1254067},
		{"oneLink", `["` + targets[0] + `","` + targets[1] + `"]`, 200, 1254067},
		{"duplex", `"x"`, 400, 1254074},
		{"duplex", `["recUnknown1"]`, 200, 1254067},
		{"location", `{"lng":1,"lat":2}`, 400, 1254015},
		{"location", `"181,0"`, 400, 1254015},
		{"location", `"a,b"`, 400, 1254015},
		{"group", `["oc_a"]`, 400, 1254015},
		{"group", `[{"id":"ou_a"}]`, 400, 1254015},
		{"group", many(record.MaxGroups+1, `{"id":"oc_a"}`), 400, 1254015},
		{"lookup", `1`, 400, 1254015},
		{"formula", `1`, 400, 1254015},
		{"stage", `"a"`, 400, 1254015},
		{"created", `1`, 400, 1254015},
		{"serial", `"1"`, 400, 1254015},
		{"button", `1`, 400, 1254015},
		{"unknown", `1`, 200, 1254045},
	} {
		t.Run(tc.field+"_refuses_"+tc.value[:min(len(tc.value), 40)], func(t *testing.T) {
			t.Parallel()
			b.do("POST", recordsPath, `{"fields":{"`+tc.field+`":`+tc.value+`}}`).want(t, tc.status, tc.code)
			// All or nothing: a good row beside it is not written either.
			r := b.do("POST", recordsPath+"/batch_create", `{"records":[{"fields":{"text":"good"}},{"fields":{"`+tc.field+`":`+tc.value+`}}]}`)
			r.want(t, tc.status, tc.code)
			if n := b.sb.RowCount(testBase, testTable); n != 0 {
				t.Errorf("%d rows were written", n)
			}
		})
	}
}

func TestConversionMessage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ body, want string }{
		"repeats_a_text": {
			`{"date":"/"}`,
			"Invalid request parameter: 'fields.date.fieldValue./.fieldName.date'. Correct format : the value of 'Date' must be a unix " +
				"timestamp. Please check and modify accordingly.",
		},
		"shows_an_object_as_Go_does": {
			`{"single":{"text":"AI编程"}}`,
			"Invalid request parameter: 'fields.single.fieldValue.map[text:AI编程].fieldName.single'. Correct format : the value of " +
				"'Single Option' must be a string. Please check and modify accordingly.",
		},
		"names_an_unknown_column": {
			`{"text":"a","'媒体名称'":1}`,
			"Invalid request parameter: 'fields.'媒体名称''. Correct format : field_name not found. Please check and modify accordingly.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, Options{}, everyField()...).do("POST", recordsPath, `{"fields":`+tc.body+`}`)
			if r.Error.Message != tc.want {
				t.Errorf("got  %s\nwant %s", r.Error.Message, tc.want)
			}
			if !strings.Contains(r.raw, "&code=") || !strings.Contains(r.raw, "troubleshooter") {
				t.Errorf("no troubleshooter in %s", r.raw)
			}
		})
	}
}

func TestConversionOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options      Options
		body         string
		status, code int
	}{
		"read_only_as_conversion":     {Options{ReadOnlyWrite: ReadOnlyConvert}, `{"created":1}`, 200, 1254064},
		"read_only_ignored":           {Options{ReadOnlyWrite: ReadOnlyIgnore}, `{"created":1,"text":"a"}`, 200, 0},
		"empty_text_clears":           {Options{EmptyClears: true}, `{"number":"","date":"","single":""}`, 200, 0},
		"unknown_people_are_refused":  {Options{}, `{"user":[{"id":"ou_ffff"}]}`, 200, 1254066},
		"unknown_people_are_taken":    {Options{AcceptUnknownPeople: true}, `{"user":[{"id":"ou_ffff"}]}`, 200, 0},
		"cells_over_the_limit":        {Options{CellLimit: 1}, `{"text":"a","number":1}`, 200, 1254130},
		"field_id_is_no_key_normally": {Options{}, `{"FIELD_ID":"a"}`, 200, 1254045},
		"field_id_as_key":             {Options{FieldIDKeys: true}, `{"FIELD_ID":"a"}`, 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tc.options, everyField()...)
			id := b.stored().Tables[testTable].Fields[0].ID
			b.do("POST", recordsPath, `{"fields":`+strings.ReplaceAll(tc.body, "FIELD_ID", id)+`}`).want(t, tc.status, tc.code)
		})
	}
	t.Run("the_echo_may_be_sparse", func(t *testing.T) {
		t.Parallel()
		b, targets := setupLinks(t, Options{SparseEcho: true})
		r := b.do(
			"POST",
			recordsPath,
			`{"fields":{"text":"","number":1,"url":{"link":"https://a.example"},"link":["`+targets[0]+`"],"phone":null}}`,
		)
		r.wantOK(t)
		if !strings.Contains(r.raw, `"fields":{"number":1}`) {
			t.Errorf("got %s", r.raw)
		}
		if rows := b.rows(); len(rows[0].Write) != 3 { // number, url and link are stored
			t.Errorf("stored %v", rows[0].Write)
		}
	})
	t.Run("unknown_links_are_stored", func(t *testing.T) {
		t.Parallel()
		b, _ := setupLinks(t, Options{AcceptUnknownLinks: true})
		b.do("POST", recordsPath, `{"fields":{"link":["recUnknown1"]}}`).wantOK(t)
	})
	t.Run("people_are_known_by_the_id_type_of_the_call", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, everyField()...)
		b.must(b.sb.AddPerson(PersonSpec{OpenID: "ou_zhang", UnionID: "on_zhang", UserID: "u1", Name: "张三"}))
		r := b.do("POST", recordsPath+"?user_id_type=user_id", `{"fields":{"user":[{"id":"u1"}]}}`)
		r.wantOK(t)
		shown := b.do("GET", recordsPath+"/"+r.ids()[0]+"?user_id_type=union_id", nil)
		if !strings.Contains(shown.raw, `"id":"on_zhang","name":"张三"`) {
			t.Errorf("got %s", shown.raw)
		}
		b.do("POST", recordsPath+"?user_id_type=name", `{"fields":{}}`).want(t, 400, 99992402)
	})
}

func TestNewOptions(t *testing.T) {
	t.Parallel()
	options := func(b *bundle, name string) (names []string) {
		for _, o := range b.stored().Tables[testTable].ByName[name].Options {
			names = append(names, o.Name)
		}
		return names
	}
	t.Run("are_made_for_every_mention_in_one_call", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, everyField()...)
		b.create(map[string]any{"single": "N"}, map[string]any{"single": "N"}).wantOK(t)
		b.create(map[string]any{"single": "N"}).wantOK(t)
		if diff := cmp.Diff([]string{"A", "B", "N", "N"}, options(b, "single")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("are_not_made_when_the_call_fails", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, everyField()...)
		b.create(map[string]any{"multi": []string{"N"}}, map[string]any{"number": "x"}).want(t, 200, 1254061)
		if diff := cmp.Diff([]string{"A", "B"}, options(b, "multi")); diff != "" {
			t.Error(diff)
		}
	})
}
