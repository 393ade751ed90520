package feishuproxy

import (
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

// Dialect answers doc in Feishu's shape at every path below /open-apis. It is an httpd.Dialect.
func Dialect(w http.ResponseWriter, r *http.Request, doc problem.Document) bool {
	if !strings.HasPrefix(httpd.RoutePath(r), pathOpenAPIs+"/") {
		return false
	}
	refused := Refused{Code: codeOfProblem(doc), Msg: doc.Detail + " " + doc.Fix.In(doc.Lang), Error: refusedError{Document: doc}}
	if doc.Code == problem.NotFound {
		refused.Error.Served = served()
	}
	httpd.SetProblemHeaders(w.Header(), doc)
	w.Header().Set("Content-Type", feishuJSON)
	httpd.WriteJSON(w, doc.HTTPStatus(), refused)
	return true
}

// codeOfProblem returns the code of Feishu's that says the same, and the HTTP status where there is none: no code of Feishu's is that low.
func codeOfProblem(doc problem.Document) int {
	if doc.Feishu != nil && doc.Feishu.Code != 0 {
		return doc.Feishu.Code
	}
	switch doc.Code {
	case problem.BadPassphrase, problem.BadConnectionKey:
		if doc.Status == http.StatusUnauthorized {
			return feishu.CodeNoToken
		}
		return feishu.CodeBadToken
	case problem.BadAppCredentials:
		return feishu.CodeBadSecret
	case problem.KeyScope:
		return feishu.CodeForbidden
	case problem.RateLimited, problem.TooManyFailures:
		return feishu.CodeRateLimited
	case problem.UnknownOutcome:
		return feishu.CodeTimeout
	case problem.BadParameter, problem.BadBody:
		return feishu.CodeBadField
	}
	return doc.Status
}
