// Package single admits the callers of the surfaces that take the place of a small service of one tenant: whoever sends the
// configured bearer token uses the configured app. Where a surface allows it, a connection key opens it for any other tenant.
package single

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

// tokenName is what the configured token is called among passphrases.
const tokenName = "api_auth_token"

// Options of a Guard.
type Options struct {
	Token secret.Text // API_AUTH_TOKEN; empty: the configured app is not reached by a token
	App   feishu.App  // the configured app
	Gate  *tool.Gate  // opens connection keys
}

// Guard admits callers. It is safe for concurrent use; Close it in the end.
type Guard struct {
	door *tenant.Authenticator // of the one token; nil if there is none
	app  feishu.App
	gate *tool.Gate
}

// New makes a guard.
func New(o Options) *Guard {
	g := &Guard{app: o.App, gate: o.Gate}
	if !o.Token.IsZero() {
		g.door = tenant.NewAuthenticator(tenant.Passphrases{tenant.NewPassphrase(tokenName, o.Token)}, nil) // keys are the gate's
	}
	return g
}

// Close ends the guard's goroutines.
func (g *Guard) Close() {
	if g.door != nil {
		g.door.Close()
	}
}

// Token admits a request by the configured token alone, and every request if none is configured.
//
// Errors: bad_passphrase, Wrong if there was a token; too_many_failures.
func (g *Guard) Token(ctx context.Context) error {
	if g.door == nil {
		return nil
	}
	return g.check(ctx, tenant.CallerFrom(ctx).Bearer)
}

// Place is what a call of the Open API is about, as its path says; "" for what it does not name.
type Place struct{ AppToken, TableID string }

// Any admits a request by the configured token or by any connection key, and names the app. It opens nothing of the app's:
// that is for App.
//
// Errors: not_found if only a key could be right and there is none; bad_passphrase and bad_connection_key, Wrong if there was
// a token; too_many_failures.
func (g *Guard) Any(ctx context.Context) (feishu.App, error) {
	bearer := tenant.CallerFrom(ctx).Bearer
	if !isKey(bearer) {
		return g.configured(ctx, bearer)
	}
	target, err := g.gate.App(ctx, &tool.Connection{})
	return target.App, wrong(err)
}

// App admits a request by the configured token or by a connection key, and says with which app it is carried out. A key for
// one base, or one table, opens no other.
//
// Errors: as Any's; bad_parameter for a place that the key does not open; what Feishu says of the key's wiki link.
func (g *Guard) App(ctx context.Context, place Place) (feishu.App, error) {
	bearer := tenant.CallerFrom(ctx).Bearer
	if !isKey(bearer) {
		return g.configured(ctx, bearer)
	}
	identity, err := g.gate.Admission.Admit(ctx, tenant.Claim{})
	if err != nil {
		return feishu.App{}, wrong(err)
	}
	if identity.TableID != "" && place.TableID == "" || identity.AppToken != "" && place.AppToken == "" {
		return feishu.App{}, tool.BeyondKey()
	}
	reach := g.gate.Table
	switch {
	case place.AppToken == "":
		reach = g.gate.App
	case place.TableID == "":
		reach = g.gate.Base
	}
	target, err := reach(ctx, &tool.Connection{AppToken: place.AppToken, TableID: place.TableID})
	return target.App, err
}

// Credential admits whoever asks for a token with an app's id and, in place of its secret, the configured token or a
// connection key. The id must be that app's.
//
// Errors: as App's, and bad_app_credentials, Wrong, for another id.
func (g *Guard) Credential(ctx context.Context, appID string, credential secret.Text) error {
	if isKey(credential) {
		caller := tenant.CallerFrom(ctx)
		caller.Bearer = credential
		identity, err := g.gate.Admission.Admit(tenant.WithCaller(ctx, caller), tenant.Claim{})
		if err != nil {
			return wrong(err)
		}
		return sameApp(appID, identity.AppID)
	}
	if _, err := g.configured(ctx, credential); err != nil {
		return err
	}
	return sameApp(appID, g.app.ID)
}

func (g *Guard) configured(ctx context.Context, bearer secret.Text) (feishu.App, error) {
	if g.door == nil {
		return feishu.App{}, Off()
	}
	return g.app, g.check(ctx, bearer)
}

// check compares with the configured token.
func (g *Guard) check(ctx context.Context, bearer secret.Text) error {
	if bearer.IsZero() {
		return missing()
	}
	if isKey(bearer) {
		e := problem.New(problem.BadConnectionKey, problem.Text{
			ZH: "这个接口只接受 API_AUTH_TOKEN，不接受连接密钥。",
			EN: "This path takes API_AUTH_TOKEN only, no connection key.",
		})
		e.Fix = problem.Text{
			ZH: "请在 Authorization: Bearer 里发送本服务的 API_AUTH_TOKEN。",
			EN: "Send this service's API_AUTH_TOKEN as Authorization: Bearer.",
		}
		return &Wrong{e}
	}
	_, err := g.door.Admit(ctx, tenant.Claim{Passphrase: bearer})
	return wrong(err)
}

// Off is what a surface answers that is not configured: there is no such path.
func Off() error {
	return problem.New(problem.NotFound, problem.Text{ZH: "本服务没有开启这个接口。", EN: "This path is not enabled here."})
}

func missing() error {
	e := problem.New(problem.BadPassphrase, problem.Text{
		ZH: "请求里没有 Authorization: Bearer <令牌>。", EN: "The request has no Authorization: Bearer <token>.",
	})
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
		ZH: "app_id 不是这个令牌或密钥所属的应用。", EN: "The app_id is not the app of this token or key.",
	})}
}

func isKey(text secret.Text) bool { return strings.HasPrefix(text.Reveal(), tenant.KeyPrefix) }

// Wrong marks a problem of a request that had a token, though not the right one: these surfaces answer it with 403 and
// leave 401 to a request without any.
type Wrong struct{ Problem *problem.Error }

// Error implements error.
func (w *Wrong) Error() string { return w.Problem.Error() }

// Unwrap returns the problem.
func (w *Wrong) Unwrap() error { return w.Problem }

// wrong marks what a door says of a token; any other error, too_many_failures for one, is as it was.
func wrong(err error) error {
	e, ok := errors.AsType[*problem.Error](err)
	if !ok || e.Code != problem.BadPassphrase && e.Code != problem.BadConnectionKey {
		return err
	}
	if e.Code == problem.BadPassphrase {
		e = problem.New(e.Code, problem.Text{ZH: "令牌不正确。", EN: "The token is not right."}).Because(err)
		e.Fix = fix
	}
	return &Wrong{e}
}

// StatusOf returns status, or 403 where err is a token that is there and is not the right one.
func StatusOf(err error, status int) int {
	if _, isWrong := errors.AsType[*Wrong](err); isWrong {
		return http.StatusForbidden
	}
	return status
}
