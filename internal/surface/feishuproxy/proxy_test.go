package feishuproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/single"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a Feishu that keeps what it is asked.
type fake struct {
	app  feishu.App
	call client.Forward
	err  error
}

func (f *fake) Forward(_ context.Context, app feishu.App, call client.Forward) (*client.Answer, error) {
	f.app, f.call = app, call
	return &client.Answer{Status: 200}, f.err
}

func (f *fake) Token(_ context.Context, app feishu.App) (secret.Text, time.Time, error) {
	f.app = app
	return secret.New("t-feishu"), time.Now().Add(90 * time.Minute), f.err
}

const token = "the-token"

var own = feishu.App{ID: "cli_own", Secret: secret.New("own-secret"), Brand: feishu.BrandFeishu}

func setup(t *testing.T) (*Proxy, *fake) {
	t.Helper()
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{1}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	authenticator := tenant.NewAuthenticator(nil, ring)
	guard := single.New(single.Options{Token: secret.New(token), App: own, Access: &tool.Access{Authenticator: authenticator}})
	t.Cleanup(guard.Close)
	t.Cleanup(authenticator.Close)
	f := &fake{}
	return &Proxy{Guard: guard, Feishu: f}, f
}

func caller(t *testing.T, bearer string) context.Context {
	t.Helper()
	ctx := request.WithCall(t.Context(), &request.Call{RequestID: "req_test"})
	return tenant.WithCaller(ctx, tenant.Caller{Bearer: secret.New(bearer), Address: netip.MustParseAddr("192.0.2.1")})
}

func codeOf(err error) problem.Code {
	if e, ok := errors.AsType[*problem.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestForward(t *testing.T) {
	t.Parallel()
	const records = "/apps/bascnExample/tables/tblExample/records"
	for _, test := range []struct{ name, method, path, api string }{
		{"a new record", "POST", "/bitable/v1" + records, "record_create"},
		{"a path without its version", "POST", "/bitable" + records + "/batch_create", "record_batch_create"},
		{"a change", "PUT", "/bitable/v1" + records + "/recExample", "record_update"},
		{"the fields", "GET", "/bitable/v1/apps/bascnExample/tables/tblExample/fields", "field_list"},
		{"a path that ends with a slash", "GET", "/bitable/v1/apps/bascnExample/tables/", "table_list"},
		{"a view", "PATCH", "/bitable/v1/apps/bascnExample/tables/tblExample/views/vewExample", "view_update"},
		{"the tables", "GET", "/bitable/v1/apps/bascnExample/tables", "table_list"},
	} {
		t.Run("passes on "+test.name, func(t *testing.T) {
			t.Parallel()
			p, f := setup(t)
			body := strings.NewReader("x")
			header := map[string][]string{"Content-Type": {"application/json"}}
			answer, err := p.Forward(
				caller(t, token),
				Call{Method: test.method, Path: test.path, RawQuery: "a=%20", Header: header, Body: body, Length: 1},
			)
			if err != nil || answer.Status != 200 || f.app != own {
				t.Fatalf("%v %v", answer, err)
			}
			if c := f.call; c.API.Name != test.api || c.Params[0] != "bascnExample" || c.RawQuery != "a=%20" || c.Body != body ||
				c.ContentLength != 1 ||
				len(c.Header) != 1 {
				t.Errorf("%+v", c)
			}
		})
	}
	for _, test := range []struct {
		name, method, path, bearer string
		code                       problem.Code
	}{
		{"what is not served", "GET", "/wiki/v2/spaces", token, problem.NotFound},
		{"a call that Feishu has not", "POST", "/bitable/v1" + records + "/recExample", token, problem.NotFound},
		{"a path that ends with two slashes", "GET", "/bitable/v1/apps/bascnExample/tables//", token, problem.NotFound},
		{"a path that climbs", "GET", "/bitable/v1/apps/../tables", token, problem.NotFound},
		{"an escaped path", "GET", "/bitable/v1/apps/a%2Fb/tables", token, problem.NotFound},
		{"a caller without a token, also where there is nothing", "GET", "/bitable/v1/nothing", "", problem.BadPassphrase},
	} {
		t.Run("refuses "+test.name, func(t *testing.T) {
			t.Parallel()
			p, f := setup(t)
			if _, err := p.Forward(caller(t, test.bearer), Call{Method: test.method, Path: test.path}); codeOf(err) != test.code ||
				f.call.API != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestIssue(t *testing.T) {
	t.Parallel()
	p, f := setup(t)
	got, err := p.Issue(caller(t, ""), []byte(`{"app_id":"cli_own","app_secret":"`+token+`"}`))
	text, _ := json.Marshal(got)
	want := `{"code":0,"msg":"ok","tenant_access_token":"` + token + `","app_access_token":"` + token + `","expire":7200}`
	if err != nil || string(text) != want || f.app.ID != "" {
		t.Errorf("%s %v", text, err)
	}
	for _, test := range []struct {
		body string
		code int
	}{
		{`{"app_id":"cli_own","app_secret":"own-secret"}`, feishu.CodeBadSecret},
		{`{"app_id":"cli_own"}`, feishu.CodeBadSecret},
		{`[]`, feishu.CodeInvalidParam},
		{``, feishu.CodeInvalidParam},
	} {
		_, err := p.Issue(caller(t, ""), []byte(test.body))
		if err == nil {
			t.Fatalf("%s is admitted", test.body)
		}
		refusal := Refusal(caller(t, ""), err)
		text, _ := json.Marshal(refusal)
		if refusal.Code != test.code || refusal.Msg == "" || strings.Contains(string(text), "token\":") ||
			strings.Contains(string(text), "own-secret") {
			t.Errorf("%s: %s", test.body, text)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	p, f := setup(t)
	got, err := p.Health(caller(t, token))
	if err != nil || got.RequestID != "req_test" || got.Data.Status != "ok" || got.Data.TokenExpiresIn < 5390 ||
		got.Data.TokenExpiresIn > 5400 ||
		f.app != own {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := p.Health(caller(t, "")); codeOf(err) != problem.BadPassphrase {
		t.Errorf("got %v", err)
	}
	f.err = problem.New(problem.BadAppCredentials, problem.Text{})
	if _, err := p.Health(caller(t, token)); codeOf(err) != problem.BadAppCredentials {
		t.Errorf("got %v", err)
	}
}
