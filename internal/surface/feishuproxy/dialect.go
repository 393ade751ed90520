package feishuproxy

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/problem"
)

// feishuJSON is the content type of Feishu's answers.
const feishuJSON = "application/json; charset=utf-8"

// Refused is a refusal of the service's own in the shape of Feishu's: SDKs show code and msg.
type Refused struct {
	Code  int          `json:"code"` // a code of Feishu's with that meaning, else the HTTP status
	Msg   string       `json:"msg"`  // what happened and what to do next
	Error refusedError `json:"error"`
}

// refusedError is the problem, with what an unknown path could have been.
type refusedError struct {
	problem.Document

	Served []string `json:"served,omitempty"` // "METHOD path" of every call that is passed on
}

// seeServed is what to do about a call that is not passed on.
var seeServed = problem.Text{
	ZH: "error.served 列出了会转发的接口（bitable/v1 的记录、字段、数据表、视图，附件，get_node 和 batch_get_id）；base/v3 等其他接口请直接调用飞书。",
	EN: "error.served lists the calls that are passed on (records, fields, tables and views of bitable/v1, media, get_node and " +
		"batch_get_id); send others, such as base/v3, to Feishu itself.",
}

// Dialect answers doc in Feishu's shape at every path below /open-apis. It is an httpd.Dialect.
func Dialect(w http.ResponseWriter, r *http.Request, doc problem.Document) bool {
	if !strings.HasPrefix(httpd.RoutePath(r), pathOpenAPIs+"/") {
		return false
	}
	refused := Refused{Code: codeOfProblem(doc), Error: refusedError{Document: doc}}
	if doc.Code == problem.NotFound {
		refused.Error.Served = served()
		if doc.Fix == problem.Lookup(doc.Code).Fix { // which is to compare the path with /docs
			refused.Error.Fix = seeServed
		}
	}
	refused.Msg = doc.Detail + " " + refused.Error.Fix.In(doc.Lang)
	httpd.SetProblemHeaders(w.Header(), doc)
	w.Header().Set("Content-Type", feishuJSON)
	httpd.WriteJSON(w, doc.HTTPStatus(), refused)
	return true
}

// feishuCodes are the codes of Feishu's that say the same as a problem.
var feishuCodes = map[problem.Code]int{ //nolint:exhaustive // most problems have none
	problem.BadPassphrase:     feishu.CodeBadToken,
	problem.BadConnectionKey:  feishu.CodeBadToken,
	problem.BadAppCredentials: feishu.CodeBadSecret,
	problem.KeyScope:          feishu.CodeForbidden,
	problem.RateLimited:       feishu.CodeRateLimited,
	problem.TooManyFailures:   feishu.CodeRateLimited,
	problem.UnknownOutcome:    feishu.CodeTimeout,
	problem.BadParameter:      feishu.CodeBadField,
	problem.BadBody:           feishu.CodeBadField,
}

// codeOfProblem returns what Feishu said, else the code of Feishu's that says the same, else the HTTP status: no code of Feishu's is
// that low.
func codeOfProblem(doc problem.Document) int {
	if doc.Feishu != nil && doc.Feishu.Code != 0 {
		return doc.Feishu.Code
	}
	if doc.Code == problem.BadPassphrase && doc.Status == http.StatusUnauthorized {
		return feishu.CodeNoToken
	}
	return cmp.Or(feishuCodes[doc.Code], doc.Status)
}
