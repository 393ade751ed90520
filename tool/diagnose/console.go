package diagnose

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// appIDShape is what app ids look like; nothing else becomes a part of a link.
var appIDShape = regexp.MustCompile(`^cli_[A-Za-z0-9_]{1,60}$`)

// allScopes is the one scope that every call on rows, columns and tables is content with.
const allScopes = "bitable:app"

// consoleLink is the page of the developer console on which a problem is fixed; "" if there is none. scopes are those of
// which the app needs one.
func consoleLink(app feishu.App, code problem.Code, scopes []string) string {
	if !appIDShape.MatchString(app.ID) {
		return ""
	}
	host := "https://open.feishu.cn"
	if app.Brand == feishu.BrandLark {
		host = "https://open.larksuite.com"
	}
	page := host + "/app/" + app.ID
	switch code {
	case problem.BadAppCredentials:
		return page + "/baseinfo"
	case problem.ScopeMissing:
		if len(scopes) == 0 {
			scopes = []string{allScopes}
		}
		return page + "/auth?q=" + url.QueryEscape(strings.Join(scopes, ","))
	case problem.IPNotAllowed:
		return page + "/safe"
	default:
		return ""
	}
}

// scopesOf lists the scopes that Feishu asks one of.
func scopesOf(err error) []string {
	if e, ok := errors.AsType[*feishu.Error](err); ok {
		return e.Scopes
	}
	return nil
}
