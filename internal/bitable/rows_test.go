package bitable

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// rowCase is one request of several rows: what is sent, and the errors as "index field code".
type rowCase struct {
	name   string
	in     []string
	sent   []string // "index record_id fields"
	errors []string
	rules  string
	with   func(*Options)
}

func runRows(t *testing.T, fields []feishu.Field, cases []rowCase) {
	t.Helper()
	s := NewSchema(fields)
	for _, tc := range cases {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			o := defaults()
			if tc.with != nil {
				tc.with(&o)
			}
			plan := s.Coerce(messages(tc.in...), o)
			var sent, errors []string
			for _, r := range plan.Rows() {
				sent = append(sent, strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Index, r.RecordID, r.Fields)))
			}
			for _, e := range plan.Errors() {
				errors = append(errors, strings.Join(strings.Fields(fmt.Sprintf("%d %s %s", e.Index, e.Field, e.Code)), " "))
				checkTexts(t, e)
			}
			if diff := cmp.Diff(tc.sent, sent); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.errors, errors); diff != "" {
				t.Errorf("errors differ (-want +got):\n%s", diff)
			}
			if got := ruleNames(plan); got != tc.rules {
				t.Errorf("rules %q: want %q", got, tc.rules)
			}
		})
	}
}

func messages(rows ...string) []json.RawMessage {
	out := make([]json.RawMessage, len(rows))
	for i, row := range rows {
		out[i] = json.RawMessage(row)
	}
	return out
}

func TestRowShapes(t *testing.T) {
	t.Parallel()
	wide := func(n int) string {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf(`"c%d":1`, i)
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	ignoring := func(o *Options) { o.UnknownFields = PolicyIgnore }
	plain := []feishu.Field{{Name: "a", Type: feishu.TypeText}, {Name: "b", Type: feishu.TypeNumber}}
	runRows(t, plain, []rowCase{
		{name: "takes a flat row", in: []string{` { "a" : "x" , "b" : 1 } `}, sent: []string{`0  {"a":"x","b":1}`}},
		{name: "takes fields alone", in: []string{`{"fields":{"b":1,"a":"x"}}`}, sent: []string{`0  {"b":1,"a":"x"}`}},
		{name: "mixes both", in: []string{`{"fields":{"a":"x"}}`, `{"a":"y"}`}, sent: []string{`0  {"a":"x"}`, `1  {"a":"y"}`}},
		{name: "refuses fields beside other keys", in: []string{`{"fields":{"a":"x"},"b":1}`}, errors: []string{"0 ambiguous_row"}},
		{
			name:   "refuses a record_id on create",
			in:     []string{`{"record_id":"rec1","fields":{"a":"x"}}`, `{"id":"rec1","fields":{"a":"x"}}`},
			errors: []string{"0 ambiguous_row", "1 ambiguous_row"},
		},
		{
			name: "takes an empty record_id or id for none",
			in: []string{
				`{"record_id":"","a":"x"}`,
				`{"record_id":null,"fields":{"a":"x"}}`,
				`{"id":" ","fields":{"a":"x"}}`,
				`{"id":null,"a":"x"}`,
			},
			sent: []string{`0  {"a":"x"}`, `1  {"a":"x"}`, `2  {"a":"x"}`, `3  {"a":"x"}`},
		},
		{
			name:   "takes id for the record_id of an update",
			in:     []string{`{"id":"rec1","fields":{"a":"x"}}`, `{"record_id":"","id":"rec2","a":"x"}`, `{"id":"rec3","record_id":"rec4","a":"x"}`},
			sent:   []string{`0 rec1 {"a":"x"}`, `1 rec2 {"a":"x"}`},
			errors: []string{"2 id field_not_found"},
			with:   updating,
		},
		{
			name:   "leaves rows out that were refused before",
			in:     []string{`{"a":"x"}`, `{"a":"y"}`},
			sent:   []string{`1  {"a":"y"}`},
			errors: []string{"0 data wrapper"},
			with: func(o *Options) {
				o.Refused = map[int]RowError{
					0: {Field: "data", Code: "wrapper", Message: problem.Text{ZH: "包装", EN: "a wrapper"}, Expected: problem.Text{ZH: "行", EN: "a row"}},
				}
			},
		},
		{
			name:   "refuses what is no object",
			in:     []string{`"x"`, `[]`, ``},
			errors: []string{"0 ambiguous_row", "1 ambiguous_row", "2 ambiguous_row"},
		},
		{name: "takes fields that is no object for a column", in: []string{`{"fields":"x"}`}, errors: []string{"0 fields field_not_found"}},
		{
			name:   "refuses empty rows",
			in:     []string{`{}`, `{"fields":{}}`, `{"a":""}`, `{"a":null}`},
			errors: []string{"0 empty_row", "1 empty_row", "2 empty_row", "3 empty_row"},
			rules:  "empty_skipped null_skipped",
		},
		{
			name: "updates with fields",
			in:   []string{`{"record_id":" rec1 ","fields":{"a":null}}`},
			sent: []string{`0 rec1 {"a":null}`},
			with: updating,
		},
		{name: "updates flat", in: []string{`{"a":"x","record_id":"rec1"}`}, sent: []string{`0 rec1 {"a":"x"}`}, with: updating},
		{
			name:   "refuses an update with fields and others",
			in:     []string{`{"record_id":"rec1","fields":{"a":"x"},"b":1}`},
			errors: []string{"0 ambiguous_row"},
			with:   updating,
		},
		{
			name: "refuses an update without a record",
			in: []string{
				`{"a":"x"}`,
				`{"record_id":null,"a":"x"}`,
				`{"record_id":"","a":"x"}`,
				`{"record_id":7,"a":"x"}`,
				`{"record_id":"张三","a":"x"}`,
			},
			errors: []string{"0 record_not_found", "1 record_not_found", "2 record_not_found", "3 record_not_found", "4 record_not_found"},
			with:   updating,
		},
		{
			name:   "upserts rows without a record_id, with nulls",
			in:     []string{`{"a":"x","b":null}`, `{"fields":{"a":"y","b":""}}`, `{"record_id":"rec1","a":"x"}`},
			sent:   []string{`0  {"a":"x","b":null}`, `1  {"a":"y"}`},
			errors: []string{"2 ambiguous_row"},
			rules:  "empty_skipped",
			with:   func(o *Options) { o.Mode = Upsert },
		},
		{
			name:  "upserts with empty values that clear",
			in:    []string{`{"a":"x","b":" "}`},
			sent:  []string{`0  {"a":"x","b":null}`},
			rules: "empty_cleared",
			with:  func(o *Options) { o.Mode, o.EmptyValues = Upsert, EmptyClear },
		},
		{
			name:   "refuses a form's repeated key of a column for one value",
			in:     []string{`{"a":["x","y"],"b":1}`},
			errors: []string{"0 a duplicate_column"},
			with:   func(o *Options) { o.Repeated = []string{"a", "z"} },
		},
		{
			name:   "refuses an update of nothing",
			in:     []string{`{"record_id":"rec1","a":""}`},
			errors: []string{"0 empty_row"},
			rules:  "empty_skipped",
			with:   updating,
		},
		{
			name:   "reports every bad cell and writes the good rows",
			in:     []string{`{"a":"x","b":"?","z":1}`, `{"b":2}`},
			sent:   []string{`1  {"b":2}`},
			errors: []string{"0 b value_mismatch", "0 z field_not_found"},
		},
		{
			name:   "ignores unknown columns when told",
			in:     []string{`{"a":"x","z":1}`, `{"z":1}`},
			sent:   []string{`0  {"a":"x"}`},
			errors: []string{"1 empty_row"},
			rules:  "unknown_ignored",
			with:   ignoring,
		},
		{name: "refuses two keys for one column", in: []string{`{"a":"x"," Ａ":"y"}`}, errors: []string{"0 Ａ duplicate_column"}},
		{
			name:   "takes 300 columns",
			in:     []string{wide(MaxColumns)},
			errors: []string{"0 empty_row"},
			rules:  strings.TrimSpace(strings.Repeat("unknown_ignored ", MaxColumns)),
			with:   ignoring,
		},
		{name: "refuses more columns", in: []string{wide(MaxColumns + 1)}, errors: []string{"0 too_large"}},
		{name: "reports an unknown column of an escaped name", in: []string{`{"\u4e2d":1}`}, errors: []string{"0 中 field_not_found"}},
	})
}

func TestColumnsNamedLikeTheShape(t *testing.T) {
	t.Parallel()
	runRows(t, []feishu.Field{{Name: "fields", Type: feishu.TypeText}, {Name: "record_id", Type: feishu.TypeText}}, []rowCase{
		{
			name:  "writes both inside fields",
			in:    []string{`{"fields":{"fields":{"a":1},"record_id":"x"}}`},
			sent:  []string{`0  {"fields":"{\"a\":1}","record_id":"x"}`},
			rules: "text_json",
		},
		{name: "writes a scalar flat", in: []string{`{"fields":"x"}`}, sent: []string{`0  {"fields":"x"}`}},
		{name: "refuses a flat record_id all the same", in: []string{`{"record_id":"x"}`}, errors: []string{"0 ambiguous_row"}},
		{
			name: "updates both inside fields",
			in:   []string{`{"record_id":"rec1","fields":{"record_id":"x","fields":"y"}}`},
			sent: []string{`0 rec1 {"record_id":"x","fields":"y"}`},
			with: updating,
		},
		{
			name: "takes a flat record_id of an update for the record",
			in:   []string{`{"record_id":"rec1","fields":"y"}`},
			sent: []string{`0 rec1 {"fields":"y"}`},
			with: updating,
		},
	})
}

func TestColumnNames(t *testing.T) {
	t.Parallel()
	names := func(names ...string) []feishu.Field {
		fields := make([]feishu.Field, len(names))
		for i, name := range names {
			fields[i] = feishu.Field{ID: fmt.Sprintf("fld%d", i), Name: name, Type: feishu.TypeText}
		}
		return fields
	}
	tests := []struct{ name, key, want, rules string }{
		{"matches exactly", " 标题\n", " 标题\n", ""},
		{"matches by id", "fld1", "Name", ""},
		{"matches after trimming", "标题", " 标题\n", "column_matched"},
		{"matches without regard to case", "NAME", "Name", "column_matched"},
		{"matches after NFKC of full width", "ｎａｍｅ", "Name", "column_matched"},
		{"matches after NFKC of half-width kana", "ｶﾞｲﾄﾞ", "ガイド", "column_matched"},
		{"matches after NFKC of compatibility signs", "学习时长(m2)①", "学习时长（㎡）1", "column_matched"},
		{"matches combining marks", "cafe\u0301", "Café", "column_matched"},
		{"matches marks in any order", "e\u0302\u0323", "\u1ec7", "column_matched"},
		{"matches decomposed Hangul", "\u1112\u1161\u11ab\u1100\u1173\u11af", "한글", "column_matched"},
		{"matches sharp s", "STRASSE", "straße", "column_matched"},
		{"matches the Kelvin sign", "k", "\u212a", "column_matched"},
		{"matches a name with quotes", `"a" `, `"a"`, "column_matched"},
		{"matches ligatures", "office", "oﬃce", "column_matched"},
		{"prefers the exact twin", "Twin", "Twin", ""},
		{"refuses what two columns match", "tWiN", "", ""},
		{"refuses inner white space", "Na me", "", ""},
	}
	fields := names(" 标题\n", "Name", "ガイド", "学习时长（㎡）1", "Café", "\u1ec7", "한글", "straße", "\u212a", "oﬃce", "Twin", "TWIN", `"a"`)
	s := NewSchema(fields)
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			plan := s.Coerce(messages(`{`+quote(tc.key)+`:"v"}`), defaults())
			if tc.want == "" {
				if plan.ErrorCount() != 1 || plan.Errors()[0].Code != problem.RowFieldNotFound {
					t.Fatalf("errors %+v: want field_not_found", plan.Errors())
				}
				return
			}
			if want := `{` + quote(tc.want) + `:"v"}`; len(plan.Rows()) != 1 || string(plan.Rows()[0].Fields) != want {
				t.Fatalf("rows %+v, errors %+v: want %s", plan.Rows(), plan.Errors(), want)
			}
			if got := ruleNames(plan); got != tc.rules {
				t.Errorf("rules %q: want %q", got, tc.rules)
			}
			for _, w := range plan.Warnings() {
				if w.Got != tc.key || w.Field != tc.want || string(w.Sent) != quote(tc.want) {
					t.Errorf("warning %+v: want %q for %q", w, tc.key, tc.want)
				}
			}
		})
	}
}

func TestNearestSearchesAreBounded(t *testing.T) {
	t.Parallel()
	in := make([]string, maxNearestSearches+1)
	for i := range in {
		in[i] = fmt.Sprintf(`{"column%d":1}`, 100+i)
	}
	errors := NewSchema([]feishu.Field{{Name: "column", Type: feishu.TypeText}}).Coerce(messages(in...), defaults()).Errors()
	for i, e := range errors {
		if want := i < maxNearestSearches; (e.Suggestion != "") != want {
			t.Fatalf("error %d has the suggestion %q: want one %v", i, e.Suggestion, want)
		}
	}
}

func TestUnknownColumns(t *testing.T) {
	t.Parallel()
	s := NewSchema(
		[]feishu.Field{{Name: "标题", Type: feishu.TypeText}, {Name: "日期", Type: feishu.TypeDateTime}, {Name: "开始日期", Type: feishu.TypeDateTime}},
	)

	t.Run("names_the_nearest", func(t *testing.T) {
		t.Parallel()
		e := s.Coerce(messages(`{"起始日期":1}`), defaults()).Errors()[0]
		if e.Suggestion != "开始日期" || e.Expected.EN != "similar column names: 开始日期, 日期" {
			t.Errorf("suggestion %q, expected %q", e.Suggestion, e.Expected.EN)
		}
	})
	t.Run("names_the_column_inside_the_marks_of_a_header", func(t *testing.T) {
		t.Parallel()
		for _, header := range []string{`"**标题**"`, `"“标题”"`, "\"`标题`\""} {
			if e := s.Coerce(messages(`{`+header+`:1}`), defaults()).Errors()[0]; e.Suggestion != "标题" {
				t.Errorf("suggestion for %s: %q", header, e.Suggestion)
			}
		}
	})
	t.Run("suggests_nothing_far_fetched", func(t *testing.T) {
		t.Parallel()
		if e := s.Coerce(messages(`{"xyz":1}`), defaults()).Errors()[0]; e.Suggestion != "" {
			t.Errorf("suggestion %q", e.Suggestion)
		}
	})
	t.Run("creates_no_column_without_a_name_and_none_twice", func(t *testing.T) {
		t.Parallel()
		o := defaults()
		o.UnknownFields = PolicyCreate
		plan := s.Coerce(messages(`{" ":1}`, `{"New":1,"new ":2}`, `{"New":3}`), o)
		var codes []problem.RowCode
		for _, e := range plan.Errors() {
			codes = append(codes, e.Code)
			checkTexts(t, e)
		}
		if diff := cmp.Diff([]problem.RowCode{problem.RowFieldNotFound, problem.RowDuplicateColumn}, codes); diff != "" {
			t.Errorf("errors differ (-want +got):\n%s", diff)
		}
		if u := plan.UnknownColumns(); len(u) != 1 || u[0].Name != "New" || plan.Bad(2) {
			t.Errorf("columns %+v: want New alone", u)
		}
	})
	t.Run("creates_no_more_columns_than_a_table_holds", func(t *testing.T) {
		t.Parallel()
		o := defaults()
		o.UnknownFields = PolicyCreate
		in := make([]string, MaxTableColumns) // three columns are there
		for i := range in {
			in[i] = fmt.Sprintf(`{"column%d":1}`, i)
		}
		plan := s.Coerce(messages(in...), o)
		if got, want := len(plan.UnknownColumns()), MaxTableColumns-3; got != want {
			t.Errorf("%d columns to create: want %d", got, want)
		}
		if e := plan.Errors(); len(e) != 3 || e[0].Index != MaxTableColumns-3 || e[0].Code != problem.RowTooLarge {
			t.Errorf("errors %+v: want one for each of the last three rows", e)
		}
		checkTexts(t, tooManyNewColumns)
	})
	t.Run("are_found_however_many_spellings_came_before", func(t *testing.T) {
		t.Parallel()
		o := defaults()
		o.UnknownFields = PolicyIgnore
		in := make([]string, maxTargets+1)
		for i := range in {
			in[i] = fmt.Sprintf(`{"column%d":1,"标题":"a"}`, i)
		}
		in[0] = `{"column":1}`
		if plan := s.Coerce(messages(in...), o); len(plan.Rows()) != maxTargets || plan.ErrorCount() != 1 {
			t.Errorf("%d rows and %d errors: want %d and 1", len(plan.Rows()), plan.ErrorCount(), maxTargets)
		}
	})
	t.Run("collects_values_and_holds_rows_back_under_create", func(t *testing.T) {
		t.Parallel()
		o := defaults()
		o.UnknownFields = PolicyCreate
		plan := s.Coerce(messages(`{"标题":"a"," 新列":1}`, `{"新列":null}`, `{"标题":"b"}`, `{"新列 ":"x","另":[1]}`), o)
		want := []UnknownColumn{{Name: "新列", Samples: messages(`1`, `"x"`)}, {Name: "另", Samples: messages(`[1]`)}}
		if diff := cmp.Diff(want, plan.UnknownColumns()); diff != "" {
			t.Errorf("columns differ (-want +got):\n%s", diff)
		}
		if rows := plan.Rows(); len(rows) != 1 || rows[0].Index != 2 || plan.ErrorCount() != 0 {
			t.Errorf("rows %+v, errors %+v: want row 2 alone", rows, plan.Errors())
		}
	})
}

func TestWarningsAreCountedByRuleAndField(t *testing.T) {
	t.Parallel()
	s := NewSchema([]feishu.Field{{Name: "日期", Type: feishu.TypeDateTime}, {Name: "数", Type: feishu.TypeNumber}})
	plan := s.Coerce(
		messages(`{"日期":1774281600000}`, `{"日期":"2026年3月24日","数":"1,000"}`, `{"日期":"2026-03-25"}`, `{"数":"bad","日期":"2026-03-25"}`),
		defaults(),
	)
	want := []Warning{
		{Rule: RuleDateText, Field: "日期", Count: 3, Index: 1, Got: "2026年3月24日", Sent: json.RawMessage(`1774281600000`)},
		{Rule: RuleNumberText, Field: "数", Count: 1, Index: 1, Got: "1,000", Sent: json.RawMessage(`1000`)},
	}
	if diff := cmp.Diff(want, plan.Warnings()); diff != "" {
		t.Errorf("warnings differ (-want +got):\n%s", diff)
	}
}

func TestErrorsAreBounded(t *testing.T) {
	t.Parallel()
	const rows = problem.MaxRowErrors
	s := NewSchema([]feishu.Field{{Name: "a", Type: feishu.TypeNumber}, {Name: "b", Type: feishu.TypeNumber}})
	in := make([]string, rows)
	for i := range in {
		in[i] = `{"a":"?","b":"` + strings.Repeat("长", 3*problem.MaxGotRunes) + `"}`
	}
	plan := s.Coerce(messages(in...), defaults())
	if plan.ErrorCount() != 2*rows {
		t.Errorf("%d errors counted: want %d", plan.ErrorCount(), 2*rows)
	}
	if got, want := len(plan.Errors()), rows+rows/2; got != want {
		t.Errorf("%d errors kept: want %d, every bad cell first, then one for each row", got, want)
	}
	for i := range in {
		if !plan.Bad(i) {
			t.Errorf("row %d is not bad", i)
		}
	}
	if got := len([]rune(plan.Errors()[1].Got)); got != problem.MaxGotRunes {
		t.Errorf("got has %d runes: want %d with the ellipsis", got, problem.MaxGotRunes)
	}
}

func TestLongValuesStayOutOfWarnings(t *testing.T) {
	t.Parallel()
	s := NewSchema([]feishu.Field{{Name: "a", Type: feishu.TypeText}})
	w := s.Coerce(messages(`{"a":["`+strings.Repeat("x", 2*maxSentBytes)+`"]}`), defaults()).Warnings()[0]
	if w.Sent != nil || len([]rune(w.Got)) > problem.MaxGotRunes {
		t.Errorf("warning %+v holds the whole value", w)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	t.Parallel()
	o := defaults()
	o.UnknownFields = PolicyIgnore
	in := make([]string, maxWarnings+50)
	for i := range in {
		in[i] = fmt.Sprintf(`{"c%d":1}`, i)
	}
	warnings := NewSchema(nil).Coerce(messages(in...), o).Warnings()
	if len(warnings) != maxWarnings+1 {
		t.Fatalf("%d warnings: want %d and one for the rest", len(warnings), maxWarnings)
	}
	if rest := warnings[maxWarnings]; rest.Field != "" || rest.Count != 50 || rest.Rule != RuleUnknownIgnored {
		t.Errorf("the rest is %+v: want 50 without a field", rest)
	}
}

func TestNewOptions(t *testing.T) {
	t.Parallel()
	status, tags := selectField(feishu.TypeSingleSelect, "A"), selectField(feishu.TypeMultiSelect, "X")
	status.Name, tags.Name = "状态", "标签"
	s := NewSchema([]feishu.Field{status, tags, {Name: "n", Type: feishu.TypeNumber}})
	plan := s.Coerce(messages(`{"状态":"B","标签":"X、Y"}`, `{"状态":"b"}`, `{"状态":"C","n":"?"}`, `{"标签":["Z","Y"]}`), defaults())
	want := map[string][]string{"状态": {"B"}, "标签": {"Y", "Z"}}
	if diff := cmp.Diff(want, plan.NewOptions()); diff != "" {
		t.Errorf("options differ (-want +got):\n%s", diff)
	}
	if got := string(plan.Rows()[1].Fields); got != `{"状态":"B"}` {
		t.Errorf("row 1 is %s: want the spelling of the first use", got)
	}
}

func TestOptionsOfAColumnAreBounded(t *testing.T) {
	t.Parallel()
	names := make([]string, MaxOptions-1)
	for i := range names {
		names[i] = fmt.Sprintf("o%d", i)
	}
	f := selectField(feishu.TypeSingleSelect, names...)
	f.Name = "c"
	plan := NewSchema([]feishu.Field{f}).Coerce(messages(`{"c":"last"}`, `{"c":"over"}`, `{"c":"last"}`), defaults())
	if e := plan.Errors(); len(e) != 1 || e[0].Index != 1 || e[0].Code != problem.RowTooLarge {
		t.Errorf("errors %+v: want row 1 too_large", e)
	}
}
