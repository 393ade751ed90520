package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestKeyOfOneTable: a connection key that is limited to a table opens that table and shows nothing of the others, by
// whatever tool.
func TestKeyOfOneTable(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	if _, err := s.sandbox.AddBase(sandbox.BaseSpec{
		Token: "bascnElsewhere", Name: "别处", Collaborators: []string{appID}, WikiNode: "wikcnElsewhere",
	}); err != nil {
		t.Fatal(err)
	}
	byID, byName := s.key(baseName, s.table), s.key(baseName, "学习记录")

	for _, key := range []string{byID, byName} {
		for name, c := range map[string]struct{ path, body, want string }{
			"writes its rows": {"/v1/records", `{"fields":{"主题":"Go"}}`, `"created":1`},
			"reads its rows":  {"/v1/records/search", `{}`, `"ok":true`},
			"describes it":    {"/v1/tables/describe", `{}`, `"table_name":"学习记录"`},
			"diagnoses it":    {"/v1/diagnose", `{}`, `"ok":true`},
			"resolves a link to its base": {
				"/v1/links/resolve", `{"link":"https://example.feishu.cn/wiki/` + wikiNode + `"}`,
				`"app_token":"` + baseName + `"`,
			},
			"resolves its own link": {"/v1/links/resolve", `{}`, `"table_id":"` + s.table + `"`},
			"lists it":              {"/v1/tables/list", `{}`, `"tables":[{"table_id":"` + s.table + `","name":"学习记录"}]`},
			"uploads files for it":  {"/v1/attachments", `{"url":"data:text/plain,hello"}`, `"file_token":`},
			"takes its base for its table": {
				"/v1/tables/describe", `{"app_token":"https://example.feishu.cn/base/` + baseName + `"}`,
				`"table_name":"学习记录"`,
			},
		} {
			got := s.send(http.MethodPost, c.path, key, c.body, nil)
			if got.status != http.StatusOK || !strings.Contains(got.raw, c.want) {
				t.Errorf("%s: %d %s", name, got.status, got.raw)
			}
		}
		for name, c := range map[string]struct{ path, body string }{
			"writes elsewhere":              {"/v1/records", `{"table_id":"频道","fields":{"名称":"甲"}}`},
			"updates elsewhere":             {"/v1/records/update", `{"table_id":"频道","records":[{"record_id":"` + s.channel + `","名称":"甲"}]}`},
			"deletes elsewhere":             {"/v1/records/delete", `{"table_id":"频道","record_ids":["` + s.channel + `"]}`},
			"searches elsewhere":            {"/v1/records/search", `{"table_id":"频道"}`},
			"gets from elsewhere":           {"/v1/records/get", `{"table_id":"频道","record_ids":["` + s.channel + `"]}`},
			"describes another":             {"/v1/tables/describe", `{"table_id":"频道"}`},
			"guesses the name of another":   {"/v1/tables/describe", `{"table_id":"频"}`},
			"adds columns elsewhere":        {"/v1/fields", `{"table_id":"频道","fields":[{"name":"甲"}]}`},
			"makes a table":                 {"/v1/tables", `{"name":"新表","fields":[{"name":"甲"}]}`},
			"diagnoses another":             {"/v1/diagnose", `{"table_id":"频道"}`},
			"diagnoses a guess":             {"/v1/diagnose", `{"table_id":"频"}`},
			"resolves a link to another":    {"/v1/links/resolve", `{"link":"https://example.feishu.cn/base/` + baseName + `?table=tblNowhere1"}`},
			"resolves a link out of it":     {"/v1/links/resolve", `{"link":"https://example.feishu.cn/wiki/wikcnElsewhere"}`},
			"lists the tables of another":   {"/v1/tables/list", `{"app_token":"bascnElsewhere"}`},
			"uploads files to another base": {"/v1/attachments", `{"app_token":"bascnElsewhere","url":"data:text/plain,hello"}`},
		} {
			got := s.send(http.MethodPost, c.path, key, c.body, nil)
			refused := got.status == http.StatusForbidden && got.Code == "key_scope" ||
				c.path == "/v1/diagnose" && strings.HasPrefix(got.raw, `{"ok":false`)
			if !refused {
				t.Errorf("%s: %d %s", name, got.status, got.raw)
			}
			if strings.Contains(got.raw, "视频") || strings.Contains(got.raw, `"bascnElsewhere"`) {
				t.Errorf("%s: the answer shows what is elsewhere: %s", name, got.raw)
			}
		}
	}
	if made := s.sandbox.CallCount("table.create", ""); made != 0 {
		t.Errorf("%d tables were made", made)
	}
	if open := s.send(http.MethodPost, "/v1/tables/list", s.key(baseName, ""), `{}`, nil); strings.Count(open.raw, `"table_id"`) != 3 {
		t.Errorf("a key of the whole base lists %s", open.raw)
	}
}

// TestKeyAndJobs: a key of one table, or one base, is told of the jobs that write there and of no others, whether they wait, are
// stored by an earlier process, or are done.
func TestKeyAndJobs(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	open, base, table := s.key("", ""), s.key("https://example.feishu.cn/wiki/"+wikiNode, ""), s.key(baseName, "学习记录")
	elsewhere := s.key("bascnElsewhere", "")
	start := func(body string) string {
		t.Helper()
		got := s.send(http.MethodPost, "/v1/records", open, body, nil)
		if got.status != http.StatusAccepted {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		return got.JobID
	}
	check := func(when, own, other string) {
		t.Helper()
		for _, c := range []struct {
			name, key, job string
			status         int
		}{
			{"a table's key, its job", table, own, http.StatusOK},
			{"a table's key, another's", table, other, http.StatusNotFound},
			{"a base's key, a job of a table", base, own, http.StatusOK},
			{"a base's key, a job of another table", base, other, http.StatusOK},
			{"a key of another base", elsewhere, own, http.StatusNotFound},
			{"a key of any base", open, other, http.StatusOK},
		} {
			got := s.send(http.MethodPost, "/v1/jobs/get", c.key, `{"job_id":"`+c.job+`"}`, nil)
			if got.status != c.status || got.status != http.StatusOK && got.Code != "job_not_found" {
				t.Errorf("%s: %s: %d %s", when, c.name, got.status, got.raw)
			}
			if c.status == http.StatusNotFound {
				if got = s.send(http.MethodPost, "/v1/jobs/cancel", c.key, `{"job_id":"`+c.job+`"}`, nil); got.Code != "job_not_found" {
					t.Errorf("%s: %s: cancelling it: %d %s", when, c.name, got.status, got.raw)
				}
			}
		}
		unknown := s.send(http.MethodPost, "/v1/jobs/get", table, `{"job_id":"job_nowhere"}`, nil)
		if got := s.send(http.MethodPost, "/v1/jobs/get", table, `{"job_id":"`+other+`"}`, nil); got.Detail != unknown.Detail {
			t.Errorf("%s: the answer tells that the job exists: %s", when, got.raw)
		}
	}
	at := `"app_token":"` + baseName + `","async":true,`
	s.fault(sandbox.Fault{Endpoint: "record.batch_create", Count: 100, Action: sandbox.ActionError, Code: 1254290})
	own := start(`{` + at + `"table_id":"` + s.table + `","fields":{"主题":"Go"}}`)
	other := start(`{` + at + `"table_id":"频道","fields":{"名称":"甲"}}`)
	check("under way", own, other)
	s.stop()
	s.open()
	check("after a restart", own, other)
	s.sandbox.ClearFaults()
	for _, id := range []string{own, other} {
		if job := s.await(id); job.State != "done" {
			t.Fatalf("%s", job.raw)
		}
	}
	check("done", own, other)
	s.stop()
	s.open()
	check("done, after a restart", own, other)
}
