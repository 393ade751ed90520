package tenant_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

func authenticator(t *testing.T) *tenant.Authenticator {
	t.Helper()
	d := tenant.NewAuthenticator(team("passphrase"), ring(t))
	t.Cleanup(d.Close)
	return d
}

// from is a request from an address with a bearer.
func from(ctx context.Context, bearer string) context.Context {
	return tenant.WithCaller(ctx, tenant.Caller{Bearer: secret.New(bearer), Address: netip.MustParseAddr("192.0.2.7")})
}

func TestAuthenticator(t *testing.T) {
	t.Parallel()
	app := tenant.Claim{AppID: "cli_example", AppSecret: secret.New(canary)}

	for name, test := range map[string]struct {
		bearer, passphrase string
		want               problem.Code
	}{
		"a passphrase as bearer":                        {bearer: "passphrase"},
		"a passphrase in the body":                      {passphrase: "passphrase"},
		"the passphrase of the body before the bearer":  {bearer: "wrong", passphrase: "passphrase"},
		"a right bearer beside a wrong one in the body": {bearer: "passphrase", passphrase: "wrong", want: problem.BadPassphrase},
		"a passphrase in the body beside a key":         {bearer: "rgk_any", passphrase: "passphrase"},
		"a wrong passphrase":                            {bearer: "wrong", want: problem.BadPassphrase},
		"no passphrase":                                 {want: problem.BadPassphrase},
		"a connection key that is none":                 {bearer: "rgk_none", want: problem.BadConnectionKey},
		"a connection key in the place of a passphrase": {passphrase: "rgk_none", want: problem.BadPassphrase},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claim := app
			claim.Passphrase = secret.New(test.passphrase)
			got, err := authenticator(t).Admit(from(t.Context(), test.bearer), claim)
			if code(err) != test.want {
				t.Fatalf("error is %v, want %q", err, test.want)
			}
			want := tenant.Identity{Name: "team", AppID: app.AppID, AppSecret: app.AppSecret}
			if test.want != "" {
				want = tenant.Identity{}
			}
			if diff := cmp.Diff(want, got, secrets); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}

	for name, test := range map[string]struct {
		caller tenant.Caller
		says   string
	}{
		"an Authorization header without a scheme": {tenant.Caller{Unread: secret.New("passphrase")}, "does not begin with “Bearer ”"},
		"a passphrase with its name":               {tenant.Caller{Bearer: secret.New("team:passphrase")}, "Send only what follows"},
		"a token of Feishu's":                      {tenant.Caller{Bearer: secret.New("t-example")}, "access token of Feishu's"},
		"a passphrase with a name that is unknown": {tenant.Caller{Bearer: secret.New("other:x")}, "send only what follows"},
		"a tenant token of Feishu's":               {tenant.Caller{Bearer: secret.New("t-g1044ghJRUIJJ5ELPA")}, "an access token of Feishu's"},
		"a user's token of Feishu's":               {tenant.Caller{Bearer: secret.New("u-g1044ghJRUIJJ5ELPA")}, "an access token of Feishu's"},
	} {
		t.Run("says what is wrong with "+name, func(t *testing.T) {
			t.Parallel()
			_, err := authenticator(t).Admit(tenant.WithCaller(t.Context(), test.caller), app)
			if got := problem.From(err).Detail; !strings.Contains(strings.ToLower(got.EN), strings.ToLower(test.says)) || got.ZH == "" {
				t.Errorf("says %+v", got)
			}
		})
	}

	for name, test := range map[string]struct {
		caller     tenant.Caller
		passphrase string
		says       string // "" for a wrong passphrase like any other
	}{
		"a passphrase of n8n":                {passphrase: "{{ $json.pass }}", says: "passphrase holds"},
		"a bearer of Dify":                   {caller: tenant.Caller{Bearer: secret.New("{{#env.passphrase#}}")}, says: "Authorization holds"},
		"a bearer of a shell":                {caller: tenant.Caller{Bearer: secret.New("$PASSPHRASE")}, says: "Authorization holds"},
		"a bearer of Dify's that is missing": {caller: tenant.Caller{Bearer: secret.New("env.passphrase")}, says: "Authorization holds"},
		"a header without Bearer":            {caller: tenant.Caller{Unread: secret.New("{{#env.passphrase#}}")}, says: "Authorization holds"},
		"a header of angles without Bearer":  {caller: tenant.Caller{Unread: secret.New("<passphrase>")}, says: "Authorization holds"},
		"a wrong passphrase beside it":       {caller: tenant.Caller{Bearer: secret.New("{{x}}")}, passphrase: "wrong"},
	} {
		t.Run("sees template text in "+name, func(t *testing.T) {
			t.Parallel()
			ctx := tenant.WithCaller(t.Context(), test.caller)
			_, err := authenticator(t).Admit(ctx, tenant.Claim{Passphrase: secret.New(test.passphrase)})
			want := problem.UnrenderedTemplate
			if test.says == "" {
				want = problem.BadPassphrase
			}
			if code(err) != want || !strings.Contains(problem.From(err).Detail.EN, test.says) {
				t.Errorf("got %v", err)
			}
		})
	}

	t.Run("admits a passphrase that has the form of template text", func(t *testing.T) {
		t.Parallel()
		d := tenant.NewAuthenticator(tenant.Passphrases{tenant.NewPassphrase("team", secret.New("<right>"))}, ring(t))
		t.Cleanup(d.Close)
		if _, err := d.Admit(from(t.Context(), "<right>"), app); err != nil {
			t.Error(err)
		}
	})

	t.Run("takes a personal_base_token in place of an app, not beside one", func(t *testing.T) {
		t.Parallel()
		d, personal := authenticator(t), secret.New("pt-example")
		got, err := d.Admit(from(t.Context(), "passphrase"), tenant.Claim{PersonalBaseToken: personal})
		want := tenant.Identity{Name: "team", PersonalBaseToken: personal}
		if diff := cmp.Diff(want, got, secrets); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for _, claim := range []tenant.Claim{
			{PersonalBaseToken: personal, AppID: "cli_example"}, {PersonalBaseToken: personal, AppSecret: secret.New("x")},
		} {
			if got, err := d.Admit(from(t.Context(), "passphrase"), claim); code(err) != problem.BadParameter || got != (tenant.Identity{}) {
				t.Errorf("%v", err)
			}
			if _, err := d.Admit(from(t.Context(), "wrong"), claim); code(err) != problem.BadPassphrase {
				t.Errorf("before the passphrase: %v", err)
			}
		}
	})

	t.Run("takes no other credential than the key's", func(t *testing.T) {
		t.Parallel()
		d := authenticator(t)
		sealed := tenant.Connection{Name: "team", PersonalBaseToken: secret.New("pt-example"), ExpiresAt: time.Now().Add(time.Hour)}
		key, err := d.Seal(sealed)
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			claim tenant.Claim
			want  problem.Code
		}{
			"none":          {tenant.Claim{}, ""},
			"the same":      {tenant.Claim{PersonalBaseToken: sealed.PersonalBaseToken}, ""},
			"another":       {tenant.Claim{PersonalBaseToken: secret.New("pt-other")}, problem.BadParameter},
			"an app":        {app, problem.BadParameter},
			"an app_secret": {tenant.Claim{AppSecret: sealed.PersonalBaseToken}, problem.BadParameter},
		} {
			got, err := d.Admit(from(t.Context(), key.Reveal()), test.claim)
			if code(err) != test.want || test.want == "" && got.PersonalBaseToken != sealed.PersonalBaseToken {
				t.Errorf("%s: %v", name, err)
			}
		}
	})

	t.Run("counts template text as a failure", func(t *testing.T) {
		t.Parallel()
		d := authenticator(t)
		for range tenant.MaxFailures {
			if _, err := d.Admit(from(t.Context(), "{{x}}"), app); code(err) != problem.UnrenderedTemplate {
				t.Fatal(err)
			}
		}
		if _, err := d.Admit(from(t.Context(), "{{x}}"), app); code(err) != problem.TooManyFailures {
			t.Error(err)
		}
	})

	t.Run("a connection key brings its app and its table", func(t *testing.T) {
		t.Parallel()
		d := authenticator(t)
		c := connection()
		c.ExpiresAt = time.Now().Add(time.Hour)
		key, err := d.Seal(c)
		if err != nil {
			t.Fatal(err)
		}
		want := tenant.Identity{
			Name: "team", AppID: c.AppID, AppSecret: c.AppSecret, Sealed: true, Brand: c.Brand, AppToken: c.AppToken, TableID: c.TableID,
		}
		for name, claim := range map[string]tenant.Claim{"alone": {}, "beside the same app": app} {
			got, err := d.Admit(from(t.Context(), key.Reveal()), claim)
			if diff := cmp.Diff(want, got, secrets); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
		for name, claim := range map[string]tenant.Claim{
			"another app":    {AppID: "cli_other"},
			"another secret": {AppID: c.AppID, AppSecret: secret.New("other")},
		} {
			if got, err := d.Admit(from(t.Context(), key.Reveal()), claim); code(err) != problem.BadParameter {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})

	t.Run("refuses an expired key", func(t *testing.T) {
		t.Parallel()
		d := authenticator(t)
		c := connection()
		c.ExpiresAt = time.Now().Add(-time.Second)
		key, err := d.Seal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Admit(from(t.Context(), key.Reveal()), tenant.Claim{}); code(err) != problem.BadConnectionKey {
			t.Errorf("error is %v", err)
		}
	})

	t.Run("limits wrong passphrases and keys of an address and never a right one", func(t *testing.T) {
		t.Parallel()
		d := authenticator(t)
		for i := range tenant.MaxFailures {
			bearer := []string{"wrong", "rgk_wrong"}[i%2]
			if _, err := d.Admit(from(t.Context(), bearer), app); code(err) == problem.TooManyFailures || err == nil {
				t.Fatalf("failure %d: %v", i+1, err)
			}
		}
		for _, bearer := range []string{"wrong", "rgk_wrong"} {
			_, err := d.Admit(from(t.Context(), bearer), app)
			refused := problem.From(err)
			if refused.Code != problem.TooManyFailures || refused.Status() != 429 || refused.RetryIn() <= 0 ||
				refused.RetryIn() > tenant.FailureWindow {
				t.Errorf("%s: %v, retry in %s", bearer, err, refused.RetryIn())
			}
		}
		if _, err := d.Admit(from(t.Context(), "passphrase"), app); err != nil {
			t.Errorf("the right passphrase from the same address: %v", err)
		}
	})

	t.Run("does not count a request without a passphrase as a try", func(t *testing.T) {
		t.Parallel()
		d := authenticator(t)
		for range 2 * tenant.MaxFailures {
			if _, err := d.Admit(from(t.Context(), ""), app); code(err) != problem.BadPassphrase {
				t.Fatal(err)
			}
		}
	})

	t.Run("says what is wrong in both languages and shows no secret", func(t *testing.T) {
		t.Parallel()
		d := authenticator(t)
		for _, bearer := range []string{"", canary, "rgk_" + canary} {
			_, err := d.Admit(from(t.Context(), bearer), app)
			detail := problem.From(err).Detail
			if detail.ZH == "" || detail.EN == "" || strings.Contains(err.Error()+detail.ZH, canary) {
				t.Errorf("%q: %+v", bearer, detail)
			}
		}
	})
}

func TestCallerFrom(t *testing.T) {
	t.Parallel()
	if caller := tenant.CallerFrom(t.Context()); caller != (tenant.Caller{}) {
		t.Errorf("a context without a caller has %+v", caller)
	}
	want := tenant.Caller{Bearer: secret.New("x"), Address: netip.MustParseAddr("192.0.2.7")}
	if got := tenant.CallerFrom(tenant.WithCaller(t.Context(), want)); got != want {
		t.Errorf("got %+v", got)
	}
}
