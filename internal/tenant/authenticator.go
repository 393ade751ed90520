package tenant

import (
	"context"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// Claim is what the body and the headers of a request say about its sender, in addition to Caller.
type Claim struct {
	Passphrase secret.Text
	AppID      string
	AppSecret  secret.Text

	PersonalBaseToken secret.Text // in place of the two
}

// Identity is an authenticated caller, with the app's credential if the request has one.
type Identity struct {
	Name      string // of the passphrase
	AppID     string
	AppSecret secret.Text

	PersonalBaseToken secret.Text // in place of app_id and app_secret; empty for an app

	Sealed   bool   // the credential comes from a connection key, which is limited to the fields below
	Brand    string // of the connection key; "" if it has none
	AppToken string // of the connection key; "" if it has none
	TableID  string // of the connection key; "" if it has none
}

// Authenticator identifies callers by passphrase or connection key. It is safe for concurrent use.
type Authenticator struct {
	passphrases Passphrases
	keys        Keys
	failures    *Failures
}

// NewAuthenticator makes an authenticator for these passphrases; connection keys are opened with ring. The caller closes it.
func NewAuthenticator(passphrases Passphrases, ring *secret.Keyring) *Authenticator {
	return &Authenticator{passphrases: passphrases, keys: Keys{Passphrases: passphrases, Ring: ring}, failures: NewFailures()}
}

// Close ends the authenticator's goroutines.
func (a *Authenticator) Close() { a.failures.Close() }

// Admit authenticates the caller of ctx. A passphrase in claim takes precedence over one in Authorization. With a connection key, an
// app in claim must be the app of the key. A correct passphrase or key is never blocked, because many callers share an address.
//
// Errors: bad_passphrase, or unrendered_template for a wrong one that is template text; bad_connection_key; bad_parameter for another app
// than the key's, and for an app beside a personal_base_token; too_many_failures for a wrong passphrase or key once the
// caller's address has more than MaxFailures.
func (a *Authenticator) Admit(ctx context.Context, claim Claim) (Identity, error) {
	caller := CallerFrom(ctx)
	if strings.HasPrefix(caller.Bearer.Reveal(), KeyPrefix) && claim.Passphrase.IsZero() {
		return a.byKey(caller, claim)
	}
	passphrase, field := claim.Passphrase, "passphrase"
	if passphrase.IsZero() {
		passphrase, field = caller.Bearer, authorization
	}
	if passphrase.IsZero() {
		return Identity{}, caller.silent()
	}
	match, ok := a.passphrases.Match(passphrase)
	if !ok {
		hint := hintOf(passphrase)
		err := problem.New(problem.BadPassphrase, problem.Text{
			ZH: "调用口令不正确。" + hint.ZH, EN: "The passphrase is not right." + hint.EN,
		})
		if intake.IsUnrendered(passphrase.Reveal()) {
			err = intake.Unrendered(field).Because(err)
		}
		return Identity{}, a.failed(caller, err)
	}
	if !claim.PersonalBaseToken.IsZero() && (claim.AppID != "" || !claim.AppSecret.IsZero()) {
		return Identity{}, problem.New(problem.BadParameter, problem.Text{
			ZH: "personal_base_token（授权码）代替 app_id 和 app_secret，不能同时给出。请去掉其中一方。",
			EN: "personal_base_token takes the place of app_id and app_secret and cannot be combined with them. Leave out one or the other.",
		})
	}
	return Identity{
		Name: match.Name, AppID: claim.AppID, AppSecret: claim.AppSecret, PersonalBaseToken: claim.PersonalBaseToken,
	}, nil
}

// authorization names the header in refusals.
const authorization = "Authorization"

// silent refuses a caller who gives no passphrase: unrendered_template where the Authorization header is template text without a Bearer
// before it.
func (c Caller) silent() error {
	var scheme problem.Text
	switch {
	case intake.IsUnrendered(c.Unread.Reveal()):
		return intake.Unrendered(authorization)
	case !c.Unread.IsZero():
		scheme = problem.Text{
			ZH: "Authorization 请求头没有以“Bearer ”开头，因此没有读取。", EN: "The Authorization header does not begin with “Bearer ” and was not read. ",
		}
	}
	return problem.New(problem.BadPassphrase, problem.Text{
		ZH: "请求里没有调用口令。" + scheme.ZH + "请放在 Authorization: Bearer、X-Passphrase 或请求体的 passphrase 里。",
		EN: "The request has no passphrase. " + scheme.EN + "Send it as Authorization: Bearer, as X-Passphrase, or as passphrase in the body.",
	})
}

// hintOf says what may be wrong with a passphrase that looks as the setting spells one, name:value, or as a token of Feishu's. It does
// not tell whether the name is a configured one.
func hintOf(passphrase secret.Text) problem.Text {
	text := passphrase.Reveal()
	switch {
	case strings.Contains(text, ":"):
		return problem.Text{
			ZH: "如果它是按 名称:口令 配置的，只发送冒号后面的部分。", EN: " If it was configured as name:value, send only what follows the colon.",
		}
	case strings.HasPrefix(text, "t-"), strings.HasPrefix(text, "u-"):
		return problem.Text{
			ZH: "它看起来是飞书的访问令牌（t-… 或 u-…）。这里要的是本服务的调用口令，或连接密钥（rgk_…）；令牌由本服务用 app_id 和 app_secret 自己获取。",
			EN: " It looks like an access token of Feishu's (t-… or u-…). Send the passphrase of this service, or a connection key (rgk_…); " +
				"the service fetches tokens itself with app_id and app_secret.",
		}
	}
	return problem.Text{}
}

func (a *Authenticator) byKey(caller Caller, claim Claim) (Identity, error) {
	c, err := a.keys.Open(caller.Bearer, time.Now())
	if err != nil {
		return Identity{}, a.failed(caller, err)
	}
	if claim.AppID != "" && claim.AppID != c.AppID || !claim.AppSecret.IsZero() && claim.AppSecret != c.AppSecret ||
		!claim.PersonalBaseToken.IsZero() && claim.PersonalBaseToken != c.PersonalBaseToken {
		return Identity{}, problem.New(problem.BadParameter, problem.Text{
			ZH: "app_id、app_secret 或 personal_base_token 与连接密钥里的不同。使用连接密钥时请去掉它们。",
			EN: "app_id, app_secret or personal_base_token differs from the connection key's. Leave them out when a key is used.",
		})
	}
	return Identity{
		Name: c.Name, AppID: c.AppID, AppSecret: c.AppSecret, PersonalBaseToken: c.PersonalBaseToken,
		Sealed: true, Brand: c.Brand, AppToken: c.AppToken, TableID: c.TableID,
	}, nil
}

// NameOf returns the name of the passphrase that the caller of ctx sends in Authorization, itself or within a connection key; "" if it is
// none. It is for what is noted of a request that was refused before anybody asked who calls: it counts no failure and admits nobody.
func (a *Authenticator) NameOf(ctx context.Context) string {
	bearer := CallerFrom(ctx).Bearer
	if strings.HasPrefix(bearer.Reveal(), KeyPrefix) {
		if c, err := a.keys.Open(bearer, time.Now()); err == nil {
			return c.Name
		}
		return ""
	}
	match, _ := a.passphrases.Match(bearer)
	return match.Name
}

// failed counts a failure of the caller's address and returns err, or too_many_failures once there are too many.
func (a *Authenticator) failed(caller Caller, err error) error {
	wait := a.failures.Add(caller.Address)
	if wait == 0 {
		return err
	}
	tooMany := problem.New(problem.TooManyFailures, problem.Text{
		ZH: "这个地址在短时间内用了太多错误的口令或密钥。",
		EN: "Too many wrong passphrases or keys came from this address.",
	})
	tooMany.RetryAfter = wait
	return tooMany.Because(err)
}

// Seal makes a connection key. The caller must have been admitted as c.Name. Errors are those of Keys.Seal.
func (a *Authenticator) Seal(c Connection) (secret.Text, error) { return a.keys.Seal(c) }
