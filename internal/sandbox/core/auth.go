package core

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/state"
)

type credentials struct {
	AppID     string `json:"app_id"`
	AppSecret string `json:"app_secret"`
}

// claimedApp returns the app_id of a token request, so that faults and counters can tell apps apart; "" when there is none.
func claimedApp(body []byte) string {
	var claimed credentials
	_ = json.Unmarshal(body, &claimed) // the handler reports what is wrong
	return claimed.AppID
}

func tenantToken(c *Call) (any, *Failure) {
	value, left, f := c.issue()
	if f != nil {
		return nil, f
	}
	return map[string]any{"code": 0, "msg": "ok", "tenant_access_token": value, "expire": left}, nil
}

func appToken(c *Call) (any, *Failure) {
	value, left, f := c.issue()
	if f != nil {
		return nil, f
	}
	return map[string]any{"code": 0, "msg": "ok", "app_access_token": value, "tenant_access_token": value, "expire": left}, nil
}

// issue returns the app's token and its remaining life in seconds.
func (c *Call) issue() (string, int, *Failure) {
	var claimed credentials
	if f := c.Decode(&claimed); f != nil || claimed.AppID == "" || claimed.AppSecret == "" {
		return "", 0, Fail(10003)
	}
	if _, f := c.Begin(nil, 0); f != nil {
		return "", 0, f
	}
	a := c.Store.App(claimed.AppID)
	if a == nil {
		return "", 0, Fail(10003)
	}
	if subtle.ConstantTimeCompare([]byte(a.Spec.Load().Secret), []byte(claimed.AppSecret)) != 1 {
		return "", 0, &Failure{code: 10014, status: c.Options.SecretStatus}
	}
	value, left := c.Store.Issue(a, c.Options.TokenTTL)
	return value, int(left / time.Second), nil
}

// The hosts at which Feishu takes tokens of apps, and those at which it takes PersonalBaseTokens (docs/feishu/authentication.md §1.7). A
// sandbox that is called by another name stands for all of them.
var (
	appHosts      = []string{"open.feishu.cn", "open.larksuite.com"}
	personalHosts = []string{"base-api.feishu.cn", "base-api.larksuite.com"}
)

// authorise finds the app of the bearer token and checks its address and scopes, or the base of a PersonalBaseToken.
func (c *Call) authorise() *Failure {
	bearer, ok := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	if !ok || bearer == "" {
		return Fail(99991661)
	}
	host := c.Request.Host
	if b := c.Store.BaseOfToken(bearer); b != nil && !slices.Contains(appHosts, host) {
		return c.authorisePersonal(b)
	}
	switch {
	case slices.Contains(personalHosts, host):
		return Fail(99991663)
	case strings.HasPrefix(bearer, "t-"):
	case strings.HasPrefix(bearer, "u-"), strings.HasPrefix(bearer, "eyJ"):
		return Fail(99991668) // the sandbox knows no users
	default:
		return Fail(99991671)
	}
	a := c.Store.AppOf(bearer)
	if a == nil {
		return Fail(99991663)
	}
	c.app, c.AppID, c.token = a, a.ID, bearer
	spec := a.Spec.Load()
	if len(spec.IPAllow) > 0 && !slices.Contains(spec.IPAllow, c.remote()) {
		return Fail(99991401)
	}
	for _, scope := range c.Route.Scopes {
		if slices.Contains(spec.Scopes, scope) {
			return nil
		}
	}
	return scopeMissing(c.AppID, c.Route.Scopes)
}

// authorisePersonal lets a PersonalBaseToken into the Bitable calls of its own base. No app is involved, so there are no scopes and no
// quota; limits, counters and journal know the call by the base.
func (c *Call) authorisePersonal(b *state.Base) *Failure {
	c.AppID = b.Spec.PersonalCaller()
	switch token := c.Params["app_token"]; {
	case !strings.HasPrefix(c.Route.Path, bitablePath) || token == "":
		return Fail(99991663)
	case token != b.Spec.Token:
		return Fail(91403)
	}
	return nil
}

// HasScope reports whether the call's app was granted the scope.
func (c *Call) HasScope(scope string) bool {
	return c.app != nil && slices.Contains(c.app.Spec.Load().Scopes, scope)
}

func scopeMissing(appID string, scopes []string) *Failure {
	f := &Failure{code: 99991672, msg: "Access denied. One of the following scopes is required: " + quoteList(scopes)}
	for _, scope := range scopes {
		f.permission = append(f.permission, permissionViolation{"action_scope_required", scope})
	}
	f.helps = []help{{
		fmt.Sprintf("https://open.feishu.cn/app/%s/auth?q=%s&op_from=openapi&token_type=tenant", appID, strings.Join(scopes, ",")),
		"应用尚未开通所需的应用身份权限,点击链接申请并开通任一权限即可 (Learn more about scopes)",
	}}
	return f
}

// RevokeTokens makes every token of the app invalid at once (99991663); "" means every app. The next token request gets a new one.
func (s *Server) RevokeTokens(appID string) {
	s.ExpireTokens(appID, 0)
}

// ExpireTokens leaves every token of the app (of every app for "") no more than left to live.
func (s *Server) ExpireTokens(appID string, left time.Duration) { s.store.ExpireTokens(appID, left) }

// Auth is the token endpoints of custom apps.
func Auth() Family {
	return Family{Name: "auth", Routes: []*Route{
		{
			Name: "auth.tenant_token", Method: "POST", Path: "/auth/v3/tenant_access_token/internal", Handle: tenantToken,
			Class: ClassAuth,
		},
		{
			Name: "auth.app_token", Method: "POST", Path: "/auth/v3/app_access_token/internal", Handle: appToken,
			Class: ClassAuth,
		},
	}}
}
