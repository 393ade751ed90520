package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// maxAdded is what the proxy may add to a call's median over a bare httputil.ReverseProxy to the same Feishu.
const maxAdded = time.Millisecond

// benchApps is how many apps make the calls in turns, each with its own connection key: an app may make 50 writes a second, and
// its turn at the limiter is Feishu's time, not the proxy's.
const benchApps = 100

// BenchmarkProxy makes each call through a bare ReverseProxy and through the service, in turns, and compares the medians.
func BenchmarkProxy(b *testing.B) {
	sb, err := sandbox.New(sandbox.Options{RatesOff: true})
	if err != nil {
		b.Fatal(err)
	}
	upstream, err := sb.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer sb.Close()
	apps := make([]string, benchApps)
	for i := range apps {
		apps[i] = fmt.Sprintf("%s%03d", appID, i)
		if err := sb.AddApp(sandbox.AppSpec{ID: apps[i], Secret: "s"}); err != nil {
			b.Fatal(err)
		}
	}
	base, err := sb.AddBase(sandbox.BaseSpec{Token: baseName, Collaborators: apps})
	if err != nil {
		b.Fatal(err)
	}
	tableID, err := base.AddTable("学习记录", learning...)
	if err != nil {
		b.Fatal(err)
	}
	settings := map[string]string{
		"ROWGATE_LISTEN": "127.0.0.1:0", "ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(b.TempDir(), "rowgate.db"),
		"ROWGATE_KEY": secret.GenerateKey(), "FEISHU_BASE_URL": upstream, "ROWGATE_PASSPHRASE": "bench:bench",
	}
	cfg, problems := config.Load(func(name string) string { return settings[name] })
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	service, err := app.Start(b.Context(), app.Options{Config: cfg, Logger: slog.New(slog.DiscardHandler), Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := service.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	}()
	target, err := url.Parse(upstream)
	if err != nil {
		b.Fatal(err)
	}
	bare := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	defer bare.Close()

	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	call := func(host, token string) time.Duration {
		path := host + "/open-apis/bitable/v1/apps/" + baseName + "/tables/" + tableID + "/records?user_id_type=open_id"
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(`{"fields":{"主题":"bench"}}`))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		begin := time.Now()
		response, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		took := time.Since(begin)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), `{"code":0,`) {
			b.Fatalf("%d %s %v", response.StatusCode, body, err)
		}
		return took
	}
	tokens, keys := make([]string, benchApps), make([]string, benchApps)
	seal := tenant.Keys{Passphrases: cfg.Passphrases, Ring: cfg.Keyring}
	for i, id := range apps {
		tokens[i] = tokenOf(b, client, upstream, id)
		key, err := seal.Seal(tenant.Connection{
			Name: "bench", AppID: id, AppSecret: secret.New("s"), AppToken: baseName, ExpiresAt: time.Now().Add(time.Hour),
		})
		if err != nil {
			b.Fatal(err)
		}
		keys[i] = key.Reveal()
		call(service.URL(), keys[i]) // the token is there, as it is in all but one call of two hours
	}

	var through, beside []time.Duration
	for n := 0; b.Loop(); n++ {
		beside = append(beside, call(bare.URL, tokens[n%benchApps]))
		through = append(through, call(service.URL(), keys[n%benchApps]))
	}
	p50 := func(all []time.Duration) time.Duration {
		slices.Sort(all)
		return all[len(all)/2]
	}
	added := p50(through) - p50(beside)
	b.ReportMetric(float64(p50(beside).Microseconds()), "bare-p50-µs")
	b.ReportMetric(float64(p50(through).Microseconds()), "proxy-p50-µs")
	b.ReportMetric(float64(added.Microseconds()), "added-p50-µs")
	if len(through) >= 100 && added > maxAdded {
		b.Errorf("the proxy adds %v to the median, at most %v is allowed", added, maxAdded)
	}
}

// tokenOf asks Feishu for a token, for the calls past the service.
func tokenOf(b *testing.B, client *http.Client, upstream, id string) string {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, upstream+"/open-apis/auth/v3/tenant_access_token/internal",
		strings.NewReader(`{"app_id":"`+id+`","app_secret":"s"}`))
	if err != nil {
		b.Fatal(err)
	}
	response, err := client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(body), `"tenant_access_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}
