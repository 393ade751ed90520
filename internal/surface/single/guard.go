// Package single authenticates the callers of surfaces that replace a service of a single tenant: a request with the configured
// bearer token uses the configured app. Where a surface allows it, other tenants use it with a connection key.
package single

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

// tokenName is the name of the configured token among passphrases.
const tokenName = "api_auth_token"

// Options of a Guard.
type Options struct {
	Token  secret.Text  // API_AUTH_TOKEN; empty: no token gives access to the configured app
	App    feishu.App   // the configured app
	Access *tool.Access // for connection keys
}

// Guard authenticates callers. It is safe for concurrent use and must be closed.
type Guard struct {
	token *tenant.Authenticator // compares with the configured token; nil if there is none
	app   feishu.App
	keys  *tool.Access // for connection keys
}

// New makes a guard.
func New(o Options) *Guard {
	g := &Guard{app: o.App, keys: o.Access}
	if !o.Token.IsZero() {
		g.token = tenant.NewAuthenticator(tenant.Passphrases{tenant.NewPassphrase(tokenName, o.Token)}, nil) // without keys
	}
	return g
}

// Close ends the guard's goroutines.
func (g *Guard) Close() {
	if g.token != nil {
		g.token.Close()
	}
}

// Token accepts only the configured token; if none is configured, it accepts every request.
//
// Errors: bad_passphrase, as Wrong if there was a token; too_many_failures.
func (g *Guard) Token(ctx context.Context) error {
	if g.token == nil {
		return nil
	}
	return g.check(ctx, tenant.CallerFrom(ctx).Bearer)
}

// Resource is where a call of the Open API reads or writes.
type Resource struct {
	AppToken string // base, or any link to it; "" for a call that concerns none
	TableID  string // "" for a call that concerns the base
	Alters   bool   // the call changes fields, views or tables: a table's key does not open that
}

// Any accepts the configured token or any connection key and returns the app. It authorizes no access to a base: use App for
// that.
//
// Errors: not_found if there is no configured token and the request has no key; bad_passphrase and bad_connection_key, as Wrong if
// there was a token; too_many_failures.
func (g *Guard) Any(ctx context.Context) (feishu.App, error) {
	bearer := tenant.CallerFrom(ctx).Bearer
	if !isKey(bearer) {
		return g.configured(ctx, bearer)
	}
	target, err := g.keys.App(ctx, &tool.Connection{})
	return target.App, wrong(err)
}

// App accepts the configured token or a connection key and returns the app to use. A key for one base, or one table, gives access
// to no other; a key for one table gives access to its records, and reads its fields and views.
//
// Errors: those of Any; key_scope for what is outside the key's base or table; those of resolving the key's wiki link.
func (g *Guard) App(ctx context.Context, resource Resource) (feishu.App, error) {
	bearer := tenant.CallerFrom(ctx).Bearer
	if !isKey(bearer) {
		return g.configured(ctx, bearer)
	}
	identity, err := g.keys.Authenticator.Admit(ctx, tenant.Claim{})
	if err != nil {
		return feishu.App{}, wrong(err)
	}
	if identity.TableID != "" && (resource.TableID == "" || resource.Alters) || identity.AppToken != "" && resource.AppToken == "" {
		return feishu.App{}, tool.BeyondKey()
	}
	reach := g.keys.Table
	switch {
	case resource.AppToken == "":
		reach = g.keys.App
	case resource.TableID == "":
		reach = g.keys.Base
	}
	target, err := reach(ctx, &tool.Connection{AppToken: resource.AppToken, TableID: resource.TableID})
	return target.App, err
}

// Scope accepts the configured token or a connection key and returns the app with the base (AppToken) and table (Only) that the key is
// limited to, each "" for a caller who is not limited to one. The caller of Scope keeps the call to them.
//
// Errors: those of Any; those of resolving the key's wiki link and its table's name.
func (g *Guard) Scope(ctx context.Context) (tool.Target, error) {
	bearer := tenant.CallerFrom(ctx).Bearer
	if !isKey(bearer) {
		app, err := g.configured(ctx, bearer)
		return tool.Target{TableRef: feishu.TableRef{App: app}}, err
	}
	target, err := g.keys.Scope(ctx, &tool.Connection{})
	return target, wrong(err)
}

// LeadsTo reports whether a wiki node leads to the base. Errors are those of resolving it.
func (g *Guard) LeadsTo(ctx context.Context, app feishu.App, node, appToken string) (bool, error) {
	found, err := g.keys.Directory.Base(ctx, app, bitable.Link{Kind: bitable.LinkWiki, WikiToken: node})
	return err == nil && found == appToken, err
}

// Credential checks a request for a token: an app's id and, as its secret, the configured token or a connection key. The id must
// be that of the app to which they belong.
//
// Errors: those of App, and bad_app_credentials, as Wrong, for another id.
func (g *Guard) Credential(ctx context.Context, appID string, credential secret.Text) error {
	if isKey(credential) {
		caller := tenant.CallerFrom(ctx)
		caller.Bearer = credential
		identity, err := g.keys.Authenticator.Admit(tenant.WithCaller(ctx, caller), tenant.Claim{})
		if err != nil {
			return wrong(err)
		}
		if !identity.PersonalBaseToken.IsZero() {
			return nil // there is no app: an SDK sends what it was given
		}
		return sameApp(appID, identity.AppID)
	}
	_, err := g.configured(ctx, credential)
	switch {
	case err != nil && problem.From(err).Code == problem.UnrenderedTemplate:
		return intake.Unrendered("app_secret").Because(err)
	case err != nil:
		return err
	}
	return sameApp(appID, g.app.ID)
}

func (g *Guard) configured(ctx context.Context, bearer secret.Text) (feishu.App, error) {
	if g.token == nil {
		return feishu.App{}, Off()
	}
	return g.app, g.check(ctx, bearer)
}

// check compares with the configured token.
func (g *Guard) check(ctx context.Context, bearer secret.Text) error {
	if bearer.IsZero() {
		return missing(tenant.CallerFrom(ctx))
	}
	if isKey(bearer) {
		e := problem.New(problem.BadConnectionKey, problem.Text{
			ZH: "这个接口只接受 API_AUTH_TOKEN，不接受连接密钥。",
			EN: "This path accepts API_AUTH_TOKEN only, not a connection key.",
		})
		e.Fix = problem.Text{
			ZH: "请在 Authorization: Bearer 里发送本服务的 API_AUTH_TOKEN。",
			EN: "Send this service's API_AUTH_TOKEN as Authorization: Bearer.",
		}
		return &Wrong{e}
	}
	caller := tenant.CallerFrom(ctx)
	caller.Bearer = bearer
	_, err := g.token.Admit(tenant.WithCaller(ctx, caller), tenant.Claim{})
	return wrong(err)
}

// Off returns the answer of a surface that is not configured: not_found.
func Off() error {
	e := problem.New(problem.NotFound, problem.Text{ZH: "本服务没有启用这个接口。", EN: "This path is not enabled on this service."})
	e.Fix = problem.Text{
		ZH: "请运维人员设置 API_AUTH_TOKEN、FEISHU_APP_ID 和 FEISHU_APP_SECRET（/api/sync 还要 FEISHU_BASE_TOKEN 和 FEISHU_TABLE_ID）；" +
			"/open-apis 也可以在 Authorization: Bearer 里用连接密钥（rgk_…）。",
		EN: "The operator sets API_AUTH_TOKEN, FEISHU_APP_ID and FEISHU_APP_SECRET (for /api/sync FEISHU_BASE_TOKEN and FEISHU_TABLE_ID as " +
			"well); /open-apis also takes a connection key (rgk_…) as Authorization: Bearer.",
	}
	return e
}

func missing(caller tenant.Caller) error {
	if intake.IsUnrendered(caller.Unread.Reveal()) {
		return intake.Unrendered("Authorization")
	}
	detail := problem.Text{ZH: "请求里没有 Authorization: Bearer <令牌>。", EN: "The request has no Authorization: Bearer <token>."}
	if !caller.Unread.IsZero() {
		detail.ZH += "Authorization 请求头没有以“Bearer ”开头，因此没有读取。"
		detail.EN += " Its Authorization header does not begin with “Bearer ” and was not read."
	}
	e := problem.New(problem.BadPassphrase, detail)
	e.Fix = fix
	return e
}

var fix = problem.Text{
	ZH: "请在 Authorization: Bearer 里发送本服务的 API_AUTH_TOKEN，或一个连接密钥（rgk_…）。",
	EN: "Send this service's API_AUTH_TOKEN, or a connection key (rgk_…), as Authorization: Bearer.",
}

func sameApp(asked, own string) error {
	if asked == own {
		return nil
	}
	return &Wrong{problem.New(problem.BadAppCredentials, problem.Text{
		ZH: "app_id 不是这个令牌或密钥所属的应用。", EN: "The token or key belongs to another app than app_id.",
	})}
}

func isKey(text secret.Text) bool { return strings.HasPrefix(text.Reveal(), tenant.KeyPrefix) }

// Wrong marks the problem of a request with an invalid token: these surfaces answer it with 403, and a request without a token
// with 401.
type Wrong struct{ Problem *problem.Error }

// Error implements error.
func (w *Wrong) Error() string { return w.Problem.Error() }

// Unwrap returns the problem.
func (w *Wrong) Unwrap() error { return w.Problem }

// wrong marks the errors of an invalid token; it returns others, such as too_many_failures, unchanged.
func wrong(err error) error {
	e, ok := errors.AsType[*problem.Error](err)
	if !ok || e.Code != problem.BadPassphrase && e.Code != problem.BadConnectionKey {
		return err
	}
	if e.Code == problem.BadPassphrase {
		e = problem.New(e.Code, problem.Text{ZH: "令牌不正确。", EN: "The token is invalid."}).Because(err)
		e.Fix = fix
	}
	return &Wrong{e}
}

// StatusOf returns 403 if err is a Wrong, otherwise status.
func StatusOf(err error, status int) int {
	if _, isWrong := errors.AsType[*Wrong](err); isWrong {
		return http.StatusForbidden
	}
	return status
}
