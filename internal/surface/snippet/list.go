package snippet

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// PathList is the page of the generators; with a slash behind it too.
const PathList = "/connect"

// generator is an entry of the page. What only a model or a person imports has no query of its own.
type generator struct {
	Path    string
	Query   string
	Meaning problem.Text
}

// generators are what the page lists, in its order.
func generators() []generator {
	const table = "?table=<link>&columns=<a,b>"
	return []generator{
		{PathDifyWorkflow, table, problem.Text{ZH: "Dify 工作流文件（DSL）", EN: "a Dify workflow file (DSL)"}},
		{PathCurl, table, problem.Text{ZH: "cURL 命令；n8n 用 Import cURL 导入", EN: "a cURL command; n8n takes it with Import cURL"}},
		{PathPowerShell, table, problem.Text{ZH: "PowerShell 脚本", EN: "a PowerShell script"}},
		{PathPython, table, problem.Text{ZH: "Python 程序，只用标准库", EN: "a Python program, standard library alone"}},
		{PathGo, table, problem.Text{ZH: "Go 程序，只用标准库", EN: "a Go program, standard library alone"}},
		{PathFeishuAutomation, table, problem.Text{ZH: "飞书自动化「发送 HTTP 请求」的设置", EN: "the settings of Feishu's automation step Send HTTP request"}},
		{"/openapi/dify.json", "", problem.Text{ZH: "导入 Dify、FastGPT", EN: "to import into Dify and FastGPT"}},
		{"/openapi/coze.json", "", problem.Text{ZH: "导入扣子 Coze", EN: "to import into Coze"}},
		{"/openapi/actions.json", "", problem.Text{ZH: "导入 GPT Actions", EN: "to import into GPT actions"}},
		{"/openapi-3.0.json", "", problem.Text{
			ZH: "其他导入方（LangChain 等）：许多导入方读不了 3.1，请用 3.0",
			EN: "for other importers (LangChain, …): many cannot read 3.1, so give them 3.0",
		}},
		{"/openapi/client.json", "", problem.Text{ZH: "代码生成器", EN: "for generators of clients"}},
		{"/openapi/swagger-2.0.json", "", problem.Text{ZH: "Power Platform", EN: "for Power Platform"}},
		{"/mcp", "", problem.Text{ZH: "MCP 客户端的地址", EN: "the address for MCP clients"}},
	}
}

// listTemplate has relative links alone, so that the page also works below a path, and loads nothing.
var listTemplate = template.Must(template.New("connect").Parse(`<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>连接 Connect</title>
<h1>连接 Connect</h1>
<p>把表的链接放在 table= 里（其中的 &amp; 写成 %26），列名放在 columns= 里；或发送凭证请求头，由服务读取列、类型和选项。</p>
<p>Put the table's link behind table= (its &amp; as %26) and the columns behind columns=; or send the headers of a credential to have
columns, types and options read from the table.</p>
<dl>
{{range .List}}<dt><a href="{{$.Up}}{{.Path}}">{{.Path}}</a>{{.Query}}</dt><dd>{{.Meaning.ZH}} · {{.Meaning.EN}}</dd>
{{end}}</dl>
</html>
`))

// list serves the page.
func list(w http.ResponseWriter, r *http.Request) {
	up := "."
	if strings.HasSuffix(r.URL.Path, "/") {
		up = ".."
	}
	var page bytes.Buffer
	_ = listTemplate.Execute(&page, struct { // a test renders it
		Up   string
		List []generator
	}{up, generators()})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // an error here means that the caller has disconnected
}

// unknown answers a path beneath the page that is none of the generators, and names those that there are.
func unknown() error {
	var paths []string
	for _, one := range generators() {
		if strings.HasPrefix(one.Path, PathList+"/") {
			paths = append(paths, one.Path)
		}
	}
	named := strings.Join(paths, ", ")
	return problem.New(problem.NotFound, problem.Text{
		ZH: "没有这个生成器。现有：" + named + "（n8n 用 " + PathCurl + "）。", EN: "There is no such generator. There are: " + named +
			" (n8n takes " + PathCurl + ").",
	})
}
