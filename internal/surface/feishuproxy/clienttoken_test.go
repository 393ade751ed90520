package feishuproxy

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

const (
	createOne = "/bitable/v1/apps/bascnExample/tables/tblExample/records"
	uuidV4    = "fe599b60-450f-46ff-b2ef-9f6675625b97"
)

// tokenSent makes a call and returns the query that it is sent with.
func tokenSent(t *testing.T, c Call) string {
	t.Helper()
	p, f := setup(t)
	if c.Method == "" {
		c.Method = http.MethodPost
	}
	if _, err := p.Forward(caller(t, token), c); err != nil {
		t.Fatal(err)
	}
	return f.call.RawQuery
}

func withKey(key string) http.Header { return http.Header{"Idempotency-Key": {key}} }

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	t.Run("that is a uuid v4 becomes the client_token as it is", func(t *testing.T) {
		t.Parallel()
		if got := tokenSent(t, Call{Path: createOne, RawQuery: "a=%20&b", Header: withKey(uuidV4)}); got != "a=%20&b&client_token="+uuidV4 {
			t.Error(got)
		}
	})
	t.Run("of any other text becomes one uuid v4, always the same, another for another table", func(t *testing.T) {
		t.Parallel()
		seen := map[string]string{}
		for _, path := range []string{createOne, createOne + "/batch_create", strings.Replace(createOne, "tblExample", "tblOther", 1)} {
			for _, key := range []string{"run-123", "run-124", "运行", strings.ToUpper(uuidV4), "00000000-0000-1000-8000-000000000000"} {
				first, second := tokenSent(t, Call{Path: path, Header: withKey(key)}), tokenSent(t, Call{Path: path, Header: withKey(key)})
				values, err := url.ParseQuery(first)
				if err != nil || first != second {
					t.Fatalf("%s, then %s, %v", first, second, err)
				}
				id, err := uuid.Parse(values.Get("client_token"))
				if err != nil || id.Version() != 4 || id.Variant() != uuid.RFC4122 {
					t.Errorf("%s of %s: %v", first, key, err)
				}
				if other, ok := seen[first]; ok && key != strings.ToUpper(uuidV4) {
					t.Errorf("%s and %s share a token", other, path+key)
				}
				seen[first] = path + key
			}
		}
	})
	t.Run("is the same token under the path without a version", func(t *testing.T) {
		t.Parallel()
		old := strings.Replace(createOne, "/v1", "", 1)
		if a, b := tokenSent(t, Call{Path: createOne, Header: withKey("k")}), tokenSent(t, Call{Path: old, Header: withKey("k")}); a != b {
			t.Errorf("%s, %s", a, b)
		}
	})
	for name, c := range map[string]Call{
		"gives way to a client_token":             {Path: createOne, RawQuery: "client_token=x&a=1", Header: withKey("k")},
		"of a change adds nothing":                {Path: createOne + "/batch_update", RawQuery: "a=1", Header: withKey("k")},
		"of a read adds nothing":                  {Method: http.MethodGet, Path: createOne, RawQuery: "a=1", Header: withKey("k")},
		"that is empty adds nothing":              {Path: createOne, RawQuery: "a=1", Header: withKey("")},
		"leaves a query that Feishu has to judge": {Path: createOne, RawQuery: "a=%zz", Header: withKey("k")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tokenSent(t, c); got != c.RawQuery {
				t.Error(got)
			}
		})
	}
	t.Run("takes the place of an empty client_token", func(t *testing.T) {
		t.Parallel()
		if got := tokenSent(t, Call{Path: createOne, RawQuery: "client_token=&a=1", Header: withKey(uuidV4)}); got != "a=1&client_token="+uuidV4 {
			t.Error(got)
		}
	})
	t.Run("of more than 255 bytes is refused", func(t *testing.T) {
		t.Parallel()
		p, f := setup(t)
		_, err := p.Forward(caller(t, token), Call{Method: http.MethodPost, Path: createOne, Header: withKey(strings.Repeat("k", maxKeyBytes+1))})
		if codeOf(err) != problem.BadParameter || f.call.API != nil {
			t.Error(err)
		}
		if got := tokenSent(t, Call{Path: createOne, Header: withKey(strings.Repeat("k", maxKeyBytes))}); got == "" {
			t.Error("the longest key has no token")
		}
	})
}

func TestLostAnswer(t *testing.T) {
	t.Parallel()
	unknown := &feishu.Error{Class: feishu.ClassInterrupted, Write: true}
	for _, test := range []struct {
		name       string
		call       Call
		repeatable bool
		says       string
	}{
		{"of a create", Call{Path: createOne}, false, "client_token"},
		{"of a batch", Call{Path: createOne + "/batch_create"}, false, "client_token"},
		{"of a create with a key", Call{Path: createOne, Header: withKey("k")}, true, "client_token"},
		{"of a create with a client_token", Call{Path: createOne, RawQuery: "client_token=" + uuidV4}, true, "client_token"},
		{"of a change with a key", Call{Path: createOne + "/batch_update", Header: withKey("k")}, false, "look"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, f := setup(t)
			f.err = unknown
			server := serveProxy(t, upstream{forward: func(Call) (*Answer, error) {
				test.call.Method = http.MethodPost
				return p.Forward(caller(t, token), test.call)
			}})
			got := ask(t, server, http.MethodPost, proxied, nil)
			body := got.text()
			retryAfter := got.header.Get("Retry-After")
			if (got.status == http.StatusGatewayTimeout) != test.repeatable || (retryAfter != "") != test.repeatable {
				t.Errorf("%d, Retry-After %q", got.status, retryAfter)
			}
			for _, want := range []string{`"code":"outcome_unknown"`, `"outcome":"unknown"`, test.says} {
				if !strings.Contains(body, want) {
					t.Errorf("no %s in %s", want, body)
				}
			}
			if strings.Contains(body, `"retryable":true`) != test.repeatable || strings.Contains(body, "idempotency_key") {
				t.Errorf("%s", body)
			}
		})
	}
	t.Run("of a call that was not sent is no lost answer", func(t *testing.T) {
		t.Parallel()
		p, f := setup(t)
		f.err = &feishu.Error{Class: feishu.ClassUnreachable, Write: true}
		if _, err := p.Forward(caller(t, token), Call{Method: http.MethodPost, Path: createOne}); isLost(err) || err == nil {
			t.Error(err)
		}
	})
}
