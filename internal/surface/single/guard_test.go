package single

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bases knows one wiki node; every other link names its base itself.
type bases struct{}

func (bases) Base(_ context.Context, _ feishu.App, link bitable.Link) (string, error) {
	if link.WikiToken != "" {
		return "bascnExample", nil
	}
	return link.AppToken, nil
}

func (bases) Tables(context.Context, feishu.App, string) ([]feishu.Table, error) { return nil, nil }

func (bases) TableID(_ context.Context, _ feishu.App, _, idOrName string) (string, error) {
	if idOrName == "视频" {
		return "tblExample", nil
	}
	return idOrName, nil
}

var (
	own   = feishu.App{ID: "cli_own", Secret: secret.New("own-secret"), Brand: feishu.BrandFeishu}
	token = secret.New("the-token")
)

// setup makes a guard, with a token or without, and what makes connection keys for it.
func setup(t *testing.T, configured bool) (*Guard, func(tenant.Connection) secret.Text) {
	t.Helper()
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{1}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	authenticator := tenant.NewAuthenticator(tenant.Passphrases{tenant.NewPassphrase("test", secret.New("passphrase"))}, ring)
	t.Cleanup(authenticator.Close)
	options := Options{
		Access: &tool.Access{Authenticator: authenticator, Directory: bases{}, Digest: func(a feishu.App) string { return a.ID }},
	}
	if configured {
		options.Token, options.App = token, own
	}
	g := New(options)
	t.Cleanup(g.Close)
	return g, func(c tenant.Connection) secret.Text {
		t.Helper()
		c.Name, c.ExpiresAt = "test", time.Now().Add(time.Hour)
		if c.PersonalBaseToken.IsZero() {
			c.AppID, c.AppSecret = "cli_tenant", secret.New("tenant-secret")
		}
		key, err := authenticator.Seal(c)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
}

// with is a request that carries a bearer token, from an address of its own.
func with(t *testing.T, bearer secret.Text) context.Context {
	t.Helper()
	return tenant.WithCaller(t.Context(), tenant.Caller{Bearer: bearer, Address: netip.MustParseAddr("192.0.2.1")})
}

// refused checks code and whether the request had a token that is not the right one.
func refused(t *testing.T, err error, code problem.Code, isWrong bool) {
	t.Helper()
	e, _ := errors.AsType[*problem.Error](err)
	w, marked := errors.AsType[*Wrong](err)
	if e == nil || e.Code != code || marked != isWrong || marked && w.Error() == "" {
		t.Errorf("got %v, marked %v; want %s, %v", err, marked, code, isWrong)
	}
}

func TestApp(t *testing.T) {
	t.Parallel()
	g, seal := setup(t, true)
	here := Resource{AppToken: "bascnExample", TableID: "tblExample"}

	t.Run("is the configured one for the token, wherever it goes", func(t *testing.T) {
		t.Parallel()
		for _, resource := range []Resource{{}, here, {AppToken: "bascnOther1"}} {
			if app, err := g.App(with(t, token), resource); err != nil || app != own {
				t.Errorf("%v: %v", app, err)
			}
		}
	})
	t.Run("is the key's for a connection key", func(t *testing.T) {
		t.Parallel()
		for _, resource := range []Resource{{}, here, {AppToken: "bascnOther1"}} {
			if app, err := g.App(with(t, seal(tenant.Connection{Brand: "lark"})), resource); err != nil || app.ID != "cli_tenant" ||
				app.Brand != feishu.BrandLark {
				t.Errorf("%v: %v", app, err)
			}
		}
	})
	t.Run("is within the key's base and table, however those were named", func(t *testing.T) {
		t.Parallel()
		for _, limit := range []tenant.Connection{
			{AppToken: "bascnExample"},
			{AppToken: "https://example.feishu.cn/wiki/wikcnExample01", TableID: "视频"},
			{AppToken: "https://example.feishu.cn/base/bascnExample?table=tblExample", TableID: "tblExample"},
		} {
			key := seal(limit)
			if _, err := g.App(with(t, key), here); err != nil {
				t.Errorf("%+v: %v", limit, err)
			}
			_, err := g.App(with(t, key), Resource{AppToken: "bascnOther1", TableID: "tblExample"})
			refused(t, err, problem.KeyScope, false)
			if limit.TableID == "" {
				if _, err := g.App(with(t, key), Resource{AppToken: "bascnExample", TableID: "tblOther001", Alters: true}); err != nil {
					t.Errorf("a base's key: %v", err)
				}
				continue
			}
			for _, beyond := range []Resource{
				{AppToken: "bascnExample", TableID: "tblOther001"},
				{AppToken: "bascnExample"},
				{},
				{AppToken: "bascnExample", TableID: "tblExample", Alters: true},
			} {
				_, err := g.App(with(t, key), beyond)
				refused(t, err, problem.KeyScope, false)
			}
		}
	})
	t.Run("is nobody's without a token, and nobody's with a wrong one", func(t *testing.T) {
		t.Parallel()
		_, err := g.App(with(t, secret.Text{}), here)
		refused(t, err, problem.BadPassphrase, false)
		_, err = g.App(with(t, secret.New("passphrase")), here)
		refused(t, err, problem.BadPassphrase, true)
		_, err = g.App(with(t, secret.New("rgk_broken")), here)
		refused(t, err, problem.BadConnectionKey, true)
	})
	t.Run("is reached by a key alone where none is configured", func(t *testing.T) {
		t.Parallel()
		off, seal := setup(t, false)
		for _, bearer := range []secret.Text{{}, token, secret.New("passphrase")} {
			_, err := off.App(with(t, bearer), here)
			refused(t, err, problem.NotFound, false)
		}
		if _, err := off.App(with(t, seal(tenant.Connection{})), here); err != nil {
			t.Error(err)
		}
	})
}

func TestTokenOfGuard(t *testing.T) {
	t.Parallel()
	g, seal := setup(t, true)
	if err := g.Token(with(t, token)); err != nil {
		t.Error(err)
	}
	refused(t, g.Token(with(t, secret.Text{})), problem.BadPassphrase, false)
	refused(t, g.Token(with(t, secret.New("the-token "))), problem.BadPassphrase, true)
	refused(t, g.Token(with(t, seal(tenant.Connection{}))), problem.BadConnectionKey, true)
	refused(t, g.Token(with(t, secret.New("{{#env.token#}}"))), problem.UnrenderedTemplate, false)
	for header, want := range map[string]problem.Code{"$TOKEN": problem.UnrenderedTemplate, "the-token": problem.BadPassphrase} {
		err := g.Token(tenant.WithCaller(t.Context(), tenant.Caller{Unread: secret.New(header)}))
		refused(t, err, want, false)
		if want == problem.BadPassphrase && !strings.Contains(err.Error(), "does not begin with") {
			t.Errorf("says %v", err)
		}
	}
	open, _ := setup(t, false)
	if err := open.Token(with(t, secret.Text{})); err != nil {
		t.Errorf("without a configured token: %v", err)
	}
}

func TestPersonalKey(t *testing.T) {
	t.Parallel()
	g, seal := setup(t, true)
	personal := secret.New("pt-example")
	key := seal(tenant.Connection{PersonalBaseToken: personal, AppToken: "bascnExample"})
	app, err := g.App(with(t, key), Resource{AppToken: "bascnExample", TableID: "tblExample"})
	if err != nil || !app.IsPersonal() || app.Secret != personal {
		t.Errorf("%v, %v", app, err)
	}
	if err := g.Credential(with(t, secret.Text{}), "cli_any", key); err != nil { // there is no app that it could differ from
		t.Error(err)
	}
	_, err = g.App(with(t, key), Resource{AppToken: "bascnOther1"})
	refused(t, err, problem.KeyScope, false)
}

func TestCredential(t *testing.T) {
	t.Parallel()
	g, seal := setup(t, true)
	key := seal(tenant.Connection{})
	for _, good := range []struct {
		id         string
		credential secret.Text
	}{{own.ID, token}, {"cli_tenant", key}} {
		if err := g.Credential(with(t, secret.Text{}), good.id, good.credential); err != nil {
			t.Errorf("%s: %v", good.id, err)
		}
	}
	none := with(t, secret.Text{})
	refused(t, g.Credential(none, own.ID, own.Secret), problem.BadPassphrase, true)
	refused(t, g.Credential(none, own.ID, secret.Text{}), problem.BadPassphrase, false)
	refused(t, g.Credential(none, own.ID, secret.New("{{secret}}")), problem.UnrenderedTemplate, false)
	refused(t, g.Credential(none, "cli_other", token), problem.BadAppCredentials, true)
	refused(t, g.Credential(none, own.ID, key), problem.BadAppCredentials, true)
	refused(t, g.Credential(none, own.ID, secret.New("rgk_x")), problem.BadConnectionKey, true)
}

func TestGuesses(t *testing.T) {
	t.Parallel()
	g, _ := setup(t, true)
	for range tenant.MaxFailures {
		refused(t, g.Token(with(t, secret.New(rand.Text()))), problem.BadPassphrase, true)
	}
	refused(t, g.Token(with(t, secret.New(rand.Text()))), problem.TooManyFailures, false)
	if err := g.Token(with(t, token)); err != nil {
		t.Errorf("the right token is blocked: %v", err)
	}
}

func TestConfigured(t *testing.T) {
	t.Parallel()
	got, err := Configured{
		AppID:    "cli_own",
		AppToken: "bascnExample",
	}.Admit(
		t.Context(),
		tenant.Claim{AppID: "cli_other", Passphrase: secret.New("x")},
	)
	if err != nil || got.AppID != "cli_own" || got.AppToken != "bascnExample" || got.Name == "" {
		t.Errorf("%+v %v", got, err)
	}
}
