package diagnose_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/diagnose"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// order is how the steps follow each other.
var order = []string{"secret", "scopes", "base", "table", "fields", "write"}

// patient is a connection that works until a test spoils it.
type patient struct {
	t       *testing.T
	box     *sandbox.Sandbox
	service *diagnose.Service
	ring    *secret.Keyring
	token   string
	tableID string
	body    map[string]any
	bearer  string
}

// spoil says what is wrong with a patient.
type spoil struct {
	app  sandbox.AppSpec
	base sandbox.BaseSpec
	body map[string]any // replaces members of the request; nil takes one away
}

func setup(t *testing.T, s spoil) *patient {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	s.app.ID, s.app.Secret = "cli_example", "right-secret"
	if err := box.AddApp(s.app); err != nil {
		t.Fatal(err)
	}
	s.base.Name = "示例"
	if s.base.Collaborators == nil && s.base.Readers == nil {
		s.base.Collaborators = []string{"cli_example"}
	}
	base, err := box.AddBase(s.base)
	if err != nil {
		t.Fatal(err)
	}
	tableID, err := base.AddTable("视频", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "编号", Type: 1005})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := base.AddRows(tableID, map[string]any{"标题": "a"}); err != nil {
		t.Fatal(err)
	}
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	client, err := client.New(client.Options{Keyring: ring, Transport: box.Transport(), BaseURL: "http://sandbox.test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	directory := directory.New(client, client.Digest)
	t.Cleanup(directory.Close)
	authenticator := tenant.NewAuthenticator(tenant.Passphrases{tenant.NewPassphrase("default", secret.New("open-sesame"))}, ring)
	t.Cleanup(authenticator.Close)
	p := &patient{
		t: t, box: box, ring: ring, token: base.Token(), tableID: tableID,
		service: &diagnose.Service{
			Access: &tool.Access{Authenticator: authenticator, Directory: directory, Digest: client.Digest}, Client: client, Tables: directory,
		},
		body: map[string]any{
			"passphrase": "open-sesame", "app_id": "cli_example", "app_secret": "right-secret", "app_token": base.Token(), "table_id": tableID,
		},
	}
	maps.Copy(p.body, s.body)
	maps.DeleteFunc(p.body, func(_ string, v any) bool { return v == nil })
	return p
}

func (p *patient) diagnose() (*diagnose.Diagnosis, error) {
	p.t.Helper()
	body, err := json.Marshal(p.body)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx := tenant.WithCaller(p.t.Context(), tenant.Caller{Bearer: secret.New(p.bearer)})
	answer, err := diagnose.Diagnose(p.service).Call(ctx, &intake.Result{JSON: body})
	if err != nil {
		return nil, err
	}
	diagnosis, ok := answer.Body.(*diagnose.Diagnosis)
	if !ok || answer.Status != tool.StatusOK {
		p.t.Fatalf("answer %d with a %T", answer.Status, answer.Body)
	}
	return diagnosis, nil
}

func TestDiagnose_finds_nothing_wrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]spoil{
		"with a token and an id": {},
		"with a table's name":    {body: map[string]any{"table_id": " 视频"}},
		"with a wiki link": {
			base: sandbox.BaseSpec{WikiNode: "wikcnExample"},
			body: map[string]any{"app_token": "https://example.feishu.cn/wiki/wikcnExample"},
		},
		"with the fewest scopes": {app: sandbox.AppSpec{Scopes: []string{
			"base:field:read", "base:record:retrieve", "base:record:create",
			"base:record:update",
		}}},
		"with advanced permission": {base: sandbox.BaseSpec{Advanced: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setup(t, c)
			d, err := p.diagnose()
			if err != nil {
				t.Fatal(err)
			}
			if !d.OK || len(d.Steps) != len(order) {
				t.Fatalf("diagnosis %+v", d)
			}
			for i, step := range d.Steps {
				if step.Step != order[i] || !step.OK || step.Detail.ZH == "" || step.Detail.EN == "" || !step.Fix.IsZero() || step.Feishu != nil {
					t.Errorf("step %+v", step)
				}
			}
		})
	}

	t.Run("and leaves no trace", func(t *testing.T) {
		t.Parallel()
		p := setup(t, spoil{})
		before, err := p.box.Rows(p.token, p.tableID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.diagnose(); err != nil {
			t.Fatal(err)
		}
		after, err := p.box.Rows(p.token, p.tableID)
		if err != nil || fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("rows %v, before %v, %v", after, before, err)
		}
		for _, call := range p.box.Journal() {
			if call.Committed {
				t.Errorf("%s changed something", call.Endpoint)
			}
		}
	})

	t.Run("with a connection key", func(t *testing.T) {
		t.Parallel()
		p := setup(t, spoil{body: map[string]any{"passphrase": nil, "app_id": nil, "app_secret": nil, "app_token": nil, "table_id": nil}})
		keys := tenant.Keys{Passphrases: tenant.Passphrases{tenant.NewPassphrase("default", secret.New("open-sesame"))}, Ring: p.ring}
		key, err := keys.Seal(tenant.Connection{
			Name: "default", AppID: "cli_example", AppSecret: secret.New("right-secret"), AppToken: p.token, TableID: p.tableID,
			ExpiresAt: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		p.bearer = key.Reveal()
		if d, err := p.diagnose(); err != nil || !d.OK {
			t.Errorf("diagnosis %+v, %v", d, err)
		}
	})
}

func TestDiagnose_finds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil spoil
		fault sandbox.Fault
		step  string
		code  int      // Feishu's, 0 if it said nothing
		says  []string // in detail or fix, of both languages
	}{
		"a wrong secret": {
			spoil: spoil{body: map[string]any{"app_secret": "wrong-secret"}}, step: "secret", code: 10014,
			says: []string{"https://open.feishu.cn/app/cli_example/baseinfo"},
		},
		"a wrong secret of a Lark app": {
			spoil: spoil{body: map[string]any{"app_secret": "wrong-secret", "brand": "lark"}}, step: "secret", code: 10014,
			says: []string{"https://open.larksuite.com/app/cli_example/baseinfo"},
		},
		"a missing secret": {spoil: spoil{body: map[string]any{"app_secret": nil}}, step: "secret", says: []string{"app_secret"}},
		"no scope at all": {
			spoil: spoil{app: sandbox.AppSpec{Scopes: []string{}}}, step: "scopes", code: 99991672,
			says: []string{"base:record:create", "https://open.feishu.cn/app/cli_example/auth?q=bitable%3Aapp"},
		},
		"reading scopes only": {
			spoil: spoil{app: sandbox.AppSpec{Scopes: []string{"bitable:app:readonly"}}}, step: "scopes", code: 99991672,
			says: []string{"base:record:create,base:record:update"},
		},
		"an address that the app forbids": {
			spoil: spoil{app: sandbox.AppSpec{IPAllow: []string{"192.0.2.1"}}}, step: "scopes", code: 99991401,
			says: []string{"https://open.feishu.cn/app/cli_example/safe"},
		},
		"a used up quota": {
			fault: sandbox.Fault{Endpoint: "record.search", Action: sandbox.ActionError, Code: 99991403},
			step:  "scopes", code: 99991403,
		},
		"no base": {spoil: spoil{body: map[string]any{"app_token": nil}}, step: "base", says: []string{"app_token"}},
		"what is no link": {
			spoil: spoil{body: map[string]any{"app_token": "https://example.feishu.cn/share/base/form/shrcnExample"}},
			step:  "base",
		},
		"a base that is gone": {spoil: spoil{body: map[string]any{"app_token": "bascnAbsentExample"}}, step: "base", code: 91402},
		"a wiki page that the app may not see": {
			spoil: spoil{
				base: sandbox.BaseSpec{WikiNode: "wikcnExample", Collaborators: []string{"cli_other"}},
				body: map[string]any{"app_token": "https://example.feishu.cn/wiki/wikcnExample"},
			},
			step: "base", code: 131006,
		},
		"an app that is no collaborator": {
			spoil: spoil{base: sandbox.BaseSpec{Collaborators: []string{"cli_other"}}}, step: "base", code: 91403,
		},
		"no table": {spoil: spoil{body: map[string]any{"table_id": nil}}, step: "table", says: []string{"table_id"}},
		"a table that is not there": {
			spoil: spoil{body: map[string]any{"table_id": "tblAbsentExample"}}, step: "table", says: []string{"tblAbsentExample", "视频"},
		},
		"a table's name that is not there": {spoil: spoil{body: map[string]any{"table_id": "音频"}}, step: "table", says: []string{"视频"}},
		"a table that is not there, where tables may not be listed": {
			spoil: spoil{
				app:  sandbox.AppSpec{Scopes: []string{"base:field:read", "base:record:retrieve", "base:record:create", "base:record:update"}},
				body: map[string]any{"table_id": "tblAbsentExample"},
			},
			step: "fields", code: 1254041,
		},
		"a base that the app may only read": {
			spoil: spoil{base: sandbox.BaseSpec{Readers: []string{"cli_example"}}}, step: "write", code: 1254302,
		},
		"a write that Feishu does not answer": {
			fault: sandbox.Fault{Endpoint: "record.batch_update", Skip: 1, Action: sandbox.ActionCut},
			step:  "write",
		},
		"a conflict with other writes": {
			fault: sandbox.Fault{Endpoint: "record.batch_update", Skip: 1, Action: sandbox.ActionError, Code: 1254291}, step: "write", code: 1254291,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := setup(t, c.spoil)
				if c.fault.Action != "" {
					if _, err := p.box.AddFault(c.fault); err != nil {
						t.Fatal(err)
					}
				}
				d, err := p.diagnose()
				if err != nil {
					t.Fatal(err)
				}
				p.check(d, c.step, c.code, c.says)
			})
		})
	}
}

// check wants the walk to end at a step.
func (p *patient) check(d *diagnose.Diagnosis, step string, code int, says []string) {
	p.t.Helper()
	if d.OK || len(d.Steps) != len(order) {
		p.t.Fatalf("diagnosis %+v", d)
	}
	passed := true
	for i, s := range d.Steps {
		switch {
		case s.Step == step:
			passed = false
			if s.OK || s.Detail.ZH == "" || s.Detail.EN == "" || s.Fix.ZH == "" || s.Fix.EN == "" {
				p.t.Errorf("step %+v has no detail or fix", s)
			}
			for _, word := range says {
				if !strings.Contains(s.Detail.ZH+s.Fix.ZH, word) || !strings.Contains(s.Detail.EN+s.Fix.EN, word) {
					p.t.Errorf("step %+v does not say %q", s, word)
				}
			}
			switch {
			case code == 0 && s.Feishu != nil && s.Feishu.Code != 0, code != 0 && (s.Feishu == nil || s.Feishu.Code != code || s.Feishu.LogID == ""):
				p.t.Errorf("Feishu said %+v, want code %d with a log_id", s.Feishu, code)
			}
		case passed != s.OK || s.Step != order[i]:
			p.t.Errorf("step %+v, before the bad one: %v", s, passed)
		case !passed && (!strings.Contains(s.Detail.ZH, step) || !strings.Contains(s.Detail.EN, step) || !s.Fix.IsZero()):
			p.t.Errorf("skipped step %+v", s)
		}
	}
	if text := fmt.Sprintf("%+v", d); strings.Contains(text, "-secret") || strings.Contains(text, "sesame") {
		p.t.Errorf("a secret stands in %s", text)
	}
}

func TestDiagnose_refuses_strangers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   map[string]any
		bearer string
		code   problem.Code
	}{
		"without passphrase":     {map[string]any{"passphrase": nil}, "", problem.BadPassphrase},
		"with a wrong one":       {map[string]any{"passphrase": "x"}, "", problem.BadPassphrase},
		"with a key that is bad": {map[string]any{"passphrase": nil}, "rgk_example", problem.BadConnectionKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setup(t, spoil{body: c.body})
			p.bearer = c.bearer
			if _, err := p.diagnose(); err == nil || problem.From(err).Code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
			if calls := len(p.box.Journal()); calls != 0 {
				t.Errorf("%d calls were made for a stranger", calls)
			}
		})
	}
}

func TestDiagnose_makes_no_link_of_a_strange_app_id(t *testing.T) {
	t.Parallel()
	p := setup(t, spoil{body: map[string]any{"app_id": "x/../../evil?y="}})
	d, err := p.diagnose()
	if err != nil {
		t.Fatal(err)
	}
	if d.Steps[0].OK || strings.Contains(d.Steps[0].Fix.EN, "evil") {
		t.Errorf("step %+v", d.Steps[0])
	}
}

func TestDiagnose_a_personal_base_token(t *testing.T) {
	t.Parallel()
	const personal = "pt-exampleToken"
	own := map[string]any{"app_id": nil, "app_secret": nil, "personal_base_token": personal}
	for name, c := range map[string]struct {
		body   map[string]any
		base   sandbox.BaseSpec
		failed string // the step; "" if all are well
		says   string // of the failed step's detail, or of the steps'
	}{
		"that works": {says: "There is no app behind a personal_base_token"},
		"with a wiki link": {
			body: map[string]any{"app_token": "https://example.feishu.cn/wiki/wikcnExample"}, failed: "base", says: "no wiki links",
		},
		"that is wrong":   {body: map[string]any{"personal_base_token": "pt-wrong"}, failed: "secret", says: "refused the personal_base_token"},
		"of another base": {body: map[string]any{"app_token": "bascnElsewhere"}, failed: "base", says: "one base that it was made in"},
		"beside an app":   {body: map[string]any{"app_id": "cli_example"}, failed: "bad_parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.base.PersonalToken = personal
			body := maps.Clone(own)
			maps.Copy(body, c.body)
			p := setup(t, spoil{base: c.base, body: body})
			if _, err := p.box.AddBase(sandbox.BaseSpec{Token: "bascnElsewhere"}); err != nil {
				t.Fatal(err)
			}
			d, err := p.diagnose()
			if err != nil {
				if string(problem.From(err).Code) != c.failed {
					t.Error(err)
				}
				return
			}
			all, failed := "", ""
			for _, step := range d.Steps {
				all += step.Detail.EN
				if !step.OK && failed == "" {
					failed = step.Step
				}
				if strings.Contains(step.Detail.EN+step.Fix.EN, "Developer Console") {
					t.Errorf("%s speaks of an app: %+v", step.Step, step)
				}
			}
			if failed != c.failed || !strings.Contains(all, c.says) || d.OK != (c.failed == "") {
				t.Errorf("failed at %q: %+v", failed, d.Steps)
			}
			if rows, err := p.box.Rows(p.token, p.tableID); err != nil || len(rows) != 1 {
				t.Errorf("%d rows, %v", len(rows), err)
			}
		})
	}
}
