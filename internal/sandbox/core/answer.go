package core

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Failure is a refusal: a code of codes.tsv and what the answer adds to it.
type Failure struct {
	code       int
	status     int    // 0: as codes.tsv says for the endpoint
	msg        string // "": as codes.tsv says
	message    string // error.message
	violations []fieldViolation
	permission []permissionViolation
	helps      []help
	rateLimit  int // x-ogw-ratelimit-limit, with rateReset
	rateReset  int // seconds
	pageHTML   bool
}

type fieldViolation struct {
	Field       string `json:"field"`
	Value       string `json:"value,omitempty"`
	Description string `json:"description"`
}

type permissionViolation struct {
	Type    string `json:"type"`
	Subject string `json:"subject"`
}

type help struct {
	URL         string `json:"url"`
	Description string `json:"description"`
}

type errorBody struct {
	Message              string                `json:"message,omitempty"`
	LogID                string                `json:"log_id"`
	Troubleshooter       string                `json:"troubleshooter"`
	FieldViolations      []fieldViolation      `json:"field_violations,omitempty"`
	PermissionViolations []permissionViolation `json:"permission_violations,omitempty"`
	Helps                []help                `json:"helps,omitempty"`
}

type envelope struct {
	Code  int        `json:"code"`
	Data  any        `json:"data,omitempty"`
	Msg   string     `json:"msg"`
	Error *errorBody `json:"error,omitempty"`
}

// Error names the code and what was wrong; seeding in Go returns it wrapped.
func (f *Failure) Error() string {
	return strings.TrimSpace(fmt.Sprintf("code %d %s", f.code, f.message))
}

// Fail is the refusal with that code of the endpoint's codes.
func Fail(code int) *Failure { return &Failure{code: code} }

// Invalid is a failure whose error.message names the path that is wrong and what would be right, as Feishu words it.
func Invalid(code int, path, hint string) *Failure {
	return &Failure{code: code, message: fmt.Sprintf(
		"Invalid request parameter: '%s'. Correct format : %s. Please check and modify accordingly.", path, hint)}
}

// Violation is 99992402: a parameter or body field that the gateway itself checks.
func Violation(field, value, description string) *Failure {
	return &Failure{code: 99992402, violations: []fieldViolation{{field, value, description}}}
}

// answer is what goes back: status, headers and body are final, faults may still replace or withhold them.
type answer struct {
	status int
	code   int
	header http.Header
	body   []byte
}

// answer renders data or the failure of the call.
func (c *Call) answer(data any, f *Failure) answer {
	out := answer{status: http.StatusOK, header: http.Header{}}
	out.header.Set("X-Tt-Logid", c.logID)
	out.header.Set("X-Request-Id", c.requestID)
	if f == nil {
		if c.Route.Class == ClassAuth {
			out.body = Encode(data) // tokens stand at the top level
		} else if file, ok := data.(Attachment); ok {
			return file.answer(c.Request, out)
		} else {
			out.body = Encode(envelope{Data: data, Msg: "success"})
		}
		return out.json()
	}
	row := c.server.codes.find(f.code, c.Route.Name)
	f.status = cmp.Or(f.status, row.status)
	f.msg = cmp.Or(f.msg, row.msg)
	out.status, out.code = f.status, f.code
	if f.pageHTML {
		return out.html()
	}
	if f.rateReset > 0 {
		out.header.Set("X-Ogw-Ratelimit-Limit", strconv.Itoa(f.rateLimit))
		out.header.Set("X-Ogw-Ratelimit-Reset", strconv.Itoa(f.rateReset))
	}
	body := envelope{Code: f.code, Msg: f.msg}
	switch {
	case c.Route.Class == ClassAuth, f.code == 91402, f.code == 91403:
		body.Data = struct{}{} // seen so: {"code":91402,"msg":"NOTEXIST","data":{}}
	case f.code == 99991400 || f.code == 99991403:
	default:
		body.Error = &errorBody{
			Message: f.message, LogID: c.logID, FieldViolations: f.violations, PermissionViolations: f.permission, Helps: f.helps,
			Troubleshooter: fmt.Sprintf(
				"排查建议查看(Troubleshooting suggestions): https://open.feishu.cn/search?from=openapi&log_id=%s&code=%d", c.logID, f.code),
		}
	}
	out.body = Encode(body)
	return out.json()
}

func (a answer) json() answer {
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	return a
}

// html replaces the body by the page that a gateway in front of the service shows.
func (a answer) html() answer {
	a.header.Set("Content-Type", "text/html")
	title := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	a.body = []byte("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" +
		title + "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
	return a
}

func (a answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// notSimulated matches paths that Feishu has and the sandbox does not serve.
var notSimulated = regexp.MustCompile(`^/open-apis/(base/v[23]/|im/|authen/|approval/|event/|drive/v1/permissions/|` +
	`auth/v3/(app_access_token|tenant_access_token|app_ticket/resend)/?$|` +
	`bitable/v1/apps/[^/]+/(copy|roles|dashboards|workflows|block_workflows|tables/[^/]+/(forms|field_groups))(/|$))`)

// notFound is the gateway's answer for what it does not route. Where Feishu itself has the path, more lines say that the gap is the
// simulator's.
func notFound(w http.ResponseWriter, path string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusNotFound)
	text := "404 page not found"
	if notSimulated.MatchString(path) {
		text += "\nThis is Rowgate's simulator: Feishu has this path, the simulator does not serve it." +
			" /sandbox/endpoints lists what it serves." +
			"\n这是 Rowgate 的模拟器：飞书有这个接口，模拟器没有；/sandbox/endpoints 列出它提供的接口。"
	}
	_, _ = w.Write([]byte(text))
}

// quoteList renders scopes as Feishu does: "[a, b]".
func quoteList(list []string) string { return "[" + strings.Join(list, ", ") + "]" }
