package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// statuses are the problems of the contract that Feishu's codes become, and their HTTP status.
var statuses = map[string]int{
	"bad_app_credentials":  401,
	"app_not_collaborator": 403, "scope_missing": 403, "advanced_permission": 403, "ip_not_allowed": 403,
	"base_not_found": 404, "table_not_found": 404, "record_not_found": 404,
	"bad_parameter":   400,
	"field_not_found": 422, "invalid_rows": 422, "table_full": 422, "quota_exhausted": 422, "upstream_rejected": 422,
	"rate_limited": 429, "upstream_unavailable": 503,
}

// refusals says what a caller is told of Feishu's codes that mean the same whatever was called.
var refusals = map[string][]int{
	"bad_app_credentials":  {99991543, 99991662, 99991663, 99991664, 99991665, 99991668, 99991671, 99991673, 99991677},
	"app_not_collaborator": {91403, 1254027},
	"scope_missing":        {99991672, 99991676, 99991679},
	"advanced_permission":  {1254301, 1254302, 1254304},
	"ip_not_allowed":       {99991401},
	"base_not_found":       {91402, 1254003, 1254040},
	"table_not_found":      {1254004, 1254041},
	"record_not_found":     {1254006, 1254043},
	"field_not_found":      {1254009, 1254044},
	"bad_parameter":        {1254037},
	"table_full":           {1254100, 1254101, 1254102, 1254103, 1254105, 1254109, 1254306},
	"quota_exhausted":      {99991403},
	"upstream_rejected": {
		91401,
		91404,
		99991661,
		1254005,
		1254008,
		1254011,
		1254012,
		1254013,
		1254014,
		1254016,
		1254018,
		1254030,
		1254042,
		1254107,
		1254108,
	},
}

// rowRefusals are the codes by which Feishu refuses a row, and the code of the row's error. A read has no rows: there they are
// upstream_rejected, but for a column that is not there.
var rowRefusals = map[string][]int{
	"empty_row":         {1254007},
	"field_not_found":   {1254024, 1254045},
	"too_large":         {1254106, 1254130},
	"attachment_failed": {1254303},
	"value_mismatch": {
		9499, 99992402, 1254000, 1254001, 1254010, 1254015, 1254060, 1254061, 1254062, 1254063, 1254064, 1254065, 1254066, 1254067, 1254068,
		1254069, 1254070, 1254072, 1254074, 1254104,
	},
}

// passing are the codes after which the same call may succeed: a read that they stop is answered by the problem, a write is made
// again.
var passing = map[string][]int{
	"rate_limited":         {99991400, 1254290, 1254291},
	"upstream_unavailable": {2200, 1254002, 1254036, 1254607, 1254608, 1255001, 1255002, 1255003, 1255004, 1255005, 1255006, 1255040},
}

func lookUp(table map[string][]int, code int) string {
	for name, codes := range table {
		if slices.Contains(codes, code) {
			return name
		}
	}
	return ""
}

// endpoint is a call of Feishu's that a request leads to.
type endpoint struct {
	name  string
	write bool
	path  string
	body  string
}

var endpoints = []endpoint{
	{"record.batch_create", true, "/v1/records", `{"fields":{"标题":"新"}}`},
	{"record.batch_update", true, "/v1/records/update", `{"records":[{"record_id":"$RECORD","fields":{"标题":"新"}}]}`},
	{"record.search", false, "/v1/records", `{"fields":{"标题":"新"},"key_fields":"标题"}`},
	{"field.list", false, "/v1/records", `{"fields":{"标题":"新"}}`},
}

// met is one code of Feishu's, answered to one caller who has an app and a base of its own.
type met struct {
	endpoint
	sandbox.AnswerCode

	header map[string]string
	base   string
	table  string
	got    reply
}

// TestErrorTable lets Feishu answer every code of every call that record tools make, and checks what the caller is told.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			var all []*met
			for _, code := range h.sandbox.Codes() {
				if code.Endpoint == e.name || code.Endpoint == "*" {
					all = append(all, h.meet(e, code, len(all)))
				}
			}
			if len(all) < 60 {
				t.Errorf("only %d codes", len(all))
			}
			var callers sync.WaitGroup
			for _, m := range all {
				callers.Go(func() { m.got = h.do(request{path: m.path, header: m.header, body: m.body}) })
			}
			callers.Wait()
			for _, m := range all {
				m.check(t, h)
			}
		})
	}
}

// meet prepares the n-th caller and adds the fault: once for a transient code, otherwise for every call.
func (h *harness) meet(e endpoint, code sandbox.AnswerCode, n int) *met {
	h.t.Helper()
	app := fmt.Sprintf("cli_caller%d", n)
	m := &met{endpoint: e, AnswerCode: code, base: fmt.Sprintf("bascnCaller%d", n)}
	if err := h.sandbox.AddApp(sandbox.AppSpec{ID: app, Secret: "caller" + app}); err != nil {
		h.t.Fatal(err)
	}
	base, err := h.sandbox.AddBase(sandbox.BaseSpec{Token: m.base, Collaborators: []string{app}})
	if err != nil {
		h.t.Fatal(err)
	}
	if m.table, err = base.AddTable(table, sandbox.FieldSpec{Name: "标题", Type: 1}); err != nil {
		h.t.Fatal(err)
	}
	ids, err := base.AddRows(m.table, map[string]any{"标题": "旧"})
	if err != nil {
		h.t.Fatal(err)
	}
	m.header = map[string]string{"X-App-Id": app, "X-App-Secret": "caller" + app, "X-App-Token": m.base, "X-Table-Id": m.table}
	m.body = strings.ReplaceAll(e.body, "$RECORD", ids[0])
	fault := sandbox.Fault{Endpoint: e.name, App: app, Action: sandbox.ActionError, Code: code.Code}
	if e.write && lookUp(passing, code.Code) != "" {
		fault.Count = 1
	}
	h.fault(fault)
	return m
}

func (m *met) check(t *testing.T, h *harness) {
	t.Helper()
	if strings.Contains(m.got.raw, "caller"+m.header["X-App-Id"]) {
		t.Errorf("%d: the answer shows the secret: %s", m.Code, m.got.raw)
	}
	rows, err := h.sandbox.Rows(m.base, m.table)
	if err != nil {
		t.Fatal(err)
	}
	landed := slices.ContainsFunc(rows, func(row sandbox.Row) bool { return row.Write["标题"] == "新" })
	if passes := lookUp(passing, m.Code); m.write && passes != "" {
		if m.got.status != http.StatusOK || m.got.Created+m.got.Updated != 1 || !landed || len(rows) > 2 {
			t.Errorf("%d is not got over: %d %s, rows %v", m.Code, m.got.status, m.got.raw, rows)
		}
		return
	}
	if landed {
		t.Errorf("%d: a row was written", m.Code)
	}
	code, row := m.expect()
	if code == "" {
		t.Fatalf("%d %s is new: say what the caller is told of it", m.Code, m.Msg)
	}
	got := m.got
	if got.status != statuses[code] || got.Status != got.status || got.answer.Code != code {
		t.Errorf("%d: answered %d %s, want %d %s: %s", m.Code, got.status, got.answer.Code, statuses[code], code, got.raw)
	}
	again := code == "rate_limited" || code == "upstream_unavailable"
	if got.Retryable != again || (got.header.Get("Retry-After") != "") != again || got.Outcome != "not_written" {
		t.Errorf("%d: retryable %v, Retry-After %q, outcome %s", m.Code, got.Retryable, got.header.Get("Retry-After"), got.Outcome)
	}
	if got.Fix["zh"] == "" || got.Fix["en"] == "" || got.Title == "" || got.Detail == "" || !strings.HasSuffix(got.Type, "/errors/"+code) {
		t.Errorf("%d: words are missing: %s", m.Code, got.raw)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("%d: content type %s", m.Code, kind)
	}
	if row != "" && (len(got.Errors) != 1 || got.Errors[0].Code != row || got.Errors[0].FeishuCode != m.Code) {
		t.Errorf("%d: row errors %+v, want one %s", m.Code, got.Errors, row)
	}
	if got.Feishu == nil || got.Feishu.Code != m.Code || got.Feishu.LogID == "" {
		t.Errorf("%d: Feishu's own code or log_id is missing: %s", m.Code, got.raw)
	}
	if got.Feishu != nil && got.Feishu.LogID != "" && !strings.Contains(h.logs.String(), got.Feishu.LogID) {
		t.Errorf("%d: log_id %s is not in the log", m.Code, got.Feishu.LogID)
	}
}

// expect is the problem's code, and the row's where Feishu blames one.
func (m *met) expect() (code, row string) {
	if code = lookUp(refusals, m.Code); code != "" {
		if m.write && m.Code == 1254006 || m.name == "record.batch_update" && m.Code == 1254043 {
			row = "record_not_found"
		}
		return code, row
	}
	if code = lookUp(passing, m.Code); code != "" {
		return code, ""
	}
	switch row = lookUp(rowRefusals, m.Code); {
	case row == "":
		return "", ""
	case m.write:
		return "invalid_rows", row
	case row == "field_not_found":
		return row, ""
	}
	return "upstream_rejected", ""
}

// TestRowsThatFeishuRefuses: all rows of a request are told apart, and Feishu's words come along.
func TestRowsThatFeishuRefuses(t *testing.T) {
	t.Parallel()
	rows := `"records":[{"标题":"甲"},{"标题":"乙","播放量":"7"},{"标题":"丙"}],"typecast":false`

	t.Run("abort_names_the_row_and_what_Feishu_said", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.write(`{` + rows + `}`)
		if got.status != http.StatusUnprocessableEntity || len(got.Errors) != 1 || got.Errors[0].Index != 1 || got.Errors[0].Field != "播放量" ||
			got.Errors[0].Got != "7" || len(h.rows()) != 0 {
			t.Errorf("answered %s", got.raw)
		}
		if got.Feishu == nil || got.Feishu.Code != 1254061 || got.Feishu.LogID == "" {
			t.Errorf("what Feishu said is missing: %s", got.raw)
		}
	})

	t.Run("skip_writes_the_others", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.write(`{` + rows + `,"on_error":"skip"}`)
		if got.status != http.StatusOK || got.Created != 2 || got.Failed != 1 || got.Errors[0].FeishuCode != 1254061 || got.RecordIDs[1] != "" {
			t.Errorf("answered %s", got.raw)
		}
		addsUp(t, got)
	})
}
