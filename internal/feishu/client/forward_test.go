package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// once is a body that cannot be sent again.
type once struct{ io.Reader }

func forwardOf(t *testing.T, method, path, query string, body io.Reader) Forward {
	t.Helper()
	api, params, ok := feishu.Match(method, path)
	if !ok {
		t.Fatalf("no endpoint %s %s", method, path)
	}
	f := Forward{API: api, Params: params, RawQuery: query, Body: body, Header: http.Header{}, ContentLength: -1}
	return f
}

const (
	createPath = "/bitable/v1/apps/bascnExample/tables/tblExample/records"
	oddBody    = "{ \"fields\" : {\"文本\":\"a\\u0000\"} ,\n \"fields\":1.50 }\n\n"
)

// take reads an answer whole and closes it.
func take(t *testing.T, answer *Answer) string {
	t.Helper()
	data, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		t.Error(err)
	}
	return string(data)
}

func TestForward(t *testing.T) {
	t.Parallel()
	t.Run("passes_query_body_and_answer_on_byte_for_byte", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		said := "\n { \"code\" : 0, \"data\":{\"b\":1,\"a\":1.50} }\n"
		up.on(func(sent) answer { return answer{body: said, kind: "application/json; charset=utf-8"} })
		query := "user_id_type=open_id&client_token=%7e&a=1&a=2&;x=#y&flag"
		got, err := c.Forward(t.Context(), appA, forwardOf(t, "POST", createPath, query, strings.NewReader(oddBody)))
		if err != nil {
			t.Fatal(err)
		}
		if body := take(t, got); body != said || got.Status != 200 || got.Length != int64(len(said)) {
			t.Errorf("got %d %d %q", got.Status, got.Length, body)
		}
		call := up.received(false)[0]
		if call.method != "POST" || call.path != "/open-apis"+createPath || call.query != query || call.body != oddBody || call.token != "t-1" {
			t.Errorf("sent %+v", call)
		}
	})
	t.Run("passes_a_refusal_on_as_it_is", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		said := `{"msg":"WrongRequestBody","code":1254001,"error":{"message":"x"}}`
		up.on(func(sent) answer { return answer{status: 200, body: said} })
		got, err := c.Forward(t.Context(), appA, forwardOf(t, "POST", createPath, "", strings.NewReader("{}")))
		if err != nil || take(t, got) != said {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("sends_a_call_again_once_with_a_new_token", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(s sent) answer {
			if s.token == "t-1" {
				return answer{status: 400, body: `{"code":99991663,"msg":"Invalid access token"}`}
			}
			return answer{body: okBody}
		})
		got, err := c.Forward(t.Context(), appA, forwardOf(t, "POST", createPath, "", strings.NewReader(oddBody)))
		if err != nil || take(t, got) != okBody {
			t.Fatalf("got %v, %v", got, err)
		}
		calls := up.received(false)
		if len(calls) != 2 || calls[1].body != oddBody || calls[1].token != "t-2" {
			t.Errorf("sent %+v", calls)
		}
	})
	t.Run("passes_the_refusal_on_when_the_new_token_is_refused_too", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(sent) answer { return refusal(99991663) })
		got, err := c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
		if err != nil || !strings.Contains(take(t, got), "99991663") || len(up.received(false)) != 2 {
			t.Errorf("got %v, %v after %d calls", got, err, len(up.received(false)))
		}
	})
	t.Run("sends_a_body_that_is_gone_once_and_has_a_new_token_for_the_next_call", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(s sent) answer {
			if s.token == "t-1" {
				return refusal(99991663)
			}
			return answer{body: okBody}
		})
		first, err := c.Forward(t.Context(), appA, forwardOf(t, "POST", createPath, "", once{strings.NewReader("{}")}))
		if err != nil || !strings.Contains(take(t, first), "99991663") || len(up.received(false)) != 1 {
			t.Fatalf("got %v, %v after %d calls", first, err, len(up.received(false)))
		}
		second, err := c.Forward(t.Context(), appA, forwardOf(t, "POST", createPath, "", once{strings.NewReader("{}")}))
		if err != nil || take(t, second) != okBody {
			t.Errorf("got %v, %v", second, err)
		}
	})
	t.Run("repeats_nothing_else", func(t *testing.T) {
		t.Parallel()
		for _, said := range []answer{refusal(1254291), refusal(1254290), refusal(2200), gatewayDown(), {status: 429, body: "{}"}} {
			c, up := setup(t)
			up.on(func(sent) answer { return said })
			got, err := c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
			if err != nil || take(t, got) != said.body || len(up.received(false)) != 1 {
				t.Errorf("%+v: got %v, %v after %d calls", said, got, err, len(up.received(false)))
			}
		}
	})
	t.Run("keeps_the_caller's_credentials_cookies_and_hop_headers_back", func(t *testing.T) {
		t.Parallel()
		passed := make(chan http.Header, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/internal") {
				_, _ = io.WriteString(w, `{"code":0,"tenant_access_token":"t-1","expire":7200}`)
				return
			}
			passed <- r.Header.Clone()
			w.Header().Set("Set-Cookie", "session=1")
			w.Header().Set("X-Tt-Logid", "log-7")
			w.Header().Set("Server", "gateway")
			_, _ = io.WriteString(w, okBody)
		}))
		defer server.Close()
		c, _ := setup(t, func(o *Options) { o.Transport, o.BaseURL = nil, server.URL })
		f := forwardOf(t, "POST", createPath, "", strings.NewReader("{}"))
		f.Header = http.Header{
			"Authorization": {"Bearer caller"}, "Cookie": {"a=b"}, "Connection": {"X-Secret"}, "X-Secret": {"s"}, "X-App-Secret": {"s"},
			"Te": {"trailers"}, "X-Forwarded-For": {"192.0.2.1"}, "Content-Type": {"application/json"}, "User-Agent": {"oapi-sdk-go/v3.6.1"},
		}
		f.ContentLength = 2
		got, err := c.Forward(t.Context(), appA, f)
		if err != nil {
			t.Fatal(err)
		}
		take(t, got)
		header := <-passed
		for name, want := range map[string]string{
			"Authorization": "Bearer t-1", "Content-Type": "application/json", "User-Agent": "oapi-sdk-go/v3.6.1", "Content-Length": "2",
			"Cookie": "", "X-Secret": "", "X-App-Secret": "", "X-Forwarded-For": "", "Te": "", "Connection": "",
		} {
			if header.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, header.Get(name), want)
			}
		}
		if got.Header.Get("Set-Cookie") != "" || got.Header.Get("Server") != "" || got.Header.Get("X-Tt-Logid") != "log-7" {
			t.Errorf("came back: %v", got.Header)
		}
	})
}

func TestForwardShares(t *testing.T) {
	t.Parallel()
	t.Run("the_pause_that_Feishu_asks_for", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(func(sent) answer {
				return answer{status: 429, header: http.Header{"X-Ogw-Ratelimit-Reset": {"3"}}, body: `{"code":99991400,"msg":"limit"}`}
			})
			got, err := c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
			if err != nil || got.Status != 429 || got.Header.Get("X-Ogw-Ratelimit-Reset") != "3" {
				t.Fatalf("got %v, %v", got, err)
			}
			take(t, got)
			start := time.Now()
			if got, err = c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil)); err != nil {
				t.Fatal(err)
			}
			take(t, got)
			if waited := time.Since(start); waited < 3*time.Second || waited > 4*time.Second {
				t.Errorf("waited %v", waited)
			}
		})
	})
	t.Run("and_gives_up_where_the_pause_is_too_long", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(func(sent) answer {
				return answer{status: 429, header: http.Header{"X-Ogw-Ratelimit-Reset": {"60"}}, body: `{"code":99991400}`}
			})
			got, err := c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
			if err != nil {
				t.Fatal(err)
			}
			take(t, got)
			_, err = c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
			if e := asFeishu(t, err); e.Class != feishu.ClassRate || e.RetryAfter < forwardTurn {
				t.Errorf("got %v after %v", e, e.RetryAfter)
			}
		})
	})
	t.Run("the_breaker_of_the_host", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(sent) answer { return gatewayDown() })
		for range breakerConsecutive {
			got, err := c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
			if err != nil {
				t.Fatal(err)
			}
			take(t, got)
		}
		_, err := c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
		if e := asFeishu(t, err); e.Class != feishu.ClassOpen || e.Problem().Code != problem.UpstreamUnavailable {
			t.Errorf("got %v", e)
		}
		if e := asFeishu(t, read(t.Context(), c, tableB)); e.Class != feishu.ClassOpen {
			t.Errorf("the client's own call got %v", e)
		}
	})
	t.Run("the_verdict_that_a_tenant's_own_mistakes_open_no_breaker", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(sent) answer { return answer{status: 403, body: `{"code":91403,"msg":"Forbidden","data":{}}`} })
		for range 5 * breakerConsecutive {
			got, err := c.Forward(t.Context(), appA, forwardOf(t, "DELETE", createPath+"/recExample", "", nil))
			if err != nil {
				t.Fatal(err)
			}
			take(t, got)
		}
	})
}

func TestForwardEnds(t *testing.T) {
	t.Parallel()
	t.Run("with_an_error_where_a_connection_breaks_before_an_answer", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(sent) answer { return answer{err: io.ErrUnexpectedEOF} })
		_, err := c.Forward(t.Context(), appA, forwardOf(t, "POST", createPath, "", strings.NewReader("{}")))
		if e := asFeishu(t, err); !e.OutcomeUnknown() || len(up.received(false)) != 1 {
			t.Errorf("got %v after %d calls", e, len(up.received(false)))
		}
	})
	t.Run("in_time_where_Feishu_hangs", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(func(sent) answer { return answer{after: time.Hour, body: okBody} })
			start := time.Now()
			_, err := c.Forward(t.Context(), appA, forwardOf(t, "GET", createPath, "", nil))
			if e := asFeishu(t, err); e.Class != feishu.ClassInterrupted || time.Since(start) != DefaultReadTimeout {
				t.Errorf("got %v after %v", e, time.Since(start))
			}
		})
	})
	t.Run("without_blame_for_Feishu_where_the_caller's_body_breaks_off", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/internal") {
				_, _ = io.WriteString(w, `{"code":0,"tenant_access_token":"t-1","expire":7200}`)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
		}))
		defer server.Close()
		c, _ := setup(t, func(o *Options) { o.Transport, o.BaseURL = nil, server.URL })
		for range breakerConsecutive + 1 {
			broken := once{io.MultiReader(strings.NewReader("{"), failing{})}
			_, err := c.Forward(t.Context(), appA, forwardOf(t, "POST", createPath, "", broken))
			if e := asFeishu(t, err); !e.Aborted || e.Class == feishu.ClassOpen {
				t.Errorf("got %v", e)
			}
		}
	})
	t.Run("when_the_caller_leaves", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(func(sent) answer { return answer{after: time.Minute, body: okBody} })
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				_, err := c.Forward(ctx, appA, forwardOf(t, "GET", createPath, "", nil))
				done <- err
			}()
			synctest.Wait()
			cancel()
			if e := asFeishu(t, <-done); !e.Aborted {
				t.Errorf("got %v", e)
			}
		})
	})
	t.Run("before_a_path_that_is_none", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		f := forwardOf(t, "GET", createPath, "", nil)
		f.Params = []string{"../x", "tblExample"}
		if _, err := c.Forward(t.Context(), appA, f); err == nil || len(up.received(true)) != 0 {
			t.Errorf("got %v", err)
		}
	})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the caller is gone") }

// slow gives one byte at a time.
type slow struct{ from io.Reader }

func (s slow) Read(p []byte) (int, error) { return s.from.Read(p[:1]) }

func TestJudge(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*verdictBytes)
	for _, test := range []struct {
		name   string
		status int
		body   string
		bad    bool
		read   int // bytes that judging may take from a slow connection
	}{
		{"a success is known by its first bytes", 200, `{"code":0,"msg":"success","data":"` + long + `"}`, false, len(`{"code":0,`)},
		{"white space is Feishu's to choose", 200, " {\n \"code\" : 0 }" + long, false, len(" {\n \"code\" : 0 }")},
		{"a code that begins with 0 is whole only with what follows", 200, `{"code":01}`, true, len(`{"code":01}`)},
		{
			"a refusal is read to its end", 200, `{"code":1254045,"msg":"FieldNameNotFound"}`, true,
			len(`{"code":1254045,"msg":"FieldNameNotFound"}`),
		},
		{"a code may stand last", 200, `{"msg":"success","data":{},"code":0}`, false, len(`{"msg":"success","data":{},"code":0}`)},
		{"what is too long for a refusal is none", 200, `{"data":"` + long + `","code":0}`, false, verdictBytes},
		{"a status over 400 is a refusal whatever it says", 500, `{"code":0}`, true, len(`{"code":0}`)},
		{"a long page of a gateway is a refusal", 502, "<html>" + long, true, verdictBytes},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rest := strings.NewReader(test.body)
			a := &passedAnswer{rest: io.NopCloser(slow{rest}), end: func() {}}
			verdict, err := a.judge(&http.Response{StatusCode: test.status, Header: http.Header{}}, feishu.APISearch)
			if err != nil || (verdict != nil) != test.bad {
				t.Fatalf("got %v, %v", verdict, err)
			}
			if got := len(test.body) - rest.Len(); got != test.read {
				t.Errorf("read %d bytes, want %d", got, test.read)
			}
			whole, err := io.ReadAll(a)
			if err != nil || string(whole) != test.body {
				t.Errorf("passed on %d bytes of %d, %v", len(whole), len(test.body), err)
			}
		})
	}
}
