package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rowgate/rowgate/internal/sandbox/record"
)

// page is data of search and list.
type page struct {
	Items []struct {
		ID     string `json:"record_id"`
		Fields map[string]any
	}
	HasMore   bool   `json:"has_more"`
	PageToken string `json:"page_token"`
	Total     int
}

func (r reply) page(t *testing.T) page {
	t.Helper()
	r.wantOK(t)
	var p page
	if err := json.Unmarshal(r.Data, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// column lists one field of a page's rows, as text.
func (p page) column(name string) string {
	var out []string
	for _, item := range p.Items {
		switch v := item.Fields[name].(type) {
		case []any:
			first, _ := v[0].(map[string]any)
			out = append(out, fmt.Sprint(first["text"]))
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	return strings.Join(out, " ")
}

func TestSearchPaging(t *testing.T) {
	t.Parallel()
	rows := make([]map[string]any, 45)
	for i := range rows {
		rows[i] = map[string]any{"标题": fmt.Sprintf("row%02d", i), "数量": i}
	}
	columns := []FieldSpec{{Name: "标题", Type: 1}, {Name: "数量", Type: 2}}
	for name, body := range map[string]string{
		"unfiltered": ``,
		"filtered":   `{"filter":{"conjunction":"and","conditions":[{"field_name":"数量","operator":"isGreaterEqual","value":["0"]}]}}`,
		"sorted":     `{"sort":[{"field_name":"数量","desc":true}]}`,
	} {
		t.Run(name+"_rows_come_once_each_and_page_token_only_with_has_more", func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{}, columns...)
			_, err := b.base.AddRows(testTable, rows...)
			b.must(err)
			seen, token, sizes := map[string]bool{}, "", []int{}
			for {
				p := b.do("POST", recordsPath+"/search?page_size=20&page_token="+token, body).page(t)
				for _, item := range p.Items {
					seen[item.ID] = true
				}
				sizes = append(sizes, len(p.Items))
				if p.Total != 45 || p.HasMore != (p.PageToken != "") {
					t.Errorf("page %+v", p)
				}
				if !p.HasMore {
					break
				}
				token = p.PageToken
			}
			if diff := cmp.Diff([]int{20, 20, 5}, sizes); diff != "" || len(seen) != 45 {
				t.Errorf("%d rows, sizes %s", len(seen), diff)
			}
		})
	}
	t.Run("goes_on_after_rows_before_it_were_deleted", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, columns...)
		ids, err := b.base.AddRows(testTable, make([]map[string]any, 300)...)
		b.must(err)
		first := b.do("POST", recordsPath+"/search?page_size=200", nil).page(t)
		b.do("POST", recordsPath+"/batch_delete", map[string]any{"records": ids[:190]}).wantOK(t)
		rest := b.do("POST", recordsPath+"/search?page_size=200&page_token="+first.PageToken, nil).page(t)
		if len(rest.Items) != 100 || rest.Items[0].ID != ids[200] || rest.Total != 110 || rest.HasMore {
			t.Errorf("%d items, total %d", len(rest.Items), rest.Total)
		}
	})
	t.Run("defaults_to_20_and_takes_500", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, columns...)
		_, err := b.base.AddRows(testTable, make([]map[string]any, record.MaxPage+1)...)
		b.must(err)
		if p := b.do("POST", recordsPath+"/search", nil).page(t); len(p.Items) != 20 {
			t.Errorf("%d items", len(p.Items))
		}
		if p := b.do("POST", recordsPath+"/search?page_size=500", nil).page(t); len(p.Items) != record.MaxPage {
			t.Errorf("%d items", len(p.Items))
		}
	})
	for name, tc := range map[string]struct {
		query, body  string
		status, code int
	}{
		"a_page_over_500":            {"?page_size=501", ``, 400, 99992402},
		"a_page_of_0":                {"?page_size=0", ``, 400, 1254011},
		"a_page_size_that_is_text":   {"?page_size=many", ``, 400, 99992402},
		"a_page_token_not_its_own":   {"?page_token=abc", ``, 200, 1254030},
		"an_unknown_column_to_show":  {"", `{"field_names":["x"]}`, 200, 1254024},
		"more_than_200_columns":      {"", `{"field_names":["标题"` + strings.Repeat(`,"标题"`, record.MaxFieldNames) + `]}`, 200, 1254024},
		"an_unknown_column_to_sort":  {"", `{"sort":[{"field_name":"x"}]}`, 200, 1254016},
		"a_sort_over_1000_chars":     {"", `{"sort":[{"field_name":"` + strings.Repeat("标", record.MaxSortChars) + `"}]}`, 200, 1254108},
		"a_view_that_is_none":        {"", `{"view_id":"vewUnknown1"}`, 200, 1254042},
		"a_view_id_of_another_shape": {"", `{"view_id":"tblUnknown1"}`, 200, 1254005},
		"a_body_that_is_no_JSON":     {"", `{`, 200, 1254000},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}, columns...).do("POST", recordsPath+"/search"+tc.query, tc.body).want(t, tc.status, tc.code)
		})
	}
	t.Run("ignores_the_view_beside_a_sort_order", func(t *testing.T) {
		t.Parallel()
		setup(t, Options{}, columns...).do("POST", recordsPath+"/search", `{"view_id":"vewUnknown1","sort":[{"field_name":"数量"}]}`).wantOK(t)
	})
	t.Run("shows_the_columns_asked_for_and_automatic_fields", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, columns...)
		b.create(map[string]any{"标题": "a", "数量": 1}).wantOK(t)
		r := b.do("POST", recordsPath+"/search", `{"field_names":["数量"],"automatic_fields":true}`)
		for _, part := range []string{`"fields":{"数量":1}`, `"created_by":{`, `"created_time":`, `"last_modified_by":{`, `"last_modified_time":`} {
			if !strings.Contains(r.raw, part) {
				t.Errorf("%s is not in %s", part, r.raw)
			}
		}
	})
}

func TestSearchFilter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the clock stands at 2000-01-01 00:00 UTC, 08:00 in Shanghai, a Saturday
		b, targets := setupLinks(t, Options{RatesOff: true})
		b.must(b.sb.AddPerson(PersonSpec{OpenID: "ou_zhang", Name: "张三"}))
		day := func(shift int, hour int) int64 {
			return time.Date(2000, 1, 1+shift, hour, 0, 0, 0, b.stored().Zone).UnixMilli()
		}
		_, err := b.base.AddRows(
			testTable,
			map[string]any{
				"text": "a", "number": 1, "single": "A", "multi": []string{"A"}, "date": day(0, 0), "checkbox": true,
				"user": []any{
					map[string]any{"id": "ou_zhang"},
				}, "url": map[string]any{"text": "site", "link": "https://a.example"}, "link": targets[:1],
			},
			map[string]any{
				"text":   "b",
				"number": 2.5,
				"single": "B",
				"multi":  []string{"A", "B"},
				"date":   day(0, 23),
				"phone":  "+861",
				"link":   targets,
			},
			map[string]any{"text": "c", "number": -3, "date": day(-1, 12), "location": "116.4,39.9"},
			map[string]any{"text": "d", "date": day(-7, 12), "group": []any{map[string]any{"id": "oc_a"}}},
		)
		b.must(err)
		for _, tc := range []struct{ field, operator, value, want string }{
			{"text", "is", `["a"]`, "a"},
			{"text", "isNot", `["a"]`, "b c d"},
			{"text", "contains", `["a"]`, "a"},
			{"text", "doesNotContain", `["a"]`, "b c d"},
			{"text", "isEmpty", `[]`, ""},
			{"phone", "isNotEmpty", `[]`, "b"},
			{"phone", "is", `["+861"]`, "b"},
			{"number", "is", `["2.5"]`, "b"},
			{"number", "isNot", `["2.5"]`, "a c d"},
			{"number", "isGreater", `["1"]`, "b"},
			{"number", "isGreaterEqual", `["1"]`, "a b"},
			{"number", "isLess", `["1"]`, "c"},
			{"number", "isLessEqual", `["1"]`, "a c"},
			{"number", "isEmpty", `[]`, "d"},
			{"single", "is", `["A"]`, "a"},
			{"single", "isNot", `["A"]`, "b c d"},
			{"single", "contains", `["A","B"]`, "a b"},
			{"single", "doesNotContain", `["A","B"]`, "c d"},
			{"multi", "is", `["A"]`, "a"},
			{"multi", "contains", `["B"]`, "b"},
			{"checkbox", "is", `["true"]`, "a"},
			{"checkbox", "is", `["false"]`, "b c d"},
			{"user", "contains", `["ou_zhang"]`, "a"},
			{"user", "isNot", `["ou_zhang"]`, "b c d"},
			{"url", "is", `["site"]`, "a"},
			{"location", "is", `["116.4,39.9"]`, "c"},
			{"location", "isNot", `["116.4,39.9"]`, "a b d"},
			{"location", "isNotEmpty", `[]`, "c"},
			{"link", "is", `["` + targets[0] + `"]`, "a"},
			{"link", "contains", `["` + targets[1] + `"]`, "b"},
			{"group", "is", `["oc_a"]`, "d"},
			{"file", "isEmpty", `[]`, "a b c d"},
			{"serial", "is", `["2"]`, "b"},
			{"creator", "is", `["ou_seed"]`, "a b c d"},
			{"created", "is", `["Today"]`, "a b c d"},
			{"date", "is", `["ExactDate","` + fmt.Sprint(day(0, 17)) + `"]`, "a b"},
			{"date", "isGreater", `["ExactDate","` + fmt.Sprint(day(-1, 17)) + `"]`, "a b"},
			{"date", "isLess", `["ExactDate","` + fmt.Sprint(day(0, 17)) + `"]`, "c d"},
			{"date", "is", `["Today"]`, "a b"},
			{"date", "is", `["Yesterday"]`, "c"},
			{"date", "is", `["Tomorrow"]`, ""},
			{"date", "isLess", `["Yesterday"]`, "d"},
			{"date", "is", `["CurrentWeek"]`, "a b c"},
			{"date", "is", `["LastWeek"]`, "d"},
			{"date", "is", `["CurrentMonth"]`, "a b"},
			{"date", "is", `["LastMonth"]`, "c d"},
			{"date", "is", `["TheLastWeek"]`, "a b c d"},
			{"date", "is", `["TheNextWeek"]`, "a b"},
			{"date", "is", `["TheLastMonth"]`, "a b c d"},
			{"date", "is", `["TheNextMonth"]`, "a b"},
		} {
			body := fmt.Sprintf(
				`{"filter":{"conjunction":"and","conditions":[{"field_name":%q,"operator":%q,"value":%s}]}}`,
				tc.field,
				tc.operator,
				tc.value,
			)
			p := b.do("POST", recordsPath+"/search", body).page(t)
			if got := p.column("text"); got != tc.want || p.Total != len(p.Items) {
				t.Errorf("%s %s %s: got %q of %d, want %q", tc.field, tc.operator, tc.value, got, p.Total, tc.want)
			}
		}
		for body, want := range map[string]string{
			`{"conjunction":"or","conditions":[{"field_name":"text","operator":"is","value":["a"]},{"field_name":"number",` +
				`"operator":"isLess","value":["0"]}]}`: "a c",
			`{"conjunction":"and","conditions":[{"field_name":"number","operator":"isGreater","value":["0"]}],` +
				`"children":[{"conjunction":"or","conditions":[{"field_name":"text","operator":"is","value":["b"]}]}]}`: "b",
			`{"conjunction":"and","children":[{"conjunction":"or","conditions":[{"field_name":"text","operator":"is","value":["c"]}]},` +
				`{"conjunction":"and","conditions":[{"field_name":"text","operator":"isNot","value":["b"]}]}]}`: "c",
			`{"conjunction":"and","conditions":[]}`: "a b c d",
		} {
			if got := b.do("POST", recordsPath+"/search", `{"filter":`+body+`}`).page(t).column("text"); got != want {
				t.Errorf("%s: got %q, want %q", body, got, want)
			}
		}
	})
}

func TestSearchFilterRefuses(t *testing.T) {
	t.Parallel()
	one := func(field, operator, value string) string {
		return fmt.Sprintf(`{"conjunction":"and","conditions":[{"field_name":%q,"operator":%q,"value":%s}]}`, field, operator, value)
	}
	conditions := `{"field_name":"text","operator":"isEmpty","value":[]}` + strings.Repeat(
		`,{"field_name":"text","operator":"isEmpty","value":[]}`,
		record.MaxConditions,
	)
	for name, tc := range map[string]struct {
		filter string
		code   int
	}{
		"an_unknown_column":            {one("x", "is", `["a"]`), 1254045},
		"a_value_that_is_no_array":     {one("text", "is", `"a"`), 1254018},
		"numbers_as_numbers":           {one("number", "is", `[1]`), 1254018},
		"a_missing_value":              {`{"conjunction":"and","conditions":[{"field_name":"text","operator":"isEmpty"}]}`, 1254018},
		"an_empty_value":               {one("text", "is", `[]`), 1254018},
		"two_texts":                    {one("text", "is", `["a","b"]`), 1254018},
		"eleven_values":                {one("multi", "contains", `["0","1","2","3","4","5","6","7","8","9","10"]`), 1254018},
		"two_options_with_is":          {one("multi", "is", `["A","B"]`), 1254018},
		"a_part_of_an_address":         {one("location", "contains", `["北京"]`), 1254018},
		"two_addresses":                {one("location", "is", `["a","b"]`), 1254018},
		"like":                         {one("text", "like", `["a"]`), 1254018},
		"in":                           {one("text", "in", `["a"]`), 1254018},
		"a_formula":                    {one("formula", "is", `["a"]`), 1254018},
		"a_lookup":                     {one("lookup", "isEmpty", `[]`), 1254018},
		"an_attachment_by_value":       {one("file", "is", `["a"]`), 1254018},
		"a_checkbox_isNot":             {one("checkbox", "isNot", `["true"]`), 1254018},
		"a_checkbox_isEmpty":           {one("checkbox", "isEmpty", `[]`), 1254018},
		"a_checkbox_yes":               {one("checkbox", "is", `["yes"]`), 1254018},
		"a_date_isGreaterEqual":        {one("date", "isGreaterEqual", `["ExactDate","0"]`), 1254018},
		"a_bare_timestamp":             {one("date", "is", `["1774281600000"]`), 1254018},
		"a_week_with_isGreater":        {one("date", "isGreater", `["CurrentWeek"]`), 1254018},
		"a_conjunction_that_is_none":   {`{"conjunction":"xor","conditions":[{"field_name":"text","operator":"isEmpty","value":[]}]}`, 1254018},
		"a_name_that_filters_have_not": {`{"conjunction":"and","condition":[]}`, 1254018},
		"fifty_one_conditions":         {`{"conjunction":"and","conditions":[` + conditions + `]}`, 1254018},
		"more_than_2000_chars":         {one("text", "is", `["`+strings.Repeat("长", record.MaxFilterChars)+`"]`), 1254107},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}, everyField()...).do("POST", recordsPath+"/search", `{"filter":`+tc.filter+`}`).want(t, 200, tc.code)
		})
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{}, everyField()...)
	_, err := b.base.AddRows(
		testTable,
		map[string]any{"text": "b", "number": 10, "date": 3}, map[string]any{"text": "a", "number": 9},
		map[string]any{"text": "c", "number": 10, "date": 2},
	)
	b.must(err)
	for sort, want := range map[string]string{
		`[{"field_name":"text"}]`: "a b c",
		`[{"field_name":"number","desc":true},{"field_name":"text","desc":true}]`: "c b a",
		`[{"field_name":"date"}]`:                  "a c b",
		`[{"field_name":"serial","desc":true}]`:    "c a b",
		`[{"field_name":"created","desc":false}]`:  "b a c",
		`[{"field_name":"modified","desc":false}]`: "b a c",
	} {
		if got := b.do("POST", recordsPath+"/search", `{"sort":`+sort+`}`).page(t).column("text"); got != want {
			t.Errorf("%s: got %q, want %q", sort, got, want)
		}
	}
}

func TestBatchGet(t *testing.T) {
	t.Parallel()
	t.Run("tells_found_absent_and_forbidden_apart", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		id := b.create(map[string]any{"标题": "a"}).ids()[0]
		r := b.do(
			"POST",
			recordsPath+"/batch_get",
			map[string]any{"record_ids": []string{id, "recUnknown1"}, "with_shared_url": true, "automatic_fields": true},
		)
		r.wantOK(t)
		for _, part := range []string{
			`"absent_record_ids":["recUnknown1"]`, `"forbidden_record_ids":[]`, `"shared_url":"https://`,
			`"created_time":`, id,
		} {
			if !strings.Contains(r.raw, part) {
				t.Errorf("%s is not in %s", part, r.raw)
			}
		}
	})
	for name, tc := range map[string]struct {
		body         any
		status, code int
	}{
		"no_ids":             {map[string]any{}, 400, 99992402},
		"a_malformed_id":     {map[string]any{"record_ids": []string{"x"}}, 400, 1254006},
		"an_unknown_id_type": {map[string]any{"record_ids": []string{"recA"}, "user_id_type": "name"}, 400, 99992402},
		"more_than_100_ids": {
			map[string]any{"record_ids": strings.Split(strings.Repeat("recA ", record.MaxBatchGet)+"recA", " ")},
			400,
			1254104,
		},
		"a_missing_body": {"", 400, 1254000},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}).do("POST", recordsPath+"/batch_get", tc.body).want(t, tc.status, tc.code)
		})
	}
	t.Run("answers_an_unknown_table_with_404", func(t *testing.T) {
		t.Parallel()
		setup(
			t,
			Options{},
		).do("POST", strings.Replace(recordsPath, testTable, "tblUnknown1", 1)+"/batch_get", map[string]any{"record_ids": []string{"recA1"}}).
			want(t, 404, 1254041)
	})
}

func TestLegacyReads(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{RatesOff: true}, everyField()...)
	ids, err := b.base.AddRows(
		testTable,
		map[string]any{"text": "a", "number": 1, "multi": []string{"A", "B"}, "date": 5, "checkbox": true},
		map[string]any{"text": `say "x"`, "number": 2}, map[string]any{"text": "c", "number": 3, "single": "A"},
	)
	b.must(err)
	list := func(query url.Values) reply { return b.do("GET", recordsPath+"?"+query.Encode(), nil) }
	t.Run("get_shows_text_as_segments_on_request", func(t *testing.T) {
		t.Parallel()
		r := b.do("GET", recordsPath+"/"+ids[0]+"?text_field_as_array=true&automatic_fields=true", nil)
		for _, part := range []string{
			`"text":[{"text":"a","type":"text"}]`, `"number":"1"`, `"id":"` + ids[0], `"created_by":`,
			`"formula":[{"text":"f","type":"text"}]`, `"lookup":[{"text":"1","type":"text"},{"text":"2","type":"text"}]`,
			`"creator":{"avatar_url":"","email":"","en_name":"seed","id":"ou_seed","name":"seed"}`, `"modifier":{"avatar_url":`,
		} {
			if !strings.Contains(r.raw, part) {
				t.Errorf("%s is not in %s", part, r.raw)
			}
		}
		b.do("GET", recordsPath+"/"+ids[0]+"?text_field_as_array=maybe", nil).want(t, 400, 99992402)
		b.do("GET", recordsPath+"/recUnknown1", nil).want(t, 200, 1254043)
		b.do("GET", recordsPath+"/x", nil).want(t, 200, 1254006)
	})
	t.Run("list_takes_names_sort_and_size", func(t *testing.T) {
		t.Parallel()
		r := list(url.Values{"field_names": {`["text"]`}, "sort": {`["number DESC"]`}, "page_size": {"2"}})
		p := r.page(t)
		if got := p.column("text"); got != `c say "x"` || !p.HasMore || p.Total != 3 || len(p.Items[0].Fields) != 1 {
			t.Errorf("got %s", r.raw)
		}
		list(url.Values{"sort": {`["number UP"]`}}).want(t, 200, 1254016)
		list(url.Values{"sort": {`number`}}).want(t, 200, 1254016)
		list(url.Values{"field_names": {`text`}}).want(t, 200, 1254024)
		list(url.Values{"view_id": {`vewUnknown1`}}).want(t, 200, 1254042)
	})
	for filter, want := range map[string]string{
		`CurrentValue.[text]="a"`:                                                                 "a",
		`CurrentValue.[text] != "a"`:                                                              `say "x" c`,
		`CurrentValue.[text]="say \"x\""`:                                                         `say "x"`,
		`AND(CurrentValue.[number]>1,CurrentValue.[number]<=3)`:                                   `say "x" c`,
		`OR(CurrentValue.[number]<2, CurrentValue.[single]="A")`:                                  "a c",
		`NOT(CurrentValue.[number]>=2)`:                                                           "a",
		`CurrentValue.[multi].contains("B","Z")`:                                                  "a",
		`CurrentValue.[text].contains("x")`:                                                       `say "x"`,
		`AND(OR(CurrentValue.[checkbox]=1,CurrentValue.[number]=3),NOT(CurrentValue.[text]="c"))`: "a",
		`CurrentValue.[date]=5`:                                                                   "a",
		`CurrentValue.[single]=""`:                                                                `a say "x"`,
	} {
		t.Run("list_filters_by_"+filter, func(t *testing.T) {
			t.Parallel()
			if got := list(url.Values{"filter": {filter}}).page(t).column("text"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	for filter, code := range map[string]int{
		`CurrentValue.[x]="a"`:        1254045,
		`text="a"`:                    1254018,
		`CurrentValue.[text]>"a"`:     1254018,
		`CurrentValue.[text]`:         1254018,
		`CurrentValue.[text]=`:        1254018,
		`CurrentValue.[text`:          1254018,
		`AND(CurrentValue.[number]>1`: 1254018,
		`CurrentValue.[number]>1 x`:   1254018,
		`NOT(CurrentValue.[number]>1,CurrentValue.[number]>1)`: 1254018,
		`CurrentValue.[text].contains(1)`:                      1254018,
		strings.Repeat("AND(", 30) + `CurrentValue.[number]>1`: 1254018,
		strings.Repeat("长", record.MaxFilterChars+1):           1254107,
	} {
		t.Run("list_refuses_"+filter[:min(len(filter), 40)], func(t *testing.T) {
			t.Parallel()
			list(url.Values{"filter": {filter}}).want(t, 200, code)
		})
	}
}

func TestLocationFilter(t *testing.T) {
	t.Parallel()
	for mode, want := range map[LocationMode][2]int{LocationEqual: {0, 1254018}, LocationText: {0, 0}, LocationNone: {1254018, 1254018}} {
		t.Run("takes_what_"+string(mode)+"_says", func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{LocationFilter: mode}, everyField()...)
			for i, operator := range []string{"is", "contains"} {
				b.do("POST", recordsPath+"/search", `{"filter":{"conjunction":"and","conditions":[{"field_name":"location","operator":"`+
					operator+`","value":["a"]}]}}`).
					want(t, 200, want[i])
			}
		})
	}
}
