package connection_test

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/connection"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keysOf are the keys of a service whose one passphrase is given.
func keysOf(t *testing.T, passphrase string) tenant.Keys {
	t.Helper()
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return tenant.Keys{Passphrases: tenant.Passphrases{tenant.NewPassphrase("default", secret.New(passphrase))}, Ring: ring}
}

// authenticatorOf returns the authenticator of that service.
func authenticatorOf(t *testing.T, passphrase string) *tenant.Authenticator {
	t.Helper()
	keys := keysOf(t, passphrase)
	authenticator := tenant.NewAuthenticator(keys.Passphrases, keys.Ring)
	t.Cleanup(authenticator.Close)
	return authenticator
}

// create asks for a key, as a caller with bearer in Authorization.
func create(t *testing.T, authenticator *tenant.Authenticator, bearer, body string) (*connection.KeyMade, *problem.Error) {
	t.Helper()
	ctx := tenant.WithCaller(t.Context(), tenant.Caller{Bearer: secret.New(bearer), Address: netip.MustParseAddr("192.0.2.1")})
	answer, err := connection.Create(authenticator, tokens{}).Call(ctx, &intake.Result{JSON: []byte(body)})
	if err != nil {
		return nil, problem.From(err)
	}
	created, ok := answer.Body.(*connection.KeyMade)
	if !ok || answer.Status != tool.StatusOK {
		t.Fatalf("answer %d with a %T", answer.Status, answer.Body)
	}
	return created, nil
}

// admit is who a key says is calling.
func admit(t *testing.T, authenticator *tenant.Authenticator, key string) (tenant.Identity, *problem.Error) {
	t.Helper()
	ctx := tenant.WithCaller(t.Context(), tenant.Caller{Bearer: secret.New(key)})
	identity, err := authenticator.Admit(ctx, tenant.Claim{})
	if err != nil {
		return identity, problem.From(err)
	}
	return identity, nil
}

// wrongSecret is refused by tokens.
const wrongSecret = "canary-wrong"

// tokens is a Feishu that refuses one secret.
type tokens struct{}

func (tokens) Token(_ context.Context, app feishu.App) (secret.Text, time.Time, error) {
	if app.Secret.Reveal() == wrongSecret {
		return secret.Text{}, time.Time{}, problem.New(problem.BadAppCredentials, problem.Text{ZH: string(app.Brand), EN: string(app.Brand)})
	}
	return secret.New("t-example"), time.Now().Add(time.Hour), nil
}

// GetApp shows the base bascnExample for every token but one.
func (tokens) GetApp(_ context.Context, app feishu.App, appToken string) (feishu.AppInfo, error) {
	if !app.IsPersonal() || app.Secret.Reveal() == wrongSecret || appToken != "bascnExample" {
		return feishu.AppInfo{}, problem.New(problem.BadAppCredentials, problem.Text{ZH: string(app.Brand), EN: string(app.Brand)})
	}
	return feishu.AppInfo{AppToken: appToken}, nil
}

func TestCreate_of_a_personal_base_token(t *testing.T) {
	t.Parallel()
	const right, wrong = `{"passphrase":"open","personal_base_token":"canary-4f1d"`,
		`{"passphrase":"open","personal_base_token":"` + wrongSecret + `"`
	const base = `,"app_token":"https://example.feishu.cn/base/bascnExample"`
	for name, test := range map[string]struct {
		body string
		code problem.Code // "" for a key
	}{
		"tests it on its base":             {right + base + `}`, ""},
		"refuses a wrong one":              {wrong + base + `}`, problem.BadAppCredentials},
		"refuses one without its base":     {right + `}`, problem.MissingConnection},
		"seals one untested":               {wrong + `,"verify":false}`, ""},
		"looks up no wiki page":            {right + `,"app_token":"https://example.feishu.cn/wiki/wikcnExample"}`, problem.KeyScope},
		"refuses it beside an app":         {right + base + `,"app_id":"cli_example"}`, problem.BadParameter},
		"refuses it beside an app_secret":  {right + base + `,"app_secret":"x"}`, problem.BadParameter},
		"refuses template text in place":   {`{"passphrase":"open","personal_base_token":"{{x}}"` + base + `}`, problem.UnrenderedTemplate},
		"refuses it with wrong passphrase": {`{"passphrase":"x","personal_base_token":"y"` + base + `}`, problem.BadPassphrase},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			authenticator := authenticatorOf(t, "open")
			made, err := create(t, authenticator, "", test.body)
			if test.code != "" {
				if err == nil || err.Code != test.code || strings.Contains(err.Detail.EN, "canary") {
					t.Fatalf("got %v, want %s", err, test.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			identity, err := admit(t, authenticator, made.ConnectionKey)
			if err != nil || identity.PersonalBaseToken.IsZero() || identity.AppID != "" || !identity.AppSecret.IsZero() {
				t.Errorf("the key says %+v, %v", identity, err)
			}
		})
	}
}

// TestCreate_tests_the_credential_first: a key with a wrong secret would fail only where it is used.
func TestCreate_tests_the_credential_first(t *testing.T) {
	t.Parallel()
	const wrong = `"app_id":"cli_example","app_secret":"` + wrongSecret + `","passphrase":"open"`
	for name, test := range map[string]struct{ options, brand string }{
		"at Feishu":             {``, "feishu"},
		"at the brand":          {`,"brand":"lark"`, "lark"},
		"at that of the link":   {`,"app_token":"https://example.larksuite.com/base/bascnExample"`, "lark"},
		"where it is asked for": {`,"verify":true`, "feishu"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := create(t, authenticatorOf(t, "open"), "", `{`+wrong+test.options+`}`)
			if err == nil || err.Code != problem.BadAppCredentials || err.Detail.EN != test.brand {
				t.Errorf("made %+v, %v", made, err)
			}
		})
	}
	t.Run("unless told not to", func(t *testing.T) {
		t.Parallel()
		if made, err := create(t, authenticatorOf(t, "open"), "", `{`+wrong+`,"verify":false}`); err != nil || made.ConnectionKey == "" {
			t.Errorf("made %+v, %v", made, err)
		}
	})
	t.Run("and never for a wrong passphrase", func(t *testing.T) {
		t.Parallel()
		body := strings.Replace(`{`+wrong+`}`, `"open"`, `"shut"`, 1)
		if _, err := create(t, authenticatorOf(t, "open"), "", body); err == nil || err.Code != problem.BadPassphrase {
			t.Errorf("got %v", err)
		}
	})
}

const credentials = `"app_id":"cli_example","app_secret":"canary-4f1d","passphrase":"open"`

func TestCreate_seals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options                string
		appToken, table, brand string
	}{
		"the credentials alone": {``, "", "", ""},
		"a base":                {`,"app_token":"bascnExample"`, "bascnExample", "", ""},
		"a base and a table":    {`,"app_token":"bascnExample","table_id":"视频"`, "bascnExample", "视频", ""},
		"what a link names": {
			`,"app_token":"https://example.larksuite.com/base/bascnExample?table=tblExample"`,
			"bascnExample", "tblExample", "lark",
		},
		"a table beside a link": {
			`,"app_token":"https://example.feishu.cn/base/bascnExample?table=tblExample","table_id":"tblOther"`,
			"bascnExample", "tblOther", "feishu",
		},
		"a wiki link, to be asked then": {
			`,"app_token":"https://example.feishu.cn/wiki/wikcnExample?table=tblExample"`,
			"https://example.feishu.cn/wiki/wikcnExample?table=tblExample", "tblExample", "feishu",
		},
		"the brand": {`,"brand":"lark"`, "", "", "lark"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			authenticator := authenticatorOf(t, "open")
			created, err := create(t, authenticator, "", `{`+credentials+c.options+`}`)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(created.ConnectionKey, tenant.KeyPrefix) || strings.Contains(created.ConnectionKey, "canary-4f1d") {
				t.Errorf("the key is %q", created.ConnectionKey)
			}
			if created.AppToken != c.appToken || created.TableID != c.table || created.Brand != c.brand {
				t.Errorf("the answer names %q, %q, %q", created.AppToken, created.TableID, created.Brand)
			}
			got, err := admit(t, authenticator, created.ConnectionKey)
			if err != nil {
				t.Fatal(err)
			}
			want := tenant.Identity{
				Name: "default", AppID: "cli_example", AppSecret: secret.New("canary-4f1d"), Sealed: true,
				AppToken: c.appToken, TableID: c.table, Brand: c.brand,
			}
			if got != want {
				t.Errorf("the key says %+v, want %+v", got, want)
			}
		})
	}
}

func TestCreate_expires(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options string
		after   time.Duration
	}{
		"after a year unless told":  {``, 365 * 24 * time.Hour},
		"when the caller says":      {`,"expires_in":3600`, time.Hour},
		"after a minute at least":   {`,"expires_in":60`, time.Minute},
		"after two years at latest": {`,"expires_in":63072000`, 730 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := time.Now().Truncate(time.Second)
			created, err := create(t, authenticatorOf(t, "open"), "", `{`+credentials+c.options+`}`)
			if err != nil {
				t.Fatal(err)
			}
			end, parseErr := time.Parse(time.RFC3339, created.ExpiresAt)
			if parseErr != nil || end.Before(before.Add(c.after)) || end.After(time.Now().Add(c.after)) {
				t.Fatalf("expires_at %s, want %s after %s", created.ExpiresAt, c.after, before)
			}
			keys := keysOf(t, "open")
			if _, err := keys.Open(secret.New(created.ConnectionKey), end.Add(-time.Second)); err != nil {
				t.Errorf("a second before its end: %v", err)
			}
			if _, err := keys.Open(secret.New(created.ConnectionKey), end); err == nil || problem.From(err).Code != problem.BadConnectionKey {
				t.Errorf("at its end: %v, want bad_connection_key", err)
			}
		})
	}

	t.Run("with its passphrase", func(t *testing.T) {
		t.Parallel()
		created, err := create(t, authenticatorOf(t, "open"), "", `{`+credentials+`}`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := admit(t, authenticatorOf(t, "another"), created.ConnectionKey); err == nil || err.Code != problem.BadConnectionKey {
			t.Errorf("%v, want bad_connection_key", err)
		}
	})

	t.Run("alone: a key made after it is another one", func(t *testing.T) {
		t.Parallel()
		authenticator := authenticatorOf(t, "open")
		first, err := create(t, authenticator, "open", `{"app_id":"cli_example","app_secret":"canary-4f1d"}`)
		if err != nil {
			t.Fatal(err)
		}
		second, err := create(t, authenticator, "open", `{"app_id":"cli_example","app_secret":"canary-4f1d"}`)
		if err != nil || first.ConnectionKey == second.ConnectionKey {
			t.Fatalf("the second key is the first, or none: %v", err)
		}
		for _, key := range []string{first.ConnectionKey, second.ConnectionKey} {
			if _, err := admit(t, authenticator, key); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestCreate_refuses(t *testing.T) {
	t.Parallel()
	authenticator := authenticatorOf(t, "open")
	key, err := create(t, authenticator, "", `{`+credentials+`,"expires_in":3600}`)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bearer, body string
		code         problem.Code
	}{
		"no passphrase":                  {"", `{"app_id":"cli_example","app_secret":"canary-4f1d"}`, problem.BadPassphrase},
		"a wrong passphrase":             {"", `{"app_id":"cli_example","app_secret":"canary-4f1d","passphrase":"wrong"}`, problem.BadPassphrase},
		"a key in place of a passphrase": {key.ConnectionKey, `{"app_id":"cli_example","app_secret":"canary-4f1d"}`, problem.BadPassphrase},
		"no app":                         {"", `{"passphrase":"open"}`, problem.MissingConnection},
		"no secret":                      {"", `{"passphrase":"open","app_id":"cli_example"}`, problem.MissingConnection},
		"a table without its base":       {"", `{` + credentials + `,"table_id":"tblExample"}`, problem.MissingConnection},
		"what is no link":                {"", `{` + credentials + `,"app_token":"https://example.feishu.cn/docx/abc"}`, problem.BadLink},
		"too short a life":               {"", `{` + credentials + `,"expires_in":59}`, problem.BadParameter},
		"too long a life":                {"", `{` + credentials + `,"expires_in":63072001}`, problem.BadParameter},
		"more than a key can hold": {"", `{"app_id":"cli_example","app_secret":"` + strings.Repeat("x", 8<<10) +
			`","passphrase":"open"}`, problem.BadParameter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, authenticator, c.bearer, c.body)
			if err == nil || err.Code != c.code {
				t.Fatalf("%v, want %s", err, c.code)
			}
			if strings.Contains(err.Detail.EN+err.Detail.ZH, "canary-4f1d") {
				t.Errorf("the secret stands in %+v", err.Detail)
			}
		})
	}
}
