package e2e_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// realCall is one call of a tool whose answer must fit the schema that is published for it.
type realCall struct {
	name, tool, body string
	header           map[string]string // over HTTP and MCP; an empty value removes the header
	failed           bool              // the answer is a problem
	httpOnly         bool
}

// realCalls are good and failed calls of every tool, dry runs, accepted jobs and what comes of them. known is a record of the table.
func realCalls(known, done, failed, dropped string) []realCall {
	wrongSecret := map[string]string{"X-App-Secret": "wrong"}
	return []realCall{
		{name: "a write", tool: "write_records", body: `{"records":[{"主题":"a","学习时长(分钟)":"30"}]}`},
		{name: "a repaired write", tool: "write_records", body: `{"records":"[{'主题': 'b', '学习时长(分钟)': '1,030'}]"}`},
		{name: "no rows at all", tool: "write_records", body: `{"records":[]}`},
		{name: "a write that returns rows", tool: "write_records", body: `{"records":[{"主题":"c"}],"return":"rows"}`},
		{name: "a write that returns nothing", tool: "write_records", body: `{"records":[{"主题":"d"}],"return":"none"}`},
		{name: "a dry run", tool: "write_records", body: `{"records":[{"主题":"e"}],"dry_run":true}`},
		{name: partlyRefused, tool: "write_records", body: `{"records":[{"主题":"f"},{"主体":"f"}],"on_error":"skip"}`},
		{name: "an accepted write", tool: "write_records", body: `{"records":[{"主题":"g"}],"async":true}`},
		{name: "an unknown column", tool: "write_records", body: `{"records":[{"主体":"h"}]}`, failed: true},
		{name: "no body", tool: "write_records", body: `{}`, failed: true},
		{name: "a wrong option", tool: "write_records", body: `{"records":[{"主题":"i"}],"on_error":"maybe"}`, failed: true},
		{name: "an update", tool: "update_records", body: `{"records":[{"record_id":"` + known + `","主题":"j"}]}`},
		{name: "an update of none", tool: "update_records", body: `{"records":[{"record_id":"recNone","主题":"j"}]}`, failed: true},
		{name: "a search", tool: "search_records", body: `{"where":{"主题":"a"}}`},
		{name: "a search in Feishu's shape", tool: "search_records", body: `{"shape":"feishu","limit":1}`},
		{name: "a search by an unknown column", tool: "search_records", body: `{"where":{"主体":"a"}}`, failed: true},
		{name: "records", tool: "get_records", body: `{"record_ids":["` + known + `","recNone"]}`},
		{name: "records of no ids", tool: "get_records", body: `{}`, failed: true},
		{name: "a deletion that is only tried", tool: "delete_records", body: `{"record_ids":["` + known + `"],"dry_run":true}`},
		{name: "a deletion of none", tool: "delete_records", body: `{"record_ids":["recNone"]}`, failed: true},
		{name: "a job that is done", tool: "get_job", body: `{"job_id":"` + done + `"}`},
		{name: "a job that failed", tool: "get_job", body: `{"job_id":"` + failed + `"}`},
		{name: "a job that there is none of", tool: "get_job", body: `{"job_id":"job_none"}`, failed: true},
		{name: "a job that was cancelled", tool: "get_job", body: `{"job_id":"` + dropped + `"}`},
		{name: "a job that is cancelled again", tool: "cancel_job", body: `{"job_id":"` + dropped + `"}`},
		{name: "the end of a job that is done", tool: "cancel_job", body: `{"job_id":"` + done + `"}`, failed: true},
		{name: "a description", tool: "describe_table", body: `{}`},
		{name: "a description with a wrong secret", tool: "describe_table", body: `{}`, header: wrongSecret, failed: true},
		{name: "the tables", tool: "list_tables", body: `{}`},
		{name: "the tables of no base", tool: "list_tables", body: `{"app_token":"bascnNone1"}`, failed: true},
		{name: "a new table", tool: "create_table", body: `{"name":"新表 NEXT","sample_rows":[{"标题":"a","日期":"2026-03-04"}]}`},
		{name: "a table without columns", tool: "create_table", body: `{"name":"空"}`, failed: true},
		{name: "new columns", tool: "create_fields", body: `{"fields":[{"name":"阶段","type":"single_select","options":["一"]},{"name":"主题"}]}`},
		{name: "columns of no type that there is", tool: "create_fields", body: `{"fields":[{"name":"x","type":"none"}]}`, failed: true},
		{name: "a link", tool: "resolve_link", body: `{"link":"https://example.feishu.cn/base/` + baseName + `?table=tblExample"}`},
		{name: "a link that is none", tool: "resolve_link", body: `{"link":"https://example.com/"}`, failed: true},
		{name: "a file", tool: "upload_attachment", body: `{"url":"data:text/plain;base64,aGVsbG8=","name":"a.txt"}`},
		{name: "a file from nowhere", tool: "upload_attachment", body: `{}`, failed: true},
		{name: "a diagnosis", tool: "diagnose_connection", body: `{}`},
		{name: "a diagnosis of a wrong secret", tool: "diagnose_connection", body: `{}`, header: wrongSecret},
		{name: "a diagnosis of no base", tool: "diagnose_connection", body: `{"app_token":"bascnNone1"}`},
		{name: "the views", tool: "list_views", body: `{}`},
		{name: "the views of no base", tool: "list_views", body: `{"app_token":"bascnNone1"}`, failed: true},
		{name: "a column that goes", tool: "delete_field", body: `{"field":"列 NEXT"}`},
		{name: "a column that there is none of", tool: "delete_field", body: `{"field":"没有"}`, failed: true},
		{name: "a column with one more option", tool: "update_field", body: `{"field":"阶段","options":[{"name":"选项 NEXT"}]}`},
		{name: "a change of nothing", tool: "update_field", body: `{"field":"主题"}`, failed: true},
		{name: "a view", tool: "create_view", body: `{"name":"视图 NEXT","where":{"主题":"a"}}`},
		{name: "a view without a name", tool: "create_view", body: `{}`, failed: true},
		{name: "a base", tool: "create_base", body: `{"name":"新库"}`, httpOnly: true}, // the key of the session is for one base
		{name: "a base without a name", tool: "create_base", body: `{}`, failed: true},
		{name: "a connection key", tool: "create_connection", body: `{}`, httpOnly: true},
		{name: "a connection key of no lifetime", tool: "create_connection", body: `{"expires_in":-1}`, failed: true, httpOnly: true},
	}
}

// partlyRefused names the call whose good answer has the codes of rows.
const partlyRefused = "a write of which a part is refused"

var nextName atomic.Int64

// next returns the body of one more call: the names of new tables differ.
func (c realCall) next() string {
	return strings.ReplaceAll(c.body, "NEXT", strconv.FormatInt(nextName.Add(1), 10))
}

// prepare returns the body of one more call, and makes the column that a deletion is to find.
func (h *harness) prepare(c realCall) string {
	h.t.Helper()
	body := c.next()
	if c.tool == "delete_field" && !c.failed {
		var asked struct{ Field string }
		if err := json.Unmarshal([]byte(body), &asked); err != nil {
			h.t.Fatal(err)
		}
		// The answer has lists where a receipt has counts, so that only its status is read.
		made, _ := h.try(h.t.Context(), request{path: "/v1/fields", body: `{"fields":[{"name":"` + asked.Field + `"}]}`})
		if made.status != http.StatusOK {
			h.t.Fatalf("the column is not made: %d %s", made.status, made.raw)
		}
	}
	return body
}

// TestAnswersFitTheirSchemas makes real calls of every tool against the simulator, over HTTP, softly, and over MCP, and checks each
// answer against every schema that is published for it.
func TestAnswersFitTheirSchemas(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	ids := s.seed(map[string]any{"主题": "known"}, map[string]any{"主题": "gone"})
	done := s.await(s.write(`{"fields":{"主题":"job"},"async":true}`).JobID)
	gone := s.await(s.do(request{path: "/v1/records/delete", body: `{"record_ids":["` + ids[1] + `"],"async":true}`}).JobID)
	s.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionError, Code: 1254103, Count: 1})
	failed := s.await(s.write(`{"fields":{"主题":"full"},"async":true}`).JobID)
	if done.State != "done" || gone.State != "done" || failed.State != "failed" {
		t.Fatalf("%s %s %s", done.raw, gone.raw, failed.raw)
	}
	dropped := s.cancelImport()
	schemas := s.answerSchemas()
	for _, job := range []reply{done, gone, failed} {
		if err := schemas.check("/v1/jobs/get", job); err != nil {
			t.Errorf("%s: %v", job.raw, err)
		}
	}
	calls := realCalls(ids[0], done.JobID, failed.JobID, dropped.JobID)
	seen := map[string]bool{}
	for _, one := range calls {
		seen[one.tool] = true
		known, _ := app.Catalogue().Find(one.tool)
		t.Run(one.tool+" answers "+one.name+" as documented", func(t *testing.T) {
			for _, query := range []string{"", "soft_errors=true"} {
				got, _ := s.try(t.Context(), request{path: known.Path, query: query, body: s.prepare(one), header: one.header})
				if got.raw == "" || strings.Contains(got.raw, `"code":"`) != one.failed && one.tool != "diagnose_connection" &&
					one.tool != "get_job" && one.name != partlyRefused || query != "" && got.status >= http.StatusBadRequest {
					t.Errorf("answered %d %s", got.status, got.raw)
				}
				if err := schemas.check(known.Path, got); err != nil {
					t.Errorf("%s: %v", got.raw, err)
				}
				if strings.Contains(one.body, `"dry_run":true`) && !strings.Contains(got.raw, "试运行") {
					t.Errorf("the message does not say that it is a dry run: %s", got.raw)
				}
			}
		})
	}
	for _, one := range app.Catalogue() {
		if !seen[one.Name] {
			t.Errorf("%s is not called", one.Name)
		}
	}
	header := bearer(s.key(baseName, ""))
	header["X-Table-Id"] = s.table
	c := s.connectTo("/mcp"+allFamilies, header)
	outputs := c.outputs()
	for _, one := range calls {
		if one.httpOnly {
			continue
		}
		t.Run(one.tool+" answers "+one.name+" over MCP as listed", func(t *testing.T) {
			to := c
			if one.header != nil {
				to = s.connectTo("/mcp"+allFamilies, map[string]string{
					"X-Passphrase": s.secrets.passphrase, "X-App-Id": appID, "X-App-Secret": one.header["X-App-Secret"],
					"X-App-Token": baseName, "X-Table-Id": s.table,
				})
			}
			answer, isError := to.call(one.tool, json.RawMessage(s.prepare(one)))
			if isError != one.failed {
				t.Errorf("answered %v", answer)
			}
			if err := fits(outputs[one.tool], bodyJSON(t, answer)); err != nil {
				t.Errorf("%v: %v", answer, err)
			}
		})
	}
}
