package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestToken(t *testing.T) {
	t.Parallel()
	const path = "/auth/v3/tenant_access_token/internal"
	login := map[string]string{"app_id": testApp, "app_secret": testSecret}

	t.Run("is_the_same_until_30_minutes_are_left_then_both_are_valid", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			first := b.do("POST", path, login)
			<-time.After(89 * time.Minute)
			second := b.do("POST", path, login)
			if second.Token != first.Token || second.Expire != 31*60 {
				t.Errorf("with 31 minutes left: token changed or expire %d is not 1860", second.Expire)
			}
			<-time.After(2 * time.Minute)
			third := b.do("POST", path, login)
			if third.Token == first.Token || third.Expire != 7200 {
				t.Errorf("with 29 minutes left: same token or expire %d is not 7200", third.Expire)
			}
			for _, token := range []string{first.Token, third.Token} {
				b.token = token
				b.create(map[string]any{"标题": "a"}).wantOK(t)
			}
			<-time.After(29 * time.Minute)
			b.token = first.Token
			b.create(map[string]any{"标题": "a"}).want(t, 400, 99991663)
		})
	})
	t.Run("comes_at_the_top_level_and_the_path_may_end_in_a_slash", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		r := b.do("POST", path+"/", login)
		r.wantOK(t)
		if r.Data != nil || !strings.HasPrefix(r.Token, "t-") || r.Msg != "ok" {
			t.Errorf("got %s", r.raw)
		}
		r = b.do("POST", "/auth/v3/app_access_token/internal", login)
		if !strings.Contains(r.raw, `"app_access_token":"t-`) || r.Token == "" {
			t.Errorf("got %s", r.raw)
		}
	})
	for name, tc := range map[string]struct {
		body         any
		status, code int
	}{
		"refuses_an_unknown_app":       {map[string]string{"app_id": "cli_other", "app_secret": testSecret}, 200, 10003},
		"refuses_a_wrong_secret":       {map[string]string{"app_id": testApp, "app_secret": "wrong"}, 200, 10014},
		"refuses_a_body_that_is_empty": {"", 200, 10003},
		"refuses_a_missing_secret":     {map[string]string{"app_id": testApp}, 200, 10003},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, Options{}).do("POST", path, tc.body)
			r.want(t, tc.status, tc.code)
			if string(r.Data) != "{}" {
				t.Errorf("data is %s, not {}", r.Data)
			}
		})
	}
	t.Run("answers_a_wrong_secret_with_the_status_of_the_option", func(t *testing.T) {
		t.Parallel()
		setup(t, Options{SecretStatus: 400}).do("POST", path, map[string]string{"app_id": testApp, "app_secret": "wrong"}).want(t, 400, 10014)
	})
	t.Run("that_was_revoked_is_refused_and_the_next_one_works", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.sb.RevokeTokens(testApp)
		b.create(map[string]any{}).want(t, 400, 99991663)
		b.token = b.login(testApp, testSecret)
		b.create(map[string]any{}).wantOK(t)
	})
	t.Run("is_limited_when_the_option_says_so", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{TokensPerMinute: 2}) // setup takes one
		b.do("POST", path, login).wantOK(t)
		b.do("POST", path, login).want(t, 429, 99991400)
	})
}

func TestAuthorisation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header       string
		status, code int
	}{
		"needs_a_header":                {"", 400, 99991661},
		"needs_the_Bearer_prefix":       {"t-fake", 400, 99991661},
		"refuses_a_tenant_token":        {"Bearer t-fake", 400, 99991663},
		"refuses_a_user_token":          {"Bearer eyJfake", 400, 99991668},
		"refuses_a_token_of_other_kind": {"Bearer fake", 400, 99991671},
	} {
		t.Run(name+"_before_it_looks_at_parameters", func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			r := b.request("POST", recordsPath+"/search", "{bad body")
			r.Header.Del("Authorization")
			if tc.header != "" {
				r.Header.Set("Authorization", tc.header)
			}
			answer := b.send(r)
			answer.want(t, tc.status, tc.code)
			if answer.Error.LogID == "" || answer.Error.LogID != answer.header.Get("X-Tt-Logid") || answer.header.Get("X-Request-Id") == "" {
				t.Errorf("log id %q, headers %v", answer.Error.LogID, answer.header)
			}
		})
	}
	t.Run("names_the_scopes_that_are_missing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.must(b.sb.AddApp(AppSpec{ID: testApp, Secret: testSecret, Scopes: []string{"bitable:app:readonly"}}))
		b.do("POST", recordsPath+"/search", nil).wantOK(t)
		r := b.create(map[string]any{})
		r.want(t, 400, 99991672)
		for _, part := range []string{
			"Access denied. One of the following scopes is required: [base:record:create, bitable:app]",
			`{"type":"action_scope_required","subject":"bitable:app"}`, `"helps":[{"url":"https://open.feishu.cn/app/cli_example/auth?q=`,
		} {
			if !strings.Contains(r.raw, part) {
				t.Errorf("%s is not in %s", part, r.raw)
			}
		}
	})
	t.Run("refuses_an_address_outside_the_allow_list_but_not_at_the_token_endpoint", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.must(b.sb.AddApp(AppSpec{ID: testApp, Secret: testSecret, IPAllow: []string{"203.0.113.7"}}))
		b.token = b.login(testApp, testSecret)
		b.create(map[string]any{}).want(t, 400, 99991401)
		r := b.request("POST", recordsPath, map[string]any{"fields": map[string]any{}})
		r.RemoteAddr = "203.0.113.7:4711"
		b.send(r).wantOK(t)
	})
}

func TestGateway(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ method, path string }{
		"unknown_path":         {"GET", "/bitable/v9/apps"},
		"wrong_method":         {"GET", "/auth/v3/tenant_access_token/internal"},
		"trailing_slash":       {"POST", recordsPath + "/batch_create/"},
		"empty_path_parameter": {"GET", "/bitable/v1/apps//tables"},
	} {
		t.Run("answers_an_"+name+"_with_a_plain_404", func(t *testing.T) {
			t.Parallel()
			r := setup(t, Options{}).do(tc.method, tc.path, nil)
			if r.status != http.StatusNotFound || r.raw != "404 page not found" || r.header.Get("Content-Type") != "text/plain" {
				t.Errorf("got %d %q %v", r.status, r.raw, r.header)
			}
		})
	}
	for _, path := range []string{
		"/base/v3/bases/" + testBase + "/tables/" + testTable + "/records", "/base/v2/apps/" + testBase + "/roles",
		"/bitable/v1/apps/" + testBase + "/dashboards", "/bitable/v1/apps/" + testBase + "/tables/" + testTable + "/forms/vewA",
		"/im/v1/messages",
		"/auth/v3/tenant_access_token",
	} {
		t.Run("says_of_"+path+"_that_the_gap_is_the_simulator's", func(t *testing.T) {
			t.Parallel()
			r := setup(t, Options{}).do("POST", path, "{}")
			if r.status != http.StatusNotFound || !strings.HasPrefix(r.raw, "404 page not found\nThis is Rowgate's simulator") ||
				!strings.Contains(r.raw, "模拟器") {
				t.Errorf("got %d %q", r.status, r.raw)
			}
		})
	}
	t.Run("takes_a_trailing_slash_on_Bitable_paths_where_that_is_set", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{TrailingSlash: true})
		b.do("GET", "/bitable/v1/apps/"+testBase+"/tables/", nil).wantOK(t)
		if r := b.do("GET", "/wiki/v2/spaces/get_node/?token=x", nil); r.status != http.StatusNotFound {
			t.Errorf("got %d %s", r.status, r.raw)
		}
	})
	t.Run("answers_a_body_over_the_limit_with_an_HTML_page", func(t *testing.T) {
		t.Parallel()
		r := setup(t, Options{MaxBodyBytes: 200}).do("POST", recordsPath, strings.Repeat(" ", 201))
		if r.status != http.StatusRequestEntityTooLarge || !strings.Contains(r.raw, "<center>nginx</center>") {
			t.Errorf("got %d %q", r.status, r.raw)
		}
		setup(t, Options{MaxBodyBytes: 200}).do("POST", recordsPath, `{"fields":{}}`+strings.Repeat(" ", 187)).wantOK(t)
	})
}

func TestAccess(t *testing.T) {
	t.Parallel()
	other := func(t *testing.T, spec BaseSpec) *bundle {
		b := setup(t, Options{})
		spec.Token = otherBase
		base, err := b.sb.AddBase(spec)
		b.must(err)
		_, err = base.AddTableSpec(TableSpec{ID: testTable, Name: "x"})
		b.must(err)
		_, err = base.AddRows(testTable, map[string]any{"多行文本": "a"})
		b.must(err)
		return b
	}
	const path = "/bitable/v1/apps/" + otherBase + "/tables/" + testTable + "/records"
	row := map[string]any{"fields": map[string]any{}}
	t.Run("knows_no_wiki_token_as_a_base", func(t *testing.T) {
		t.Parallel()
		b := other(t, BaseSpec{Collaborators: []string{testApp}, WikiNode: "wikcnExample01"})
		r := b.do("POST", strings.Replace(path, otherBase, "wikcnExample01", 1), row)
		r.want(t, 400, 91402)
		if r.Msg != "NOTEXIST" || string(r.Data) != "{}" {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("refuses_an_app_that_is_no_collaborator", func(t *testing.T) {
		t.Parallel()
		r := other(t, BaseSpec{}).do("POST", path, row)
		r.want(t, 403, 91403)
		if r.Msg != "Forbidden" || string(r.Data) != "{}" {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("lets_a_reader_read_but_not_write", func(t *testing.T) {
		t.Parallel()
		b := other(t, BaseSpec{Readers: []string{testApp}})
		b.do("POST", path, row).want(t, 403, 1254302)
		r := b.do("POST", path+"/search", nil)
		if !strings.Contains(r.raw, `"total":1`) {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("shows_a_reader_no_rows_under_advanced_permissions", func(t *testing.T) {
		t.Parallel()
		b := other(t, BaseSpec{Readers: []string{testApp}, Advanced: true})
		r := b.do("POST", path+"/search", nil)
		r.wantOK(t)
		if !strings.Contains(r.raw, `"items":[]`) || !strings.Contains(r.raw, `"total":0`) {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("lets_an_editor_write_rows_that_advanced_permissions_hide_from_it", func(t *testing.T) {
		t.Parallel()
		b := other(t, BaseSpec{Editors: []string{testApp}, Advanced: true})
		var made struct {
			Record struct {
				ID string `json:"record_id"`
			}
		}
		b.do("POST", path, row).into(t, &made)
		if r := b.do("POST", path+"/search", nil); !strings.Contains(r.raw, `"items":[]`) {
			t.Errorf("search: %s", r.raw)
		}
		for _, absent := range []bool{false, true} {
			b.must(b.sb.SetOptions(Options{HiddenAbsent: absent}))
			r := b.do("POST", path+"/batch_get", `{"record_ids":["`+made.Record.ID+`"]}`)
			if want := map[bool]string{false: "forbidden_record_ids", true: "absent_record_ids"}[absent]; !strings.Contains(
				r.raw, `"`+want+`":["`+made.Record.ID+`"]`) {
				t.Errorf("batch_get: %s", r.raw)
			}
		}
		other(t, BaseSpec{Editors: []string{testApp}}).do("POST", path+"/search", nil).wantOK(t)
	})
	t.Run("refuses_while_the_base_is_copied", func(t *testing.T) {
		t.Parallel()
		other(t, BaseSpec{Collaborators: []string{testApp}, Copying: true}).do("POST", path, row).want(t, 400, 1254036)
	})
	for name, tc := range map[string]struct {
		base, table string
		status      int
		code        int
	}{
		"malformed_base":  {"x-y", testTable, 200, 1254003},
		"malformed_table": {testBase, "vewExample1", 200, 1254004},
		"unknown_table":   {testBase, "tblUnknown1", 200, 1254041},
	} {
		t.Run("refuses_an_"+name, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}).do("POST", "/bitable/v1/apps/"+tc.base+"/tables/"+tc.table+"/records", row).want(t, tc.status, tc.code)
		})
	}
	t.Run("refuses_to_write_a_synced_table", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		_, err := b.base.AddTableSpec(TableSpec{ID: "tblSynced1", Name: "synced", Synced: true, Fields: []FieldSpec{{Name: "标题", Type: 1}}})
		b.must(err)
		ids, err := b.base.AddRows("tblSynced1", map[string]any{"标题": "from elsewhere"})
		b.must(err)
		records := strings.Replace(recordsPath, testTable, "tblSynced1", 1)
		b.do("POST", records, `{"fields":{}}`).want(t, 403, 1254304)
		b.do("DELETE", records+"/"+ids[0], nil).want(t, 403, 1254304)
		b.do("GET", records+"/"+ids[0], nil).wantOK(t)
	})
}

func TestPersonalBaseToken(t *testing.T) {
	t.Parallel()
	const personal = "pt-exampleToken"
	prepare := func(t *testing.T) *bundle {
		b := setup(t, Options{})
		base, err := b.sb.AddBase(BaseSpec{Token: otherBase, PersonalToken: personal})
		b.must(err)
		_, err = base.AddTableSpec(TableSpec{ID: "tblOther1", Name: "a", Fields: []FieldSpec{{Name: "标题", Type: 1}}})
		b.must(err)
		b.token = personal
		return b
	}
	const tables = "/bitable/v1/apps/" + otherBase + "/tables"
	t.Run("opens_the_Bitable_calls_of_its_base", func(t *testing.T) {
		t.Parallel()
		b := prepare(t)
		b.do("POST", tables+"/tblOther1/records", `{"fields":{"标题":"a"}}`).wantOK(t)
		b.do("POST", tables+"/tblOther1/records/search", nil).wantOK(t)
		b.do("GET", tables, nil).wantOK(t)
		for _, call := range b.sb.Journal() {
			if strings.Contains(call.App, personal) {
				t.Errorf("the journal shows the token: %+v", call)
			}
		}
	})
	t.Run("takes_a_trailing_slash", func(t *testing.T) {
		t.Parallel()
		prepare(t).do("GET", tables+"/", nil).wantOK(t)
	})
	t.Run("opens_no_other_base", func(t *testing.T) {
		t.Parallel()
		prepare(t).do("GET", "/bitable/v1/apps/"+testBase+"/tables", nil).want(t, 403, 91403)
	})
	for name, path := range map[string]string{"wiki": "/wiki/v2/spaces/get_node?token=x", "drive": mediaPath +
		"batch_get_tmp_download_url?file_tokens=a"} {
		t.Run("opens_nothing_of_"+name, func(t *testing.T) {
			t.Parallel()
			prepare(t).do("GET", path, nil).want(t, 400, 99991663)
		})
	}
	t.Run("makes_no_base", func(t *testing.T) {
		t.Parallel()
		prepare(t).do("POST", "/bitable/v1/apps", `{"name":"x"}`).want(t, 400, 99991663)
	})
	t.Run("belongs_to_one_base", func(t *testing.T) {
		t.Parallel()
		if _, err := prepare(t).sb.AddBase(BaseSpec{PersonalToken: personal}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("that_is_unknown_is_refused", func(t *testing.T) {
		t.Parallel()
		b := prepare(t)
		b.token = "pt-unknown"
		b.do("GET", tables, nil).want(t, 400, 99991671)
	})
	t.Run("is_taken_at_its_own_hosts_and_nowhere_that_apps_are", func(t *testing.T) {
		t.Parallel()
		b := prepare(t)
		app := setup(t, Options{})
		for host, wants := range map[string][2]int{ // codes for the PersonalBaseToken, for an app's token
			"base-api.feishu.cn": {0, 99991663}, "base-api.larksuite.com": {0, 99991663},
			"open.feishu.cn": {99991671, 0}, "open.larksuite.com": {99991671, 0},
		} {
			for i, call := range []*http.Request{b.request("GET", tables, nil), app.request("GET", recordsPath, nil)} {
				call.Host = host
				if got := []*bundle{b, app}[i].send(call); got.Code != wants[i] {
					t.Errorf("%s, token %d: %s", host, i, got.raw)
				}
			}
		}
	})
}
