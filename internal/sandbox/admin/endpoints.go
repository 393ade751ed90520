package admin

import "net/http"

// endpoint is one call of the admin API, with a line in both languages for the index page.
type endpoint struct {
	Method, Path string
	zh, en       string
	answer       func(*http.Request) (any, error)
}

// Page reports whether a browser may open it as a link: it reads, and its path needs nothing filled in.
func (e endpoint) Page() bool { return e.Method == http.MethodGet && !hasParameter(e.Path) }

func hasParameter(path string) bool {
	for _, c := range path {
		if c == '{' {
			return true
		}
	}
	return false
}

const rowsOfTable = "/sandbox/bases/{app_token}/tables/{table_id}"

// endpoints are all calls of the admin API: the router and the index page are made of this list.
func (a *Admin) endpoints() []endpoint {
	return []endpoint{
		{
			"GET", "/sandbox/health", "是否在运行", "is it running",
			func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil },
		},
		{
			"POST", "/sandbox/reset", "忘掉一切，只留设置", "forget everything but the options",
			func(*http.Request) (any, error) { a.server.Reset(); return done, nil },
		},
		{
			"GET", "/sandbox/options", "全部设置：延迟、限频、飞书没有写明的行为", "all options: latency, rates, what Feishu does not document",
			func(*http.Request) (any, error) { return a.server.Options(), nil },
		},
		{"PATCH", "/sandbox/options", "改写点名的设置", "change the options that are named", a.adminOptions},
		{
			"GET", "/sandbox/endpoints", "模拟的飞书接口", "the Feishu endpoints that are simulated",
			func(*http.Request) (any, error) { return map[string]any{"endpoints": a.server.Endpoints()}, nil },
		},
		{
			"GET", "/sandbox/codes", "每个接口可能返回的错误码", "the codes that each endpoint can answer",
			func(*http.Request) (any, error) { return map[string]any{"codes": a.server.Codes()}, nil },
		},
		{"POST", "/sandbox/apps", "添加应用", "add an app", a.adminApp},
		{"POST", "/sandbox/bases", "添加多维表格，可带数据表", "add a base, with tables", a.adminBase},
		{"POST", "/sandbox/bases/{app_token}/tables", "添加数据表", "add a table", a.adminTable},
		{"POST", "/sandbox/people", "添加人员", "add a person", a.adminPerson},
		{"GET", rowsOfTable + "/rows", "全部记录（JSON）", "all rows (JSON)", a.adminRows},
		{"POST", rowsOfTable + "/rows", "直接写入记录", "add rows", a.adminAddRows},
		{"GET", rowsOfTable + "/counts", "某列每个值的记录数（?column=）", "rows by value of a column (?column=)", a.adminCounts},
		{
			"GET", "/sandbox/files", "上传过的文件", "uploaded files",
			func(*http.Request) (any, error) { return map[string]any{"files": a.Files()}, nil },
		},
		{"GET", "/sandbox/verify", "检查数据是否自洽", "check the invariants of the data", a.adminVerify},
		{
			"GET", "/sandbox/calls", "调用计数", "counters of calls",
			func(*http.Request) (any, error) { return map[string]any{"calls": a.server.Calls()}, nil },
		},
		{
			"GET", "/sandbox/journal", "最近的调用，不含内容", "the newest calls, without content",
			func(*http.Request) (any, error) { return map[string]any{"journal": a.server.Journal()}, nil },
		},
		{
			"DELETE", "/sandbox/calls", "清空计数和记录", "empty counters and journal",
			func(*http.Request) (any, error) { a.server.ResetCalls(); return done, nil },
		},
		{
			"GET", "/sandbox/faults", "故障脚本", "the script of faults",
			func(*http.Request) (any, error) { return map[string]any{"faults": a.server.Faults()}, nil },
		},
		{"POST", "/sandbox/faults", "添加故障", "add a fault", a.adminFault},
		{
			"DELETE", "/sandbox/faults", "清空故障", "remove all faults",
			func(*http.Request) (any, error) { a.server.ClearFaults(); return done, nil },
		},
		{"DELETE", "/sandbox/faults/{id}", "删除一个故障", "remove a fault", a.adminRemoveFault},
		{"POST", "/sandbox/tokens/expire", "让访问令牌提前过期或失效", "expire or revoke tokens", a.adminExpire},
		{
			"POST", "/sandbox/client_tokens/forget", "忘掉所有 client_token", "forget every client_token",
			func(*http.Request) (any, error) { a.server.ForgetClientTokens(); return done, nil },
		},
	}
}
