package console

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/rowgate/rowgate/internal/problem"
	sealing "github.com/rowgate/rowgate/tool/connection"
)

// useView is the page with snippets for the current table.
type useView struct {
	frame

	Connection *connectionView
	Ways       []way
	Way        way
	Snippet    string // made for this table
	Download   string // address of the same as a file; "" if there is none
	Address    string // to enter elsewhere; "" if the way is a snippet alone
	Key        string // the connection key that was made, shown this once
	KeyUntil   string
	Trouble    *trouble
}

// connectionView is what a page shows of a connection.
type connectionView struct{ Name, TableID string }

// way is one place from which a table can be written.
type way struct {
	ID    string
	Title problem.Text
	Steps []problem.Text
	path  string // generator of the snippet; "" if there is none
	at    string // path of the service that is entered there; "" if none is
	file  string // name of the snippet as a file; "" if it is copied
}

// ways are all of them, in the order of the page.
func ways() []way {
	key := problem.Text{
		ZH: "在上面制作一把连接密钥，填到标有 connection_key 的地方。", EN: "Make a connection key above and enter it where connection_key is asked for.",
	}
	variable := problem.Text{
		ZH: "先设置环境变量 ROWGATE_CONNECTION_KEY 为上面制作的连接密钥。",
		EN: "First set the environment variable ROWGATE_CONNECTION_KEY to the connection key made above.",
	}
	bearer := problem.Text{
		ZH: "鉴权选 API Key 或 Bearer，值填连接密钥（rgk_…）。", EN: "Choose API key or Bearer as authentication and enter the connection key (rgk_…).",
	}
	return []way{
		{ID: "dify-http", Title: problem.Text{ZH: "Dify 工作流", EN: "Dify workflow"}, path: "/connect/dify-workflow.yml", Steps: []problem.Text{
			{
				ZH: "下载下面的文件；在 Dify 里选“导入 DSL 文件”。",
				EN: "Download the file below; in Dify, choose Import DSL file.",
			},
			key,
			{
				ZH: "每一列是一个输入；HTTP 节点把它们作为一行写入，重试不会重复。",
				EN: "Every column is an input; the HTTP node writes them as one row, and retries write nothing twice.",
			},
		}, file: "dify-workflow.yml"},
		{ID: "dify-tool", Title: problem.Text{ZH: "Dify 自定义工具", EN: "Dify custom tool"}, at: "/openapi/dify.json", Steps: []problem.Text{
			{
				ZH: "Dify →「工具」→「自定义」→「创建自定义工具」→「从 URL 导入」，粘贴下面的地址。",
				EN: "Dify → Tools → Custom → Create Custom Tool → Import from URL: paste the address below.",
			},
			bearer,
		}},
		{ID: "mcp", Title: problem.Text{ZH: "MCP 客户端", EN: "MCP client"}, at: "/mcp", Steps: []problem.Text{
			{
				ZH: "在智能体（Dify、Cursor、Claude 等）里添加 MCP 服务器（Streamable HTTP），地址如下。",
				EN: "Add an MCP server (Streamable HTTP) in your agent (Dify, Cursor, Claude, …) with the address below.",
			},
			{
				ZH: "请求头 Authorization 填 Bearer 和连接密钥。",
				EN: "Set the header Authorization to Bearer and the connection key.",
			},
		}},
		{ID: "coze", Title: problem.Text{ZH: "扣子 Coze", EN: "Coze"}, at: "/openapi/coze.json", Steps: []problem.Text{
			{
				ZH: "扣子 → 资源库 → 插件 → 导入，粘贴下面的地址或其内容。",
				EN: "Coze → Library → Plugin → Import: paste the address below, or what it holds.",
			},
			bearer,
		}},
		{ID: "fastgpt", Title: problem.Text{ZH: "FastGPT", EN: "FastGPT"}, at: "/openapi/dify.json", Steps: []problem.Text{
			{
				ZH: "FastGPT → 新建 HTTP 插件，Schema 从下面的地址导入。",
				EN: "FastGPT → new HTTP plugin: import the schema from the address below.",
			},
			bearer,
		}},
		{ID: "n8n", Title: problem.Text{ZH: "n8n", EN: "n8n"}, path: "/connect/curl", Steps: []problem.Text{
			{
				ZH: "在 HTTP Request 节点点「Import cURL」，粘贴下面的命令。",
				EN: "In an HTTP Request node choose Import cURL and paste the command below.",
			},
			{
				ZH: "把 $ROWGATE_CONNECTION_KEY 换成 Bearer 凭证，值为连接密钥。",
				EN: "Replace $ROWGATE_CONNECTION_KEY by a Bearer credential with the connection key.",
			},
		}},
		{ID: "automation", Title: problem.Text{ZH: "多维表格自动化", EN: "Base automation"}, path: "/connect/feishu-automation", Steps: []problem.Text{
			{
				ZH: "多维表格 → 自动化 → 操作「发送 HTTP 请求」，按下面的设置逐项填写。",
				EN: "Base → Automations → action Send HTTP request: enter the settings below one by one.",
			},
			key,
		}},
		{ID: "curl", Title: problem.Text{ZH: "cURL", EN: "cURL"}, path: "/connect/curl", Steps: []problem.Text{variable}},
		{ID: "powershell", Title: problem.Text{ZH: "PowerShell", EN: "PowerShell"}, path: "/connect/powershell", Steps: []problem.Text{variable}},
		{ID: "python", Title: problem.Text{ZH: "Python", EN: "Python"}, path: "/connect/python", Steps: []problem.Text{variable}},
		{ID: "go", Title: problem.Text{ZH: "Go", EN: "Go"}, path: "/connect/go", Steps: []problem.Text{variable}},
	}
}

// usePage answers GET /console/use.
func (c *Console) usePage(w http.ResponseWriter, r *http.Request) {
	if view := c.useView(w, r, r.URL.Query().Get("for")); view != nil {
		c.page(w, r, http.StatusOK, "use", view)
	}
}

// useView makes the page for one way; nil if it answered the request.
func (c *Console) useView(w http.ResponseWriter, r *http.Request, id string) *useView {
	view := &useView{frame: c.frame(w, r, "use", "用在别处", "Use it elsewhere"), Ways: ways()}
	view.Way = view.Ways[0]
	if i := slices.IndexFunc(view.Ways, func(one way) bool { return one.ID == id }); i >= 0 {
		view.Way = view.Ways[i]
	}
	current := sessionOf(r).current()
	if current == nil || current.Name == "" {
		return view
	}
	view.Connection = &connectionView{Name: current.Name, TableID: current.TableID}
	if view.Way.at != "" {
		view.Address = c.publicURL(r) + view.Way.at
		return view
	}
	query := url.Values{"auth": {"connection_key"}}
	got, err := c.call(r, current, operation{method: http.MethodGet, path: view.Way.path, query: query})
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return nil
	}
	if got.status != http.StatusOK {
		var none struct{}
		refused, err := got.read(&none)
		if err != nil {
			c.refuse(w, r, http.StatusInternalServerError, err)
			return nil
		}
		told := troubleFrom(refused, view.Lang)
		view.Trouble = &told
		return view
	}
	view.Snippet = got.body.String()
	if view.Way.file != "" {
		view.Download = view.At(Path + "/use/file?for=" + url.QueryEscape(view.Way.ID))
	}
	return view
}

// useFile answers GET /console/use/file: the snippet as a file.
func (c *Console) useFile(w http.ResponseWriter, r *http.Request) {
	view := c.useView(w, r, r.URL.Query().Get("for"))
	switch {
	case view == nil:
	case view.Snippet == "" || view.Way.file == "":
		c.redirect(w, r, Path+"/use")
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", `attachment; filename="`+view.Way.file+`"`)
		_, _ = w.Write([]byte(view.Snippet)) // the reader has left; there is nobody to report to
	}
}

// makeKey answers the form that makes a connection key for the current table. It is on this page alone and kept nowhere.
func (c *Console) makeKey(w http.ResponseWriter, r *http.Request) {
	view := c.useView(w, r, r.PostForm.Get("for"))
	if view == nil {
		return
	}
	current := sessionOf(r).current()
	if current == nil || current.Name == "" {
		c.redirect(w, r, Path)
		return
	}
	var made sealing.KeyMade
	refused, err := c.ask(r, current, operation{path: pathSeal, body: emptyBody}, &made)
	switch {
	case err != nil:
		c.refuse(w, r, http.StatusInternalServerError, err)
		return
	case refused != nil:
		told := troubleFrom(refused, view.Lang)
		view.Trouble = &told
		c.page(w, r, refused.Status, "use", view)
		return
	}
	view.Key, view.KeyUntil = made.ConnectionKey, made.ExpiresAt
	c.page(w, r, http.StatusOK, "use", view)
}
