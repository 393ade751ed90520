package client

import (
	"bytes"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/secret"
)

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("requires_a_keyring", func(t *testing.T) {
		t.Parallel()
		if _, err := New(Options{}); err == nil {
			t.Fatal("made a client without one")
		}
	})
	t.Run("refuses_a_base_url_that_is_none", func(t *testing.T) {
		t.Parallel()
		for _, bad := range []string{"open.feishu.cn", "ftp://x", "http://", "http://u:p@x", "http://x?a=1", "http://x#a", "::"} {
			if _, err := New(Options{Keyring: testKeyring(t), BaseURL: bad}); err == nil {
				t.Errorf("took %q", bad)
			}
		}
	})
	t.Run("refuses_to_register_metrics_twice", func(t *testing.T) {
		t.Parallel()
		registry := prometheus.NewRegistry()
		setup(t, func(o *Options) { o.Registerer = registry })
		if _, err := New(Options{Keyring: testKeyring(t), Registerer: registry}); err == nil {
			t.Fatal("registered twice")
		}
	})
	t.Run("knows_each_brands_host_and_one_for_all_if_told", func(t *testing.T) {
		t.Parallel()
		own, err := New(Options{Keyring: testKeyring(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(own.Close)
		if hosts := own.hosts; hosts[hostKey{feishu.BrandFeishu, false}].base != feishuBaseURL ||
			hosts[hostKey{feishu.BrandLark, false}].base != larkBaseURL ||
			hosts[hostKey{feishu.BrandFeishu, true}].base != feishuPersonalURL ||
			hosts[hostKey{feishu.BrandLark, true}].base != larkPersonalURL {
			t.Error("the brands' own hosts are wrong")
		}
		c, _ := setup(t, func(o *Options) { o.BaseURL = "https://proxy.test/feishu/" })
		for key, host := range c.hosts {
			if host != c.hosts[hostKey{feishu.BrandFeishu, false}] || host.base != "https://proxy.test/feishu" {
				t.Errorf("the override gives %+v the host %q", key, host.base)
			}
		}
	})
	t.Run("closes_twice", func(t *testing.T) {
		t.Parallel()
		c, _ := setup(t)
		c.Close()
	})
}

func TestDigest(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	same := c.Digest(feishu.App{ID: "cli_a", Secret: secret.New("s")})
	if same != c.Digest(feishu.App{Brand: feishu.BrandFeishu, ID: "cli_a", Secret: secret.New("s")}) {
		t.Error("no brand is another credential than feishu")
	}
	seen := map[string]feishu.App{same: {}}
	for _, other := range []feishu.App{
		{ID: "cli_a", Secret: secret.New("S")},
		{ID: "cli_as", Secret: secret.New("")},
		{ID: "cli_", Secret: secret.New("as")},
		{Brand: feishu.BrandLark, ID: "cli_a", Secret: secret.New("s")},
	} {
		digest := c.Digest(other)
		if twin, ok := seen[digest]; ok {
			t.Errorf("%+v and %+v share a digest", other, twin)
		}
		seen[digest] = other
	}
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{8}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	rotated, _ := setup(t, func(o *Options) { o.Keyring = ring })
	if rotated.Digest(feishu.App{ID: "cli_a", Secret: secret.New("s")}) == same {
		t.Error("the digest does not depend on the key")
	}
}

func TestCachesAreBounded(t *testing.T) {
	t.Parallel()
	const bound = 8
	c, _ := setup(t, func(o *Options) { o.MaxApps = bound })
	for i := range 50 * bound {
		app := feishu.App{ID: "cli_" + string(rune('a'+i%26)), Secret: secret.New(string(rune(i)))}
		_ = write(t.Context(), c, feishu.TableRef{App: app, AppToken: tableA.AppToken, TableID: tableA.TableID})
	}
	c.tokens.CleanUp()
	c.breakers.CleanUp()
	c.limiters.CleanUp()
	if got := c.tokens.EstimatedSize(); got > bound {
		t.Errorf("%d tokens are kept, want at most %d", got, bound)
	}
	if got := c.breakers.EstimatedSize(); got > bound {
		t.Errorf("%d breakers are kept, want at most %d", got, bound)
	}
	if got := c.limiters.EstimatedSize(); got > bound*LimitersPerApp {
		t.Errorf("%d limiters are kept, want at most %d", got, bound*LimitersPerApp)
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	for _, test := range []struct {
		outgoing outgoing
		want     time.Duration
	}{
		{outgoing{api: feishu.APISearch}, DefaultReadTimeout},
		{outgoing{api: feishu.APIBatchCreate}, DefaultWriteTimeout},
		{outgoing{api: feishu.APIUploadAll, upload: &upload{}}, DefaultUploadTimeout},
	} {
		if got := c.timeout(&test.outgoing); got != test.want {
			t.Errorf("%s may take %v, want %v", test.outgoing.api.Name, got, test.want)
		}
	}
}
