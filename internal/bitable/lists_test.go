package bitable

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func asUnionID(o *Options) { o.UserIDType = "union_id" }
func asUserID(o *Options)  { o.UserIDType = "user_id" }

// listOf makes a JSON list of n texts.
func listOf(n int, format string) string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = quote(fmt.Sprintf(format, i))
	}
	return "[" + strings.Join(entries, ",") + "]"
}

func TestPerson(t *testing.T) {
	t.Parallel()
	runCells(t, feishu.Field{Type: feishu.TypeUser}, []cellCase{
		{name: "takes the write shape", in: `[{"id":"ou_a"},{"id":"ou_b"}]`, sent: `[{"id":"ou_a"},{"id":"ou_b"}]`},
		{name: "takes an id", in: `" ou_a "`, sent: `[{"id":"ou_a"}]`, rules: "id_wrapped"},
		{name: "takes a list of ids", in: `["ou_a","ou_b"]`, sent: `[{"id":"ou_a"},{"id":"ou_b"}]`, rules: "id_wrapped"},
		{name: "takes an object", in: `{"id":"ou_a"}`, sent: `[{"id":"ou_a"}]`, rules: "id_wrapped"},
		{name: "takes the read shape", in: `[{"id":"ou_a","name":"张三","email":""}]`, sent: `[{"id":"ou_a"}]`, rules: "members_dropped"},
		{name: "counts white space removed in an object", in: `[{"id":" ou_a "}]`, sent: `[{"id":"ou_a"}]`, rules: "id_wrapped"},
		{name: "removes repetitions", in: `[{"id":"ou_a"},{"id":"ou_a"}]`, sent: `[{"id":"ou_a"}]`, rules: "parts_dropped"},
		{name: "removes empty entries", in: `["","ou_a"]`, sent: `[{"id":"ou_a"}]`, rules: "id_wrapped parts_dropped"},
		{name: "leaves out a list of nothing", in: `[""]`, rules: "id_wrapped parts_dropped empty_skipped"},
		{name: "clears by an empty list", in: `[]`, sent: `null`, rules: "empty_cleared", with: clearing},
		{name: "takes union ids when told", in: `["on_a"]`, sent: `[{"id":"on_a"}]`, rules: "id_wrapped", with: asUnionID},
		{name: "takes user ids when told", in: `["4d7a3c6g"]`, sent: `[{"id":"4d7a3c6g"}]`, rules: "id_wrapped", with: asUserID},
		{name: "refuses a union id for an open id", in: `"on_a"`, code: problem.RowValueMismatch, reason: reasonPrefix},
		{name: "refuses an open id for a union id", in: `"ou_a"`, code: problem.RowValueMismatch, reason: reasonPrefix, with: asUnionID},
		{name: "refuses an open id for a user id", in: `"ou_a"`, code: problem.RowValueMismatch, reason: reasonPrefix, with: asUserID},
		{name: "refuses a chat id", in: `"oc_a"`, code: problem.RowValueMismatch, reason: reasonPrefix},
		{name: "refuses a name", in: `"张三"`, code: problem.RowValueMismatch, reason: reasonPrefix},
		{name: "refuses ids that a comma parts", in: `"ou_a,ou_b"`, code: problem.RowValueMismatch, reason: reasonPrefix},
		{name: "refuses a name for a user id", in: `"张三"`, code: problem.RowValueMismatch, reason: reasonPrefix, with: asUserID},
		{
			name:  "takes the longest id",
			in:    quote("ou_" + strings.Repeat("a", maxPersonIDBytes-3)),
			sent:  `[{"id":"ou_` + strings.Repeat("a", maxPersonIDBytes-3) + `"}]`,
			rules: "id_wrapped",
		},
		{
			name:   "refuses a longer id",
			in:     quote("ou_" + strings.Repeat("a", maxPersonIDBytes-2)),
			code:   problem.RowValueMismatch,
			reason: reasonPrefix,
		},
		{name: "refuses a prefix alone", in: `"ou_"`, code: problem.RowValueMismatch, reason: reasonPrefix},
		{name: "refuses an object without id", in: `{"name":"张三"}`, code: problem.RowValueMismatch},
		{name: "refuses a number", in: `13800138000`, code: problem.RowValueMismatch, reason: reasonShape},
		{name: "refuses a list in a list", in: `[["ou_a"]]`, code: problem.RowValueMismatch, reason: reasonElement},
		{
			name:  "takes as many as a cell holds",
			in:    `[` + strings.Repeat(`"ou_a",`, MaxPersons-1) + `"ou_a"]`,
			sent:  `[{"id":"ou_a"}]`,
			rules: "id_wrapped parts_dropped",
		},
		{name: "refuses more than a cell holds", in: listOf(MaxPersons+1, "ou_%d"), code: problem.RowTooLarge},
	})
	runCells(t, feishu.Field{Type: feishu.TypeUser, Property: &feishu.FieldProperty{Multiple: new(false)}}, []cellCase{
		{name: "takes one where one is allowed", in: `[{"id":"ou_a"}]`, sent: `[{"id":"ou_a"}]`},
		{name: "refuses two where one is allowed", in: `[{"id":"ou_a"},{"id":"ou_b"}]`, code: problem.RowValueMismatch, reason: reasonSingle},
	})
}

func TestGroup(t *testing.T) {
	t.Parallel()
	runCells(t, feishu.Field{Type: feishu.TypeGroupChat}, []cellCase{
		{name: "takes the write shape", in: `[{"id":"oc_a"}]`, sent: `[{"id":"oc_a"}]`},
		{name: "takes an id", in: `"oc_a"`, sent: `[{"id":"oc_a"}]`, rules: "id_wrapped"},
		{name: "takes the read shape", in: `[{"id":"oc_a","name":"群","avatar_url":"x"}]`, sent: `[{"id":"oc_a"}]`, rules: "members_dropped"},
		{name: "refuses a person", in: `"ou_a"`, code: problem.RowValueMismatch, reason: reasonShape},
		{name: "refuses a person in a list", in: `["ou_a"]`, code: problem.RowValueMismatch, reason: reasonElement},
		{name: "takes as many as a cell holds", in: listOf(MaxGroups, "oc_%d"), sent: groupsSent(MaxGroups), rules: "id_wrapped"},
		{name: "refuses more than a cell holds", in: listOf(MaxGroups+1, "oc_%d"), code: problem.RowTooLarge},
	})
}

func groupsSent(n int) string {
	return strings.NewReplacer(`"oc`, `{"id":"oc`, `",`, `"},`, `"]`, `"}]`).Replace(listOf(n, "oc_%d"))
}

func tokensSent(n int) string {
	return strings.NewReplacer(`"box`, `{"file_token":"box`, `",`, `"},`, `"]`, `"}]`).Replace(listOf(n, "boxcnExample0123456789%d"))
}

func TestLink(t *testing.T) {
	t.Parallel()
	for _, kind := range []feishu.FieldType{feishu.TypeSingleLink, feishu.TypeDuplexLink} {
		runCells(t, feishu.Field{Type: kind}, []cellCase{
			{name: "takes the write shape", in: `["rec1","rec2"]`, sent: `["rec1","rec2"]`},
			{name: "takes an id", in: `"rec1"`, sent: `["rec1"]`, rules: "id_wrapped"},
			{name: "takes the read shape", in: `{"link_record_ids":["rec1"]}`, sent: `["rec1"]`, rules: "id_wrapped"},
			{name: "removes repetitions", in: `["rec1","rec1"]`, sent: `["rec1"]`, rules: "parts_dropped"},
			{
				name:  "takes the read shape of the list call",
				in:    `[{"record_ids":["rec1"],"table_id":"tblExample","text":"a","text_arr":["a"],"type":"text"}]`,
				sent:  `["rec1"]`,
				rules: "id_wrapped members_dropped",
			},
			{name: "counts white space removed in a list", in: `[" rec1 "]`, sent: `["rec1"]`, rules: "id_wrapped"},
			{name: "leaves out a read shape of none", in: `{"link_record_ids":null}`, rules: "null_skipped id_wrapped"},
			{
				name:  "clears by a read shape of none",
				in:    `{"link_record_ids":null}`,
				sent:  `null`,
				rules: "id_wrapped",
				with:  updating,
			},
			{
				name:   "refuses two entries of the list call",
				in:     `[{"record_ids":["rec1"]},{"record_ids":["rec2"]}]`,
				code:   problem.RowValueMismatch,
				reason: reasonElement,
			},
			{name: "clears by an empty read shape", in: `{"link_record_ids":[]}`, sent: `null`, rules: "empty_cleared id_wrapped", with: clearing},
			{name: "refuses a name", in: `"客户 A"`, code: problem.RowValueMismatch},
			{name: "refuses another id", in: `["tbl1"]`, code: problem.RowValueMismatch},
			{name: "takes objects with an id", in: `[{"id":"rec1"}]`, sent: `["rec1"]`, rules: "id_wrapped"},
			{
				name:  "takes objects with a record_id",
				in:    `[{"record_id":"rec1","title":"a"}]`,
				sent:  `["rec1"]`,
				rules: "id_wrapped members_dropped",
			},
			{name: "takes one object", in: `{"id":"rec1"}`, sent: `["rec1"]`, rules: "id_wrapped"},
			{name: "refuses an object of another id", in: `[{"id":"tbl1"}]`, code: problem.RowValueMismatch},
			{name: "takes a list as text", in: quote(`["rec1","rec2"]`), sent: `["rec1","rec2"]`, rules: "json_text"},
			{name: "takes as many as a cell holds", in: listOf(MaxLinks, "rec%d"), sent: listOf(MaxLinks, "rec%d")},
			{name: "refuses more than a cell holds", in: listOf(MaxLinks+1, "rec%d"), code: problem.RowTooLarge},
		})
	}
}

func TestAttachment(t *testing.T) {
	t.Parallel()
	const token = "boxcnExample0123456789"
	runCells(t, feishu.Field{Type: feishu.TypeAttachment}, []cellCase{
		{name: "takes the write shape", in: `[{"file_token":"` + token + `"}]`, sent: `[{"file_token":"` + token + `"}]`},
		{name: "takes a token", in: quote(token), sent: `[{"file_token":"` + token + `"}]`, rules: "id_wrapped"},
		{
			name:  "takes the read shape",
			in:    `[{"file_token":"` + token + `","name":"a.png","url":"https://x"}]`,
			sent:  `[{"file_token":"` + token + `"}]`,
			rules: "members_dropped",
		},
		{name: "refuses a word", in: `"picture.png"`, code: problem.RowValueMismatch},
		{name: "refuses a short token", in: quote(token[:minFileTokenBytes-1]), code: problem.RowValueMismatch},
		{
			name:  "takes the longest token",
			in:    quote(strings.Repeat("a", maxFileTokenBytes)),
			sent:  `[{"file_token":"` + strings.Repeat("a", maxFileTokenBytes) + `"}]`,
			rules: "id_wrapped",
		},
		{name: "refuses a longer token", in: quote(strings.Repeat("a", maxFileTokenBytes+1)), code: problem.RowValueMismatch},
		{
			name:  "takes one token twice",
			in:    `["` + token + `","` + token + `"]`,
			sent:  `[{"file_token":"` + token + `"},{"file_token":"` + token + `"}]`,
			rules: "id_wrapped",
		},
		{
			name:  "takes as many as a cell holds",
			in:    listOf(MaxAttachments, "boxcnExample0123456789%d"),
			sent:  tokensSent(MaxAttachments),
			rules: "id_wrapped",
		},
		{name: "refuses mail", in: `"mailto:a@b.cn"`, code: problem.RowValueMismatch},
		{name: "refuses an object without token", in: `[{"url":"https://x"}]`, code: problem.RowValueMismatch},
		{name: "refuses more than a cell holds", in: listOf(MaxAttachments+1, "boxcnExample0123456789%d"), code: problem.RowTooLarge},
	})
}

func TestSeveralLinksToFiles(t *testing.T) {
	t.Parallel()
	s := NewSchema([]feishu.Field{{Name: "c", Type: feishu.TypeAttachment}})
	for in, want := range map[string][]string{
		"https://a.cn/1.png\nhttps://a.cn/2.png": {"https://a.cn/1.png", "https://a.cn/2.png"},
		"https://a.cn/1.png, https://a.cn/2.png": {"https://a.cn/1.png", "https://a.cn/2.png"},
		"https://a.cn/1.png,https://a.cn/2.png":  {"https://a.cn/1.png", "https://a.cn/2.png"},
		"https://a.cn/1.png https://a.cn/2.png":  {"https://a.cn/1.png", "https://a.cn/2.png"},
		"https://a.cn/1,2.png":                   {"https://a.cn/1,2.png"},
		"https://a.cn/?u=https://b.cn/1.png":     {"https://a.cn/?u=https://b.cn/1.png"},
	} {
		plan := s.Coerce(messages(`{"c":`+quote(in)+`}`), defaults())
		var got []string
		for _, l := range plan.Pending() {
			got = append(got, l.Value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: looked up %q, want %q", in, got, want)
		}
	}
}

func TestPending(t *testing.T) {
	t.Parallel()
	fields := []feishu.Field{{Name: "谁", Type: feishu.TypeUser}, {Name: "图", Type: feishu.TypeAttachment}, {Name: "题", Type: feishu.TypeText}}
	s := NewSchema(fields)

	t.Run("lists_lookups_and_holds_rows_back", func(t *testing.T) {
		t.Parallel()
		plan := s.Coerce(messages(
			`{"题":"a","谁":["ou_x","A@b.cn","+86 138-0013-8000"],"图":"https://e.cn/p.png"}`,
			`{"题":"b"}`,
			`{"图":"data:image/png;base64,AA=="}`,
			`{"谁":"x@y.cn","题":"c","图":7}`,
		), defaults())
		want := []Pending{
			{Row: 0, Column: "谁", Kind: PendingEmail, Value: "A@b.cn"},
			{Row: 0, Column: "谁", Kind: PendingMobile, Value: "+8613800138000"},
			{Row: 0, Column: "图", Kind: PendingURL, Value: "https://e.cn/p.png"},
			{Row: 2, Column: "图", Kind: PendingData, Value: "data:image/png;base64,AA=="},
		}
		if diff := cmp.Diff(want, plan.Pending()); diff != "" {
			t.Fatalf("lookups differ (-want +got):\n%s", diff)
		}
		if rows := plan.Rows(); len(rows) != 1 || rows[0].Index != 1 {
			t.Fatalf("rows %+v: want row 1 alone", rows)
		}
		plan.Resolve(want[0], json.RawMessage(`{"id":"ou_y"}`))
		plan.Resolve(want[1], json.RawMessage(`{"id":"ou_x"}`))
		plan.Resolve(want[2], json.RawMessage(`{"file_token":"t1"}`))
		plan.Resolve(want[2], json.RawMessage(`{"file_token":"again"}`))
		plan.Resolve(Pending{Row: 1}, json.RawMessage(`{}`))
		if diff := cmp.Diff(want[3:], plan.Pending()); diff != "" {
			t.Errorf("open lookups differ (-want +got):\n%s", diff)
		}
		if got, want := string(plan.Rows()[0].Fields), `{"题":"a","谁":[{"id":"ou_x"},{"id":"ou_y"}],"图":[{"file_token":"t1"}]}`; got != want {
			t.Errorf("row %s: want %s", got, want)
		}
		if got, want := ruleNames(plan), "id_wrapped id_wrapped person_resolved attachment_uploaded parts_dropped"; got != want {
			t.Errorf("rules %q: want %q", got, want)
		}
		plan.Reject(want[3], RowError{Code: problem.RowAttachmentFailed})
		if !plan.Bad(2) || len(plan.Pending()) != 0 {
			t.Errorf("row 2 is not failed")
		}
		last := plan.Errors()[0]
		if last.Index != 2 || last.Field != "图" || last.Got == "" || plan.Errors()[1].Index != 3 {
			t.Errorf("errors %+v: want row 2, then row 3", plan.Errors())
		}
	})

	t.Run("are_bounded_in_a_request", func(t *testing.T) {
		t.Parallel()
		const inRow = MaxPersons
		in := make([]string, MaxLookups/inRow+1)
		for i := range in {
			in[i] = `{"谁":` + listOf(inRow, "p%d@example.com") + `}`
		}
		in[len(in)-1] = `{"谁":"one@example.com"}`
		plan := s.Coerce(messages(in...), defaults())
		if len(plan.Pending()) != MaxLookups || plan.ErrorCount() != 1 || !plan.Bad(len(in)-1) {
			t.Errorf("%d lookups, errors %+v: want %d and the last row refused", len(plan.Pending()), plan.Errors(), MaxLookups)
		}
		checkTexts(t, tooManyLookups)
	})

	t.Run("keeps_equal_attachments", func(t *testing.T) {
		t.Parallel()
		plan := s.Coerce(messages(`{"图":["https://e.cn/a","https://e.cn/b"]}`), defaults())
		for _, l := range plan.Pending() {
			plan.Resolve(l, json.RawMessage(`{"file_token":"same"}`))
		}
		want := `{"图":[{"file_token":"same"},{"file_token":"same"}]}`
		for range 2 { // a plan may be read twice
			if got := string(plan.Rows()[0].Fields); got != want {
				t.Errorf("row %s: want %s", got, want)
			}
		}
	})

	t.Run("counts_every_lookup", func(t *testing.T) {
		t.Parallel()
		plan := s.Coerce(messages(`{"谁":"a@b.cn"}`, `{"谁":["a@b.cn"]}`), defaults())
		for _, l := range plan.Pending() {
			plan.Resolve(l, json.RawMessage(`{"id":"ou_y"}`))
		}
		if w := plan.Warnings(); len(w) != 2 || w[1].Rule != RulePersonResolved || w[1].Count != 2 || w[1].Got != "a@b.cn" {
			t.Errorf("warnings %+v: want one of two lookups", w)
		}
	})

	t.Run("asks_for_files_beside_the_rows", func(t *testing.T) {
		t.Parallel()
		o := defaults()
		o.Files = []File{
			{Row: 0, Column: "图", Ref: "f0"},
			{Row: 1, Column: " 图", Ref: "f1"},
			{Row: 1, Column: "图", Ref: "f2"},
			{Row: 2, Column: "题", Ref: "f3"},
			{Row: 3, Column: "没", Ref: "f4"},
			{Row: 4, Column: "图", Ref: "f5"},
		}
		plan := s.Coerce(messages(`{"题":"a"}`, `{"图":["boxcnExample0123456789"]}`, `{"题":"a"}`, `{"题":"a"}`, `{"图":" "}`), o)
		var refs []string
		for _, l := range plan.Pending() {
			refs = append(refs, l.Value)
			plan.Resolve(l, json.RawMessage(`{"file_token":`+quote(l.Value)+`}`))
		}
		if diff := cmp.Diff([]string{"f0", "f1", "f2", "f5"}, refs); diff != "" {
			t.Errorf("files differ (-want +got):\n%s", diff)
		}
		var sent []string
		for _, r := range plan.Rows() {
			sent = append(sent, string(r.Fields))
		}
		want := []string{
			`{"题":"a","图":[{"file_token":"f0"}]}`,
			`{"图":[{"file_token":"boxcnExample0123456789"},{"file_token":"f1"},{"file_token":"f2"}]}`,
			`{"图":[{"file_token":"f5"}]}`,
		}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("rows differ (-want +got):\n%s", diff)
		}
		if e := plan.Errors(); len(e) != 2 || e[0].Message != reasonFile || e[1].Code != problem.RowFieldNotFound {
			t.Errorf("errors %+v: want a file in a text column and one in no column", e)
		}
		for _, e := range plan.Errors() {
			checkTexts(t, e)
		}
	})
}
