package feishuproxy

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/secret"
)

// TokenLife is the lifetime of a token as reported to SDKs; Feishu's tokens have the same.
const TokenLife = 2 * time.Hour

// Token is the answer of the token endpoint, in Feishu's own shape.
type Token struct {
	Code              int     `json:"code"`
	Msg               string  `json:"msg"`
	TenantAccessToken *string `json:"tenant_access_token,omitempty"`
	AppAccessToken    *string `json:"app_access_token,omitempty"`
	Expire            int     `json:"expire,omitempty"` // seconds
}

// Issue answers an SDK that asks for a token before its first call. body is {"app_id","app_secret"}, with the configured token or
// a connection key as app_secret. The SDK gets that credential back as its token and sends it with each call; Feishu's own token
// never leaves the service.
//
// Errors: the guard's, and bad_body; Refusal converts them to Feishu's shape.
func (p *Proxy) Issue(ctx context.Context, body []byte) (Token, error) {
	var asked struct {
		AppID     string      `json:"app_id"`
		AppSecret secret.Text `json:"app_secret"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return Token{}, problem.New(problem.BadBody, problem.Text{
			ZH: `请求体应为 {"app_id":"…","app_secret":"…"}。`, EN: `The body must be {"app_id":"…","app_secret":"…"}.`,
		}).Because(err)
	}
	if asked.AppSecret.IsZero() {
		return Token{}, problem.New(problem.BadPassphrase, problem.Text{
			ZH: "缺少 app_secret：请填本服务的 API_AUTH_TOKEN，或一个连接密钥（rgk_…）。",
			EN: "app_secret is missing: send this service's API_AUTH_TOKEN in it, or a connection key (rgk_…).",
		})
	}
	if err := p.Guard.Credential(ctx, asked.AppID, asked.AppSecret); err != nil {
		return Token{}, err
	}
	token := asked.AppSecret.Reveal()
	return Token{Msg: "ok", TenantAccessToken: &token, AppAccessToken: &token, Expire: int(TokenLife.Seconds())}, nil
}

// Refusal converts err to an answer of the token endpoint, in the shape that SDKs show to their users.
func Refusal(ctx context.Context, err error) Token {
	e := problem.From(err)
	token := Token{Code: feishu.CodeBadSecret, Msg: e.Detail.In(request.CallFrom(ctx).Lang())}
	if e.Code == problem.BadBody {
		token.Code = feishu.CodeInvalidParam
	}
	if e.Code == problem.TooManyFailures {
		token.Code = feishu.CodeRateLimited
	}
	return token
}

// Health is the answer of GET /health.
type Health struct {
	RequestID string     `json:"request_id"`
	Data      HealthData `json:"data"`
}

// HealthData reports that Feishu gives the app a token, and how long it is valid.
type HealthData struct {
	Status         string `json:"status"`
	TokenExpiresIn int    `json:"token_expires_in"` // seconds
}

// Health reports whether the caller's app gets a token. A PersonalBaseToken is none that Feishu gives: it is reported as every token is.
// Errors: the guard's, and what Feishu says of the app.
func (p *Proxy) Health(ctx context.Context) (Health, error) {
	app, err := p.Guard.Any(ctx)
	if err != nil {
		return Health{}, err
	}
	_, expiry, err := p.Feishu.Token(ctx, app)
	if err != nil {
		return Health{}, err
	}
	if expiry.IsZero() {
		expiry = time.Now().Add(TokenLife)
	}
	return Health{
		RequestID: request.CallFrom(ctx).RequestID,
		Data:      HealthData{Status: "ok", TokenExpiresIn: int(time.Until(expiry).Seconds())},
	}, nil
}
