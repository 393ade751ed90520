package sandbox

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// renewBelow is how much life a token has left when the endpoint begins to hand out a new one; the old one stays valid.
const renewBelow = 30 * time.Minute

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

func tenantToken(c *call) (any, *failure) {
	value, left, f := c.issue()
	if f != nil {
		return nil, f
	}
	return map[string]any{"code": 0, "msg": "ok", "tenant_access_token": value, "expire": left}, nil
}

func appToken(c *call) (any, *failure) {
	value, left, f := c.issue()
	if f != nil {
		return nil, f
	}
	return map[string]any{"code": 0, "msg": "ok", "app_access_token": value, "tenant_access_token": value, "expire": left}, nil
}

// issue returns the app's token and its remaining life in seconds.
func (c *call) issue() (string, int, *failure) {
	var claimed credentials
	if f := c.decode(&claimed); f != nil || claimed.AppID == "" || claimed.AppSecret == "" {
		return "", 0, fail(10003)
	}
	if _, f := c.begin(nil, 0); f != nil {
		return "", 0, f
	}
	a := c.store.app(claimed.AppID)
	if a == nil {
		return "", 0, fail(10003)
	}
	if subtle.ConstantTimeCompare([]byte(a.spec.Load().Secret), []byte(claimed.AppSecret)) != 1 {
		return "", 0, &failure{code: 10014, status: c.opts.SecretStatus}
	}
	value, left := c.store.issue(a, c.opts.TokenTTL)
	return value, int(left / time.Second), nil
}

func newToken() string {
	var random [20]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	return "t-" + hex.EncodeToString(random[:])
}

// dropExpired keeps the token map as small as the live tokens; the caller holds s.mu.
func (s *store) dropExpired() {
	now := time.Now()
	for value, g := range s.tokens {
		if !now.Before(g.expires) {
			delete(s.tokens, value)
		}
	}
}

// authorise finds the app of the bearer token and checks its address and scopes.
func (c *call) authorise() *failure {
	bearer, ok := strings.CutPrefix(c.req.Header.Get("Authorization"), "Bearer ")
	if !ok || bearer == "" {
		return fail(99991661)
	}
	switch {
	case strings.HasPrefix(bearer, "t-"):
	case strings.HasPrefix(bearer, "u-"), strings.HasPrefix(bearer, "eyJ"):
		return fail(99991668) // the sandbox knows no users
	default:
		return fail(99991671)
	}
	a := c.store.appOf(bearer)
	if a == nil {
		return fail(99991663)
	}
	c.app, c.appID, c.token = a, a.id, bearer
	spec := a.spec.Load()
	if len(spec.IPAllow) > 0 && !slices.Contains(spec.IPAllow, c.remote()) {
		return fail(99991401)
	}
	for _, scope := range c.endpoint.scopes {
		if slices.Contains(spec.Scopes, scope) {
			return nil
		}
	}
	return scopeMissing(c.appID, c.endpoint.scopes)
}

func scopeMissing(appID string, scopes []string) *failure {
	f := &failure{code: 99991672, msg: "Access denied. One of the following scopes is required: " + quoteList(scopes)}
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
func (s *Server) ExpireTokens(appID string, left time.Duration) { s.store.expireTokens(appID, left) }

// expireTokens leaves every token of the app (of every app for "") no more than left to live.
func (s *store) expireTokens(appID string, left time.Duration) {
	end := time.Now().Add(left)
	s.mu.Lock()
	for value, g := range s.tokens {
		if (appID == "" || g.app.id == appID) && g.expires.After(end) {
			g.expires = end
			s.tokens[value] = g
		}
	}
	apps := make([]*app, 0, len(s.apps))
	for id, a := range s.apps {
		if appID == "" || id == appID {
			apps = append(apps, a)
		}
	}
	s.mu.Unlock()
	for _, a := range apps {
		a.mu.Lock()
		if a.current.expires.After(end) {
			a.current.expires = end
		}
		a.mu.Unlock()
	}
}

// revoke makes one token invalid.
func (s *store) revoke(a *app, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current.value == value {
		a.current = token{}
	}
	s.mu.Lock()
	delete(s.tokens, value)
	s.mu.Unlock()
}
