// Package connection holds the tool that seals connection keys.
package connection

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

// Bounds of expires_in, in seconds.
const (
	DefaultExpiresIn = 365 * 24 * 3600
	MinExpiresIn     = 60
	MaxExpiresIn     = 2 * DefaultExpiresIn
)

// Authenticator checks passphrases and seals keys. It is implemented by *tenant.Authenticator. The errors are problems.
type Authenticator interface {
	Admit(ctx context.Context, claim tenant.Claim) (tenant.Identity, error)
	Seal(c tenant.Connection) (secret.Text, error)
}

// Tokens asks Feishu for an app's token, which it gives for a right app_id and app_secret only, and for a base, which it shows for a right
// PersonalBaseToken only. It is implemented by *client.Client.
type Tokens interface {
	Token(ctx context.Context, app feishu.App) (secret.Text, time.Time, error)
	GetApp(ctx context.Context, app feishu.App, appToken string) (feishu.AppInfo, error)
}

// CreateConnectionInput is the request of create_connection.
type CreateConnectionInput struct {
	tool.Connection
	tool.Deadline

	ExpiresIn *int  `json:"expires_in,omitempty" in:"query" minimum:"60" maximum:"63072000" example:"31536000" doc:"How long the key is valid, in seconds. Default 365 days."`
	Verify    *bool `json:"verify,omitempty" in:"query" default:"true" example:"true" doc:"Test app_id and app_secret, or personal_base_token on app_token, at Feishu first. false seals them untested."`
}

// KeyMade is the answer of create_connection. The key is in no other place: it is shown this once.
type KeyMade struct {
	OK            bool   `json:"ok" doc:"true"`
	ConnectionKey string `json:"connection_key" example:"rgk_example" doc:"send it as Authorization: Bearer rgk_…, in place of app_id, app_secret (or personal_base_token) and passphrase"`
	ExpiresAt     string `json:"expires_at" format:"date-time" doc:"when it ends; it also ends with its passphrase"`
	AppToken      string `json:"app_token" doc:"the only base that it opens; empty for any"`
	TableID       string `json:"table_id" doc:"the only table that it opens; empty for any"`
	Brand         string `json:"brand" doc:"feishu or lark; empty where a request's link decides"`
	RequestID     string `json:"request_id" doc:"this request, for support"`
}

// Create is the tool create_connection. It asks Feishu for a token first, so that no wrong secret is sealed, and stores nothing. A
// key is renewed by making another one; it ends at expires_at, or when its passphrase is changed.
func Create(authenticator Authenticator, tokens Tokens) tool.Tool {
	return tool.Define[CreateConnectionInput, KeyMade](tool.Meta{
		Name: "create_connection", Path: "/v1/connections", Family: tool.Records, EveryFamily: true,
		Title: problem.Text{ZH: "创建连接密钥", EN: "Create a connection key"},
		Description: "Seal app_id, app_secret and passphrase (and a base and table, if given) in one key for Authorization: Bearer, so that no " +
			`workflow or model holds a secret. Example: {"app_id":"cli_example","app_secret":"…","passphrase":"…"}`,
		Risk: tool.ReadOnly,
	}, func(ctx context.Context, in *CreateConnectionInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		request.CallFrom(ctx).SetBrand(in.Brand)
		identity, err := authenticator.Admit(ctx, tenant.Claim{
			Passphrase: in.Passphrase, AppID: in.AppID, AppSecret: in.AppSecret, PersonalBaseToken: in.PersonalBaseToken,
		})
		if err != nil {
			return tool.Answer{}, err
		}
		request.CallFrom(ctx).SetCaller(identity.Name)
		if err := in.Rendered(); err != nil {
			return tool.Answer{}, err
		}
		if err := tool.Contradiction(ctx); err != nil {
			return tool.Answer{}, err
		}
		c, err := in.connection(identity, time.Now())
		if err != nil {
			return tool.Answer{}, err
		}
		if tool.IsTrueByDefault(in.Verify) {
			if err := in.verify(ctx, tokens, c, identity); err != nil {
				return tool.Answer{}, err
			}
		}
		key, err := authenticator.Seal(c)
		if err != nil {
			return tool.Answer{}, err
		}
		if len(key.Reveal()) > tenant.MaxKeyBytes {
			return tool.Answer{}, problem.New(problem.BadParameter, problem.Text{
				ZH: "app_id、app_secret、personal_base_token、app_token、table_id 太长，放不进一个密钥。",
				EN: "app_id, app_secret, personal_base_token, app_token and table_id are too long for a key.",
			})
		}
		return tool.OK(&KeyMade{
			OK: true, ConnectionKey: key.Reveal(), ExpiresAt: c.ExpiresAt.UTC().Format(time.RFC3339), AppToken: c.AppToken,
			TableID: c.TableID, Brand: c.Brand, RequestID: request.CallFrom(ctx).RequestID,
		}), nil
	})
}

// connection is what the key will hold. A key makes no keys: it would outlive its own end, and widen what it is limited to.
func (in *CreateConnectionInput) connection(identity tenant.Identity, now time.Time) (tenant.Connection, error) {
	if identity.Sealed {
		return tenant.Connection{}, problem.New(problem.BadPassphrase, problem.Text{
			ZH: "连接密钥不能用来创建密钥：请给出 app_id、app_secret（或 personal_base_token）和 passphrase。",
			EN: "A connection key makes no keys: send app_id, app_secret (or personal_base_token) and passphrase.",
		})
	}
	if missing := in.missing(); len(missing) > 0 {
		return tenant.Connection{}, problem.New(problem.MissingConnection, problem.Text{
			ZH: "缺少 " + strings.Join(missing, "、") + "。", EN: "Missing: " + strings.Join(missing, ", ") + ".",
		})
	}
	seconds := DefaultExpiresIn
	if in.ExpiresIn != nil {
		seconds = *in.ExpiresIn
	}
	if seconds < MinExpiresIn || seconds > MaxExpiresIn {
		return tenant.Connection{}, problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("expires_in 应在 %d 到 %d 秒之间。", MinExpiresIn, MaxExpiresIn),
			EN: fmt.Sprintf("expires_in lies between %d and %d seconds.", MinExpiresIn, MaxExpiresIn),
		})
	}
	c := tenant.Connection{
		Name: identity.Name, AppID: in.AppID, AppSecret: in.AppSecret, PersonalBaseToken: in.PersonalBaseToken, Brand: in.Brand,
		TableID: in.TableID, ExpiresAt: now.Add(time.Duration(seconds) * time.Second).Truncate(time.Second),
	}
	if in.AppToken == "" {
		if c.TableID != "" {
			return tenant.Connection{}, problem.New(problem.MissingConnection, problem.Text{
				ZH: "table_id 需要和 app_token 一起给出。", EN: "A table_id is given together with its app_token.",
			})
		}
		return c, nil
	}
	link, err := bitable.ParseLink(in.AppToken)
	if err != nil {
		return tenant.Connection{}, err
	}
	c.AppToken = link.AppToken
	if link.AppToken == "" { // a wiki link: which base it leads to is asked when the key is used
		c.AppToken = in.AppToken
	}
	if c.TableID == "" {
		c.TableID = link.TableID
	}
	if link.Brand != "" {
		c.Brand = string(link.Brand)
	}
	return c, nil
}

// verify tests the credential at Feishu. A PersonalBaseToken can be tested on its base alone, which has to be named then.
func (in *CreateConnectionInput) verify(ctx context.Context, tokens Tokens, c tenant.Connection, identity tenant.Identity) error {
	app := tool.AppOf(identity, feishu.Brand(cmp.Or(c.Brand, string(feishu.BrandFeishu))))
	if !app.IsPersonal() {
		_, _, err := tokens.Token(ctx, app)
		return err
	}
	if c.AppToken == "" {
		return problem.New(problem.MissingConnection, problem.Text{
			ZH: "授权码要在它的多维表格上才能验证：请同时给出 app_token，或用 verify: false 不经验证就封存。",
			EN: "A personal_base_token is tested on its base: give app_token with it, or verify: false to seal it untested.",
		})
	}
	link, err := bitable.ParseLink(c.AppToken)
	switch {
	case err != nil:
		return err
	case link.AppToken == "": // a wiki page, which only an app can look up
		return feishu.APIGetNode.NeedsApp()
	}
	_, err = tokens.GetApp(ctx, app, link.AppToken)
	return err
}

func (in *CreateConnectionInput) missing() (names []string) {
	if !in.PersonalBaseToken.IsZero() {
		return nil
	}
	if in.AppID == "" {
		names = append(names, "app_id")
	}
	if in.AppSecret.IsZero() {
		names = append(names, "app_secret")
	}
	return names
}
