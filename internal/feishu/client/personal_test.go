package client_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

const personalToken = "pt-exampleToken"

// hosts notes the hosts that are called.
type hosts struct {
	http.RoundTripper

	mu     sync.Mutex
	called []string
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.called = append(h.called, r.URL.Host)
	h.mu.Unlock()
	return h.RoundTripper.RoundTrip(r)
}

// personal is a client that calls Feishu's own hosts, in front of a sandbox that has a base with a PersonalBaseToken and one without.
func personal(t *testing.T) (c *client.Client, called *hosts, own, foreign feishu.TableRef) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	called = &hosts{RoundTripper: box.Transport()}
	if c, err = client.New(client.Options{Keyring: ring, Transport: called}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	refs := make([]feishu.TableRef, 0, 2)
	for _, token := range []string{personalToken, ""} {
		base, err := box.AddBase(sandbox.BaseSpec{PersonalToken: token})
		if err != nil {
			t.Fatal(err)
		}
		id, err := base.AddTable("视频", sandbox.FieldSpec{Name: "标题", Type: 1})
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, feishu.TableRef{App: feishu.App{Secret: secret.New(personalToken)}, AppToken: base.Token(), TableID: id})
	}
	return c, called, refs[0], refs[1]
}

func TestPersonalBaseToken(t *testing.T) {
	t.Parallel()
	for brand, host := range map[feishu.Brand]string{
		"": "base-api.feishu.cn", feishu.BrandFeishu: "base-api.feishu.cn", feishu.BrandLark: "base-api.larksuite.com",
	} {
		t.Run("is_sent_as_it_is_to_the_host_of_brand_"+string(brand), func(t *testing.T) {
			t.Parallel()
			c, called, own, _ := personal(t)
			own.App.Brand = brand
			ids, err := c.BatchCreate(t.Context(), own, []feishu.Fields{feishu.Fields(`{"标题":"a"}`)}, feishu.WriteOptions{})
			if err != nil || len(ids) != 1 {
				t.Fatal(ids, err)
			}
			if page, err := c.Search(t.Context(), own, feishu.SearchRequest{}); err != nil || len(page.Items) != 1 {
				t.Error(page, err)
			}
			if !slices.Equal(called.called, []string{host, host}) { // no token is asked for
				t.Errorf("called %v", called.called)
			}
		})
	}
	t.Run("is_not_taken_where_apps_are", func(t *testing.T) {
		t.Parallel()
		c, called, own, _ := personal(t)
		own.App.ID = "cli_example"
		if err := c.Do(t.Context(), own.App, tablesOf(own)); err == nil || slices.Contains(called.called, "base-api.feishu.cn") {
			t.Errorf("%v, called %v", err, called.called)
		}
	})
	for name, tc := range map[string]struct {
		token string
		other bool
		want  problem.Code
		says  string
	}{
		"that_is_wrong":      {token: "pt-wrong", want: problem.BadAppCredentials, says: "personal_base_token"},
		"that_is_an_apps":    {token: "t-g10441", want: problem.BadAppCredentials, says: "personal_base_token"},
		"of_another_base":    {token: personalToken, other: true, want: problem.AppNotCollaborator, says: "one base that it was made in"},
		"that_is_not_a_word": {token: "<token>", want: problem.BadAppCredentials, says: "personal_base_token"},
	} {
		t.Run(name+"_is_refused_in_its_own_words_after_one_call", func(t *testing.T) {
			t.Parallel()
			c, called, own, foreign := personal(t)
			if tc.other {
				own = foreign
			}
			own.App.Secret = secret.New(tc.token)
			_, err := c.BatchCreate(t.Context(), own, []feishu.Fields{feishu.Fields(`{"标题":"a"}`)}, feishu.WriteOptions{})
			p := problem.From(err)
			if p.Code != tc.want || !strings.Contains(p.Detail.EN, tc.says) || !strings.Contains(p.Detail.ZH, "授权码") ||
				p.Outcome != problem.NotWritten {
				t.Errorf("got %s %+v %s", p.Code, p.Detail, p.Outcome)
			}
			if strings.Contains(p.Fix.EN, "App ID") || strings.Contains(err.Error(), tc.token) {
				t.Errorf("fix %+v of %v", p.Fix, err)
			}
			if len(called.called) != 1 {
				t.Errorf("%d calls", len(called.called))
			}
		})
	}
	t.Run("opens_nothing_beside_its_base_and_nothing_is_called", func(t *testing.T) {
		t.Parallel()
		c, called, own, _ := personal(t)
		_, node := c.GetNode(t.Context(), own.App, "wikcnExample")
		_, people := c.BatchGetID(t.Context(), own.App, []string{"a@example.com"}, nil, "open_id")
		_, file := c.UploadAll(t.Context(), own.App, client.Media{AppToken: own.AppToken, Size: 1}, strings.NewReader("a"))
		_, passed := c.Forward(t.Context(), own.App, client.Forward{API: feishu.APIGetNode})
		for _, err := range []error{node, people, file, passed} {
			if p := problem.From(err); p.Code != problem.KeyScope || !strings.Contains(p.Fix.ZH, "file_token") {
				t.Errorf("got %v, %+v", err, p.Fix)
			}
		}
		if len(called.called) > 0 {
			t.Errorf("called %v", called.called)
		}
	})
	t.Run("is_its_own_token", func(t *testing.T) {
		t.Parallel()
		c, called, own, _ := personal(t)
		token, expiry, err := c.Token(t.Context(), own.App)
		if err != nil || token.Reveal() != personalToken || expiry != (time.Time{}) || len(called.called) > 0 {
			t.Errorf("%v, %v, called %v", expiry, err, called.called)
		}
	})
	t.Run("is_passed_through_with_Feishus_own_refusal", func(t *testing.T) {
		t.Parallel()
		c, called, own, _ := personal(t)
		own.App.Secret = secret.New("pt-wrong")
		answer, err := c.Forward(t.Context(), own.App, client.Forward{API: feishu.APIListTables, Params: []string{own.AppToken}})
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.Status != http.StatusBadRequest || len(called.called) != 1 {
			t.Errorf("status %d after %d calls", answer.Status, len(called.called))
		}
	})
	t.Run("has_a_digest_of_its_own", func(t *testing.T) {
		t.Parallel()
		c, _, own, _ := personal(t)
		app := own.App
		app.ID = "cli_example"
		if c.Digest(own.App) == c.Digest(app) || (feishu.App{}).IsPersonal() || app.IsPersonal() || !own.App.IsPersonal() {
			t.Error("a PersonalBaseToken is taken for an app")
		}
	})
}

func tablesOf(table feishu.TableRef) feishu.Call {
	return feishu.Call{API: feishu.APIListTables, Params: []string{table.AppToken}}
}
