package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/admin"
)

// admin sends an admin request and returns status and body.
func (b *bundle) admin(method, path, body string) (int, string) {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.sb.ServeHTTP(w, httptest.NewRequestWithContext(b.t.Context(), method, "/sandbox"+path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func (b *bundle) adminOK(method, path, body string) string {
	b.t.Helper()
	status, text := b.admin(method, path, body)
	if status != 200 {
		b.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return text
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	t.Run("seeds_a_sandbox_that_another_process_uses", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.adminOK("POST", "/reset", "")
		if len(b.sb.Calls()) != 0 {
			t.Error("reset kept the counters")
		}
		b.adminOK("POST", "/apps", `{"app_id":"cli_other","app_secret":"s","scopes":["bitable:app"]}`)
		made := b.adminOK(
			"POST",
			"/bases",
			`{"app_token":"`+testBase+`","name":"x","time_zone":"UTC","collaborators":["cli_other"],"tables":[{"table_id":"`+testTable+
				`","name":"a","fields":[{"field_name":"标题","type":1}]}]}`,
		)
		if made != `{"app_token":"`+testBase+`","table_ids":["`+testTable+`"]}` {
			t.Errorf("got %s", made)
		}
		b.adminOK("POST", "/people", `{"open_id":"ou_zhang","name":"张三","email":"zhang@example.com"}`)
		b.adminOK(
			"POST",
			"/bases/"+testBase+"/tables",
			`{"name":"b","fields":[{"field_name":"t","type":1},{"field_name":"s","type":3,"property":{"options":[{"name":"A","color":3}]}}]}`+" ",
		)
		b.adminOK("POST", "/bases/"+testBase+"/tables/"+testTable+"/rows", `{"rows":[{"标题":"seeded"}]}`)
		b.token = b.login("cli_other", "s")
		b.create(map[string]any{"标题": "written"}).wantOK(t)
		rows := b.adminOK("GET", "/bases/"+testBase+"/tables/"+testTable+"/rows", "")
		for _, part := range []string{`"write":{"标题":"seeded"}`, `"read":{"标题":[{"text":"written","type":"text"}]}`, `"call":3`} {
			if !strings.Contains(rows, part) {
				t.Errorf("%s is not in %s", part, rows)
			}
		}
		if counts := b.adminOK("GET", "/bases/"+testBase+"/tables/"+testTable+"/counts?column="+url.QueryEscape("标题"),
			""); counts != `{"counts":{"seeded":1,"written":1}}` {
			t.Errorf("got %s", counts)
		}
		calls := b.adminOK("GET", "/calls", "")
		if !strings.Contains(calls, `{"endpoint":"record.batch_create","app_id":"cli_other","status":200,"code":0,"calls":1,"rows":1}`) {
			t.Errorf("got %s", calls)
		}
		journal := b.adminOK("GET", "/journal", "")
		if !strings.Contains(journal, `"path":"/open-apis`+recordsPath+`/batch_create"`) || strings.Contains(journal, "written") {
			t.Errorf("got %s", journal)
		}
		b.adminOK("DELETE", "/calls", "")
		if len(b.sb.Calls()) != 0 || len(b.sb.Journal()) != 0 {
			t.Error("counters or journal are not empty")
		}
		b.adminOK("GET", "/verify", "")
		b.adminOK("GET", "/health", "")
		for path, part := range map[string]string{
			"/endpoints": `{"name":"record.batch_create","method":"POST",` +
				`"path":"/open-apis/bitable/v1/apps/:app_token/tables/:table_id/records/batch_create"}`,
			"/codes": `{"code":1254037,"status":400,"msg":"Invalid client token, make sure that it complies with the specification.",` +
				`"endpoint":"record.batch_create"}`,
		} {
			if text := b.adminOK("GET", path, ""); !strings.Contains(text, part) {
				t.Errorf("%s lacks %s", path, part)
			}
		}
		if files := b.adminOK("GET", "/files", ""); files != `{"files":[]}` {
			t.Errorf("got %s", files)
		}
	})
	t.Run("changes_the_options_that_are_named", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{RecordLimit: 7})
		shown := b.adminOK("PATCH", "/options", `{"write_per_call":"300ms","rates_off":true,"client_token":"conflict"}`)
		options := b.sb.Options()
		if options.Write.PerCall != 300*time.Millisecond || !options.RatesOff || options.ClientToken != ClientTokenConflict ||
			options.RecordLimit != 7 {
			t.Errorf("got %+v", options)
		}
		if again := b.adminOK("GET", "/options", ""); again != shown || !strings.Contains(shown, `"token_ttl":"2h0m0s"`) {
			t.Errorf("got %s and %s", shown, again)
		}
	})
	t.Run("scripts_faults", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		made := b.adminOK("POST", "/faults", `{"endpoint":"record.batch_create","skip":1,"count":1,"action":"slow_body","delay":"1ms"}`)
		b.create(map[string]any{}).wantOK(t)
		b.create(map[string]any{}).wantOK(t)
		list := b.adminOK("GET", "/faults", "")
		for _, part := range []string{`"delay":"1ms"`, `"seen":2`, `"struck":1`, `"when":"before"`} {
			if !strings.Contains(list, part) {
				t.Errorf("%s is not in %s", part, list)
			}
		}
		var id struct{ ID string }
		b.must(json.Unmarshal([]byte(made), &id))
		b.adminOK("DELETE", "/faults/"+id.ID, "")
		if status, _ := b.admin("DELETE", "/faults/"+id.ID, ""); status != 404 {
			t.Errorf("removed twice: %d", status)
		}
		b.adminOK("POST", "/faults", `{"action":"cut"}`)
		b.adminOK("DELETE", "/faults", "")
		b.create(map[string]any{}).wantOK(t)
	})
	t.Run("expires_and_revokes_tokens", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.adminOK("POST", "/tokens/expire", `{"app_id":"`+testApp+`","left":"29m"}`)
		b.create(map[string]any{}).wantOK(t)
		if next := b.login(testApp, testSecret); next == b.token {
			t.Error("no new token below 30 minutes")
		}
		b.adminOK("POST", "/tokens/expire", `{"left":"0s"}`)
		b.create(map[string]any{}).want(t, 400, 99991663)
	})
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
	}{
		"an_unknown_path":         {"GET", "/nothing", "", 404},
		"an_unknown_table":        {"GET", "/bases/" + testBase + "/tables/tblUnknown1/rows", "", 404},
		"counts_of_no_column":     {"GET", "/bases/" + testBase + "/tables/" + testTable + "/counts?column=x", "", 404},
		"rows_for_an_unknown":     {"POST", "/bases/bascnUnknown01/tables/tblA/rows", `{"rows":[]}`, 404},
		"a_table_for_an_unknown":  {"POST", "/bases/bascnUnknown01/tables", `{"name":"a"}`, 404},
		"rows_that_do_not_fit":    {"POST", "/bases/" + testBase + "/tables/" + testTable + "/rows", `{"rows":[{"标题":1}]}`, 400},
		"a_table_of_a_used_name":  {"POST", "/bases/" + testBase + "/tables", `{"name":"数据"}`, 400},
		"a_base_that_exists":      {"POST", "/bases", `{"app_token":"` + testBase + `"}`, 400},
		"a_base_with_a_bad_table": {"POST", "/bases", `{"tables":[{"name":""}]}`, 400},
		"an_app_without_secret":   {"POST", "/apps", `{"app_id":"cli_a"}`, 400},
		"a_person_without_id":     {"POST", "/people", `{}`, 400},
		"an_option_it_has_not":    {"PATCH", "/options", `{"write_delay":"1s"}`, 400},
		"an_option_value_unknown": {"PATCH", "/options", `{"overload":"x"}`, 400},
		"a_fault_name_unknown":    {"POST", "/faults", `{"actoin":"cut"}`, 400},
		"a_negative_life":         {"POST", "/tokens/expire", `{"left":"-1s"}`, 400},
		"a_body_of_two_values":    {"POST", "/people", `{} {}`, 400},
		"no_body":                 {"POST", "/apps", ``, 400},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			if status, text := setup(t, Options{}).admin(tc.method, tc.path, tc.body); status != tc.status {
				t.Errorf("got %d %s", status, text)
			}
		})
	}
	t.Run("refuses_a_body_over_the_limit", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		w := httptest.NewRecorder()
		b.sb.ServeHTTP(
			w,
			httptest.NewRequestWithContext(t.Context(), "POST", "/sandbox/people", bytes.NewReader(make([]byte, admin.MaxAdminBody+1))),
		)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "too large") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
