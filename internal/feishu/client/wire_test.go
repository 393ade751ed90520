package client

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/rowgate/rowgate/internal/feishu"
)

// overNetwork makes a client with its own transport in front of handler; tokens are answered here.
func overNetwork(t *testing.T, handler http.HandlerFunc, change ...func(*Options)) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, feishu.APIToken.Path) {
			_, _ = io.WriteString(w, `{"code":0,"tenant_access_token":"t-1","expire":7200}`)
			return
		}
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	options := Options{Keyring: testKeyring(t), BaseURL: server.URL}
	for _, f := range change {
		f(&options)
	}
	c, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	t.Run("a_redirect_is_not_followed", func(t *testing.T) {
		t.Parallel()
		c := overNetwork(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/elsewhere") {
				t.Error("followed, with", r.Header.Get("Authorization"))
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		})
		if e := asFeishu(t, write(t.Context(), c, tableA)); e.Class != feishu.ClassServer || e.HTTPStatus != http.StatusTemporaryRedirect {
			t.Fatal(e)
		}
	})
	t.Run("a_read_beyond_the_limit_is_refused_and_not_repeated", func(t *testing.T) {
		t.Parallel()
		const limit = 1000
		for size, want := range map[int]bool{limit: true, limit + 1: false} {
			var calls atomic.Int32
			body := `{"code":0,"data":{"x":"` + strings.Repeat("x", size-len(`{"code":0,"data":{"x":""}}`)) + `"}}`
			c := overNetwork(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				_, _ = io.WriteString(w, body)
			}, func(o *Options) { o.MaxResponseBytes = limit })
			err := read(t.Context(), c, tableA)
			if (err == nil) != want || calls.Load() != 1 {
				t.Errorf("%d bytes: got %v after %d calls", size, err, calls.Load())
			}
			if err := write(t.Context(), c, tableA); !want && !asFeishu(t, err).OutcomeUnknown() {
				t.Errorf("a write with an answer that cannot be read: %v", err)
			}
		}
	})
	t.Run("cut_in_the_middle_is_interrupted", func(t *testing.T) {
		t.Parallel()
		c := overNetwork(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"code":0,`)
		})
		if e := asFeishu(t, write(t.Context(), c, tableA)); e.Class != feishu.ClassInterrupted {
			t.Fatal(e)
		}
	})
	t.Run("cut_before_the_first_byte_is_interrupted_and_sent_once", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int32
		c := overNetwork(t, func(http.ResponseWriter, *http.Request) {
			calls.Add(1)
			panic(http.ErrAbortHandler)
		})
		if e := asFeishu(t, write(t.Context(), c, tableA)); e.Class != feishu.ClassInterrupted || calls.Load() != 1 {
			t.Fatal(e, calls.Load())
		}
	})
	t.Run("late_is_interrupted", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		c := overNetwork(t, func(http.ResponseWriter, *http.Request) { <-release }, func(o *Options) { o.WriteTimeout = 20 * time.Millisecond })
		defer close(release)
		if e := asFeishu(t, write(t.Context(), c, tableA)); e.Class != feishu.ClassInterrupted || e.Aborted {
			t.Fatal(e)
		}
	})
	t.Run("nobody_there_is_unreachable", func(t *testing.T) {
		t.Parallel()
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		_ = listener.Close()
		c, err := New(Options{Keyring: testKeyring(t), BaseURL: "http://" + address})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		e := asFeishu(t, write(t.Context(), c, tableA))
		if e.Class != feishu.ClassUnreachable || e.OutcomeUnknown() || strings.Contains(e.Error(), "127.0.0.1") {
			t.Fatal(e)
		}
	})
	for name, test := range map[string]struct {
		answer  answer
		class   feishu.Class
		gateway bool
	}{
		"a_gateways_page_is_the_servers_fault":  {gatewayDown(), feishu.ClassServer, true},
		"invalid_json_is_the_servers_fault":     {answer{body: `{"code":0,`}, feishu.ClassServer, true},
		"json_without_a_code_is_no_success":     {answer{body: `{"message":"ok"}`}, feishu.ClassServer, false},
		"data_of_the_wrong_shape_is_no_success": {answer{body: `{"code":0,"data":{"items":7}}`}, feishu.ClassServer, false},
		"an_error_may_have_data_of_any_shape":   {answer{body: `{"code":91403,"data":"none"}`}, feishu.ClassAccess, false},
		"success_with_a_500_is_no_success":      {answer{status: 500, body: okBody}, feishu.ClassServer, false},
		"404_page_not_found_is_not_to_be_repeated": {
			answer{status: 404, kind: "text/plain", body: "404 page not found"},
			feishu.ClassAccess, true,
		},
		"413_of_a_gateway_means_too_much_data":      {answer{status: 413, kind: "text/html"}, feishu.ClassData, true},
		"429_of_a_gateway_is_a_rate_limit":          {answer{status: 429, kind: "text/html"}, feishu.ClassRate, true},
		"408_of_a_gateway_may_be_repeated":          {answer{status: 408, kind: "text/html"}, feishu.ClassServer, true},
		"a_listed_code_wins_over_the_status":        {answer{status: 500, body: `{"code":1254064}`}, feishu.ClassData, false},
		"an_http_200_with_a_code_is_an_error":       {refusal(1254290), feishu.ClassConflict, false},
		"a_gateway_time_out_with_json_is_read_back": {answer{status: 504, body: `{"code":1255040}`}, feishu.ClassReadBack, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, c *Client, up *upstream) {
				up.on(func(sent) answer { return test.answer })
				e := asFeishu(t, read(t.Context(), c, tableA))
				if e.Class != test.class || e.Gateway != test.gateway || e.LogID == "" {
					t.Fatalf("got %v, gateway %v", e, e.Gateway)
				}
			})
		})
	}
}

func TestMetricsHaveClosedLabels(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	c, up := setup(t, func(o *Options) { o.Registerer = registry })
	_ = write(t.Context(), c, tableA)
	up.on(func(sent) answer { return refusal(1254064) })
	_ = write(t.Context(), c, tableA)
	want := `
# HELP rowgate_upstream_calls_total Calls sent to Feishu, by endpoint and class of the answer.
# TYPE rowgate_upstream_calls_total counter
rowgate_upstream_calls_total{api="record_batch_delete",class="data"} 1
rowgate_upstream_calls_total{api="record_batch_delete",class="ok"} 1
rowgate_upstream_calls_total{api="tenant_access_token",class="ok"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "rowgate_upstream_calls_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "rowgate_upstream_seconds"); n != 2 || err != nil {
		t.Errorf("%d histograms, %v", n, err)
	}
}

func TestCallerThatGaveUp(t *testing.T) {
	t.Parallel()
	c, up := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := asFeishu(t, write(ctx, c, tableA))
	if e.OutcomeUnknown() || len(up.received(false)) != 0 {
		t.Fatalf("got %v after %d calls", e, len(up.received(false)))
	}
}
