package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/contact"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

const (
	tablesPath = "/bitable/v1/apps/" + testBase + "/tables"
	fieldsPath = tablesPath + "/" + testTable + "/fields"
)

// into decodes data.
func (r reply) into(t *testing.T, v any) {
	t.Helper()
	r.wantOK(t)
	if err := json.Unmarshal(r.Data, v); err != nil {
		t.Fatal(err)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	t.Run("are_listed_in_pages_with_total", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		for n := range 24 {
			_, err := b.base.AddTable(fmt.Sprint("t", n))
			b.must(err)
		}
		var first, second struct {
			Items []struct {
				TableID  string `json:"table_id"`
				Name     string
				Revision int
			}
			HasMore   bool   `json:"has_more"`
			PageToken string `json:"page_token"`
			Total     int
		}
		b.do("GET", tablesPath, nil).into(t, &first)
		b.do("GET", tablesPath+"?page_size=100&page_token="+first.PageToken, nil).into(t, &second)
		if len(first.Items) != 20 || !first.HasMore || first.Total != 25 || first.Items[0].TableID != testTable || len(second.Items) != 5 ||
			second.HasMore {
			t.Errorf("got %+v and %+v", first, second)
		}
		b.do("GET", tablesPath+"?page_size=101", nil).want(t, 400, 99992402)
	})
	t.Run("are_created_with_fields_and_a_view", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		var made struct {
			TableID string   `json:"table_id"`
			ViewID  string   `json:"default_view_id"`
			Fields  []string `json:"field_id_list"`
		}
		b.do("POST", tablesPath, `{"table":{"name":"新表","default_view_name":"全部","fields":[{"field_name":"标题","type":1},`+
			`{"field_name":"状态","type":3,"property":{"options":[{"name":"完成","color":1}]}}]}}`).
			into(t, &made)
		if !strings.HasPrefix(made.ViewID, "vew") || len(made.Fields) != 2 {
			t.Errorf("got %+v", made)
		}
		b.do("POST", tablesPath+"/"+made.TableID+"/records", `{"fields":{"标题":"a","状态":"完成"}}`).wantOK(t)
		r := b.do("GET", tablesPath+"/"+made.TableID+"/views", nil)
		if !strings.Contains(r.raw, `"view_id":"`+made.ViewID+`","view_name":"全部","view_type":"grid","view_public_level":"Public"`) {
			t.Errorf("got %s", r.raw)
		}
		b.do("GET", tablesPath+"/"+made.TableID+"/views/"+made.ViewID, nil).wantOK(t)
		b.do("GET", tablesPath+"/"+made.TableID+"/views/vewUnknown1", nil).want(t, 404, 1254042)
		b.do("GET", tablesPath+"/"+made.TableID+"/views/x", nil).want(t, 400, 1254005)
	})
	for _, path := range []string{tablesPath, tablesPath + "/" + testTable + "/fields", tablesPath + "/" + testTable + "/views"} {
		t.Run("have_no_page_of_0_in_"+path, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}).do("GET", path+"?page_size=0", nil).want(t, 400, 1254011)
		})
	}
	for name, tc := range map[string]struct {
		body         string
		status, code int
	}{
		"no_table":                   {`{}`, 400, 99992402},
		"a_duplicate_name":           {`{"table":{"name":"数据"}}`, 200, 1254013},
		"a_name_with_a_slash":        {`{"table":{"name":"a/b"}}`, 400, 99992402},
		"an_empty_name":              {`{"table":{"name":""}}`, 400, 99992402},
		"a_name_over_100_characters": {`{"table":{"name":"` + strings.Repeat("长", 101) + `"}}`, 400, 99992402},
		"a_view_name_without_fields": {`{"table":{"name":"a","default_view_name":"b"}}`, 400, 99992402},
		"two_fields_of_one_name": {
			`{"table":{"name":"a","fields":[{"field_name":"b","type":1},{"field_name":"b","type":1}]}}`, 400,
			1254014,
		},
		"a_primary_field_of_checkbox": {`{"table":{"name":"a","fields":[{"field_name":"b","type":7}]}}`, 400, 1254012},
		"more_than_300_fields": {`{"table":{"name":"a","fields":[{"field_name":"b","type":1}` +
			strings.Repeat(`,{"field_name":"c","type":1}`, base.MaxFields) + `]}}`, 400, 99992402},
	} {
		t.Run("are_not_created_with_"+name, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}).do("POST", tablesPath, tc.body).want(t, tc.status, tc.code)
		})
	}
	t.Run("number_at_most_100_in_a_base", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		for n := range base.MaxTables - 1 {
			_, err := b.base.AddTable(fmt.Sprint("t", n))
			b.must(err)
		}
		b.do("POST", tablesPath, `{"table":{"name":"one more"}}`).want(t, 200, 1254100)
	})
	t.Run("are_created_in_batch_all_or_nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.do("POST", tablesPath+"/batch_create", `{"tables":[{"name":"a"},{"name":"数据"}]}`).want(t, 400, 1254013)
		b.do("POST", tablesPath+"/batch_create", `{}`).want(t, 400, 99992402)
		r := b.do("POST", tablesPath+"/batch_create", `{"tables":[{"name":"a"},{"name":"b"}]}`)
		r.wantOK(t)
		if strings.Count(r.raw, `"tbl`) != 2 || !strings.Contains(b.do("GET", tablesPath, nil).raw, `"total":3`) {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("are_renamed_and_deleted_but_not_the_last_one", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		id, err := b.base.AddTable("other")
		b.must(err)
		b.do("PATCH", tablesPath+"/"+id, `{"name":"数据"}`).want(t, 400, 1254013)
		b.do("PATCH", tablesPath+"/"+id, `{"name":"a*"}`).want(t, 400, 99992402)
		b.do("PATCH", tablesPath+"/"+id, `{"name":"renamed"}`).wantOK(t)
		if !strings.Contains(b.do("GET", tablesPath, nil).raw, `"name":"renamed"`) {
			t.Error("not renamed")
		}
		b.do("POST", tablesPath+"/batch_delete", `{"table_ids":["`+id+`","`+testTable+`"]}`).want(t, 403, 1254034)
		b.do("POST", tablesPath+"/batch_delete", `{"table_ids":["tblUnknown1"]}`).want(t, 200, 1254041)
		b.do("POST", tablesPath+"/batch_delete", `{"table_ids":["`+strings.Repeat(`a","`, base.MaxTableDelete)+`b"]}`).want(t, 400, 99992402)
		b.do("POST", tablesPath+"/batch_delete", `{}`).want(t, 400, 99992402)
		b.do("DELETE", tablesPath+"/"+id, nil).wantOK(t)
		b.do("DELETE", tablesPath+"/"+testTable, nil).want(t, 403, 1254034)
		other, err := b.base.AddTable("other")
		b.must(err)
		b.do("POST", tablesPath+"/batch_delete", `{"table_ids":["`+other+`"]}`).wantOK(t)
	})
	t.Run("that_are_new_are_unknown_for_the_creation_lag", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{CreationLag: 2 * time.Second})
			var made struct {
				TableID string `json:"table_id"`
			}
			b.do("POST", tablesPath, `{"table":{"name":"new"}}`).into(t, &made)
			b.do("POST", fieldsPath, `{"field_name":"新","type":1}`).wantOK(t)
			records := tablesPath + "/" + made.TableID + "/records"
			b.do("POST", records, `{"fields":{}}`).want(t, 200, 1254041)
			b.create(map[string]any{"新": "a"}).want(t, 200, 1254045)
			if strings.Contains(b.do("GET", fieldsPath, nil).raw, "新") {
				t.Error("the new field is listed already")
			}
			<-time.After(2 * time.Second)
			b.do("POST", records, `{"fields":{}}`).wantOK(t)
			b.create(map[string]any{"新": "a"}).wantOK(t)
		})
	})
}

func TestViews(t *testing.T) {
	t.Parallel()
	const path = tablesPath + "/" + testTable + "/views"
	t.Run("are_created_renamed_and_deleted_but_not_the_last_one", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		var made struct {
			View state.View `json:"view"`
		}
		b.do("POST", path, `{"view_name":"看板","view_type":"kanban"}`).into(t, &made)
		if made.View.Type != "kanban" {
			t.Errorf("got %+v", made)
		}
		b.do("PATCH", path+"/"+made.View.ID, `{"view_name":"表格"}`).want(t, 400, 1254020)
		b.do("PATCH", path+"/"+made.View.ID, `{"view_name":"改名","property":{}}`).wantOK(t)
		if r := b.do("GET", path, nil); !strings.Contains(r.raw, `"view_name":"改名"`) || !strings.Contains(r.raw, `"total":2`) {
			t.Errorf("got %s", r.raw)
		}
		b.do("DELETE", path+"/"+made.View.ID, nil).wantOK(t)
		b.do("DELETE", path+"/"+made.View.ID, nil).want(t, 200, 1254042)
		b.do("DELETE", path+"/x", nil).want(t, 200, 1254005)
		b.do("DELETE", path+"/"+b.stored().Tables[testTable].Views[0].ID, nil).want(t, 200, 1254023)
	})
	for name, tc := range map[string]struct {
		body string
		code int
	}{
		"no_name":          {`{}`, 1254021},
		"a_duplicate_name": {`{"view_name":"表格"}`, 1254020},
		"a_bracket":        {`{"view_name":"a[b]"}`, 1254022},
		"a_long_name":      {`{"view_name":"` + strings.Repeat("长", base.MaxViewNameChars+1) + `"}`, 1254022},
		"an_unknown_type":  {`{"view_name":"a","view_type":"list"}`, 1254019},
	} {
		t.Run("are_not_created_with_"+name, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}).do("POST", path, tc.body).want(t, 200, tc.code)
		})
	}
	t.Run("number_at_most_200", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{RatesOff: true})
		for n := range base.MaxViews - 1 {
			b.do("POST", path, fmt.Sprintf(`{"view_name":"v%d"}`, n)).wantOK(t)
		}
		b.do("POST", path, `{"view_name":"one more"}`).want(t, 200, 1254101)
	})
	viewOf := func(b *bundle) string { return path + "/" + b.stored().Tables[testTable].Views[0].ID }
	columns := []FieldSpec{
		{Name: "标题", Type: 1}, {Name: "数量", Type: 2}, {Name: "状态", Type: 3, Options: []string{"完成", "进行中"}}, {Name: "日期", Type: 5},
	}
	fieldID := func(b *bundle, name string) string { return b.stored().Tables[testTable].ByName[name].ID }
	filter := func(b *bundle, column, operator, value string) string {
		return fmt.Sprintf(`{"filter_info":{"conjunction":"and","conditions":[{"field_id":%q,"operator":%q,"value":%q}]}}`,
			fieldID(b, column), operator, value)
	}
	t.Run("take_and_show_a_filter_and_keep_what_a_change_leaves_out", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{ConflictQueue: true}, columns...)
		b.create(map[string]any{"标题": "a", "状态": "完成"}, map[string]any{"标题": "b", "状态": "进行中"}, map[string]any{"标题": "c"}).wantOK(t)
		b.do("PATCH", viewOf(b), `{"property":`+filter(b, "状态", "is", `["完成"]`)+`}`).wantOK(t)
		b.do("PATCH", viewOf(b), `{"property":{"filter_info":null,"hidden_fields":["`+fieldID(b, "数量")+`"]}}`).wantOK(t)
		for _, r := range []reply{b.do("GET", viewOf(b), nil), b.do("GET", path, nil)} {
			if !strings.Contains(r.raw, `"field_type":3,"operator":"is","value":"[\"完成\"]"`) || !strings.Contains(r.raw, `"hidden_fields":["fld`) {
				t.Errorf("got %s", r.raw)
			}
		}
		id := b.stored().Tables[testTable].Views[0].ID
		for _, r := range []reply{
			b.do("POST", recordsPath+"/search", `{"view_id":"`+id+`"}`), b.do("GET", recordsPath+"?view_id="+id, nil),
		} {
			if !strings.Contains(r.raw, `"total":1`) || !strings.Contains(r.raw, "完成") {
				t.Errorf("the rows of the view: %s", r.raw)
			}
		}
		r := b.do("POST", recordsPath+"/search", `{"view_id":"`+id+`","sort":[{"field_name":"标题"}]}`)
		if !strings.Contains(r.raw, `"total":3`) { // the view is ignored
			t.Errorf("sorted: %s", r.raw)
		}
		b.do("DELETE", fieldsPath+"/"+fieldID(b, "状态"), nil).wantOK(t)
		if r := b.do("POST", recordsPath+"/search", `{"view_id":"`+id+`"}`); !strings.Contains(r.raw, `"total":3`) {
			t.Errorf("after the column is gone: %s", r.raw)
		}
	})
	for name, tc := range map[string]struct {
		property     func(b *bundle) string
		status, code int
	}{
		"a_conjunction_that_is_none": {func(*bundle) string { return `{"filter_info":{"conjunction":"xor","conditions":[]}}` }, 400, 99992402},
		"no_conditions":              {func(*bundle) string { return `{"filter_info":{"conjunction":"and"}}` }, 400, 99992402},
		"more_than_50_conditions": {func(*bundle) string {
			return `{"filter_info":{"conjunction":"and","conditions":[` + strings.Repeat("{},", base.MaxViewConditions) + `{}]}}`
		}, 400, 99992402},
		"more_than_300_hidden_columns": {func(*bundle) string {
			return `{"hidden_fields":["a"` + strings.Repeat(`,"a"`, base.MaxHiddenFields) + `]}`
		}, 400, 99992402},
		"an_unknown_column":        {func(*bundle) string { return `{"hidden_fields":["fldUnknown1"]}` }, 404, 1254044},
		"an_unknown_nesting":       {func(*bundle) string { return `{"hierarchy_config":{"field_id":"fldUnknown1"}}` }, 404, 1254044},
		"an_unknown_operator":      {func(b *bundle) string { return filter(b, "标题", "like", `["a"]`) }, 400, 1254018},
		"an_operator_of_no_date":   {func(b *bundle) string { return filter(b, "日期", "isGreaterEqual", `["Today"]`) }, 400, 1254018},
		"a_value_that_is_no_list":  {func(b *bundle) string { return filter(b, "标题", "is", `a`) }, 400, 1254018},
		"a_value_that_is_a_number": {func(b *bundle) string { return filter(b, "数量", "is", `[1]`) }, 400, 1254018},
	} {
		t.Run("do_not_take_"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{}, columns...)
			b.do("PATCH", viewOf(b), `{"property":`+tc.property(b)+`}`).want(t, tc.status, tc.code)
			if b.stored().Tables[testTable].Views[0].Property != nil {
				t.Error("the property was taken")
			}
		})
	}
}

func TestApps(t *testing.T) {
	t.Parallel()
	t.Run("are_shown_with_their_time_zone", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{}).do("GET", "/bitable/v1/apps/"+testBase, nil)
		r.wantOK(t)
		for _, part := range []string{
			`"app_token":"` + testBase + `"`, `"name":"示例"`, `"time_zone":"Asia/Shanghai"`,
			`"is_advanced":false`, `"revision":`, `"formula_type":1`,
		} {
			if !strings.Contains(r.raw, part) {
				t.Errorf("%s is not in %s", part, r.raw)
			}
		}
	})
	t.Run("are_renamed", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.do("PUT", "/bitable/v1/apps/"+testBase, `{"name":"改名"}`).wantOK(t)
		b.do("PUT", "/bitable/v1/apps/"+testBase, `{"name":""}`).want(t, 200, 1254031)
		if r := b.do("GET", "/bitable/v1/apps/"+testBase, nil); !strings.Contains(r.raw, `"name":"改名"`) {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("are_created_with_a_table_of_blank_rows", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		var made struct {
			App struct {
				AppToken string `json:"app_token"`
				TableID  string `json:"default_table_id"`
				TimeZone string `json:"time_zone"`
				URL      string
			}
		}
		b.do("POST", "/bitable/v1/apps", `{"name":"新","time_zone":"Europe/Berlin"}`).into(t, &made)
		if made.App.TimeZone != "Europe/Berlin" || b.sb.RowCount(made.App.AppToken, made.App.TableID) != base.DefaultRows ||
			!strings.HasSuffix(made.App.URL, made.App.AppToken) {
			t.Errorf("got %+v", made)
		}
		b.do("GET", "/bitable/v1/apps/"+made.App.AppToken+"/tables", nil).wantOK(t)
		b.do("POST", "/bitable/v1/apps", nil).wantOK(t)
		b.do("POST", "/bitable/v1/apps", `{"name":"`+strings.Repeat("长", 256)+`"}`).want(t, 400, 1254031)
		b.do("POST", "/bitable/v1/apps", `{"time_zone":"Mars/Base"}`).want(t, 400, 99992402)
	})
	t.Run("are_created_in_a_folder_that_the_app_has_made", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.must(b.sb.AddApp(AppSpec{ID: testApp, Secret: testSecret, Folders: []string{"fldcnExample"}}))
		b.must(b.sb.AddApp(AppSpec{ID: "cli_other", Secret: "x", Folders: []string{"fldcnOther"}}))
		b.do("POST", "/bitable/v1/apps", `{"folder_token":"fldcnExample"}`).wantOK(t)
		b.do("POST", "/bitable/v1/apps", `{"folder_token":"fldcnOther"}`).want(t, 403, 1254701)
		b.do("POST", "/bitable/v1/apps", `{"folder_token":"fldcnUnknown"}`).want(t, 404, 1254702)
	})
}

func TestWiki(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{})
	_, err := b.sb.AddBase(BaseSpec{Token: wikiBase, Name: "知识库", Collaborators: []string{testApp}, WikiNode: "wikcnExample01"})
	b.must(err)
	_, err = b.sb.AddBase(BaseSpec{Token: foreignWikiBase, WikiNode: "wikcnExample02"})
	b.must(err)
	for query, want := range map[string]int{
		"?token=wikcnExample01":                     0,
		"?token=wikcnExample01&obj_type=wiki":       0,
		"?token=bascnWiki00001&obj_type=bitable":    0,
		"?token=wikcnUnknown01":                     131005,
		"?token=wikcnExample01&obj_type=docx":       131005,
		"?token=" + testBase + "&obj_type=bitable":  131005,
		"?token=wikcnExample01&obj_type=other_type": 131002,
		"?token=wikcnExample02":                     131006,
		"":                                          99992402,
	} {
		t.Run("answers_"+query, func(t *testing.T) {
			t.Parallel()
			r := b.do("GET", "/wiki/v2/spaces/get_node"+query, nil)
			if r.Code != want || (want != 0) != (r.status == 400) {
				t.Errorf("got %d %s", r.status, r.raw)
			}
			if want == 0 && (!strings.Contains(r.raw, `"obj_token":"`+wikiBase+`"`) || !strings.Contains(r.raw, `"obj_type":"bitable"`)) {
				t.Errorf("got %s", r.raw)
			}
			for _, member := range []string{`"obj_edit_time":"`, `"node_create_time":"`, `"node_creator":"ou_`} {
				if want == 0 && !strings.Contains(r.raw, member) {
					t.Errorf("%s is not in %s", member, r.raw)
				}
			}
		})
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{})
	b.must(b.sb.AddPerson(PersonSpec{OpenID: "ou_zhang", UserID: "u1", Name: "张三", Email: "zhang@example.com", Mobile: "13800000000"}))
	const path = "/contact/v3/users/batch_get_id"
	t.Run("are_found_by_email_and_mobile", func(t *testing.T) {
		t.Parallel()
		r := b.do("POST", path+"?user_id_type=user_id", `{"emails":["Zhang@example.com","nobody@example.com"],"mobiles":["+8613800000000"]}`)
		const status = `"status":{"is_activated":true,"is_exited":false,"is_frozen":false,"is_resigned":false,"is_unjoin":false},`
		want := `{"user_list":[{"email":"Zhang@example.com",` + status +
			`"user_id":"u1"},{"email":"nobody@example.com"},{"mobile":"+8613800000000",` + status + `"user_id":"u1"}]}`
		if string(r.Data) != want {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("show_no_status_to_an_app_without_the_scope", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.must(b.sb.AddPerson(PersonSpec{OpenID: "ou_li", Email: "li@example.com"}))
		b.must(b.sb.AddApp(AppSpec{ID: testApp, Secret: testSecret, Scopes: []string{"contact:user.id:readonly"}}))
		r := b.do("POST", path, `{"emails":["li@example.com"]}`)
		if string(r.Data) != `{"user_list":[{"email":"li@example.com","user_id":"ou_li"}]}` {
			t.Errorf("got %s", r.raw)
		}
	})
	for name, body := range map[string]string{
		"more_than_50_emails":  `{"emails":["a"` + strings.Repeat(`,"a"`, contact.MaxLookup) + `]}`,
		"more_than_50_mobiles": `{"mobiles":["1"` + strings.Repeat(`,"1"`, contact.MaxLookup) + `]}`,
		"a_bad_body":           `[`,
	} {
		t.Run("are_not_looked_up_with_"+name, func(t *testing.T) {
			t.Parallel()
			b.do("POST", path, body).want(t, 400, 99992402)
		})
	}
	t.Run("need_an_open_id", func(t *testing.T) {
		t.Parallel()
		if b.sb.AddPerson(PersonSpec{Name: "x"}) == nil {
			t.Error("no error")
		}
	})
}
