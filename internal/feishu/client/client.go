// Package client is the thin typed client of the Feishu/Lark Open API: tokens, limiter, breaker and retry.
//
// It is the only package that dials Feishu. Every call names the caller's app; nothing is shared between two apps, nor between
// two secrets of one app.
package client

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/secret"
)

// The hosts of the brands.
const (
	feishuBaseURL = "https://open.feishu.cn"
	larkBaseURL   = "https://open.larksuite.com"

	// Where a PersonalBaseToken is taken.
	feishuPersonalURL = "https://base-api.feishu.cn"
	larkPersonalURL   = "https://base-api.larksuite.com"
)

// Defaults of Options, and the bounds that need no option.
const (
	DefaultReadTimeout      = 10 * time.Second // one attempt of a call that changes nothing
	DefaultWriteTimeout     = 30 * time.Second // one attempt of a call that writes: 1,000 rows take seconds
	DefaultUploadTimeout    = 60 * time.Second // one attempt of an upload: 20 MiB at 3 Mbit/s
	DefaultMaxApps          = 2_000            // credentials remembered at once
	DefaultMaxResponseBytes = 64 << 20         // bytes of one answer

	dialTimeout         = 5 * time.Second
	tlsHandshakeTimeout = 5 * time.Second
	idleConnTimeout     = 45 * time.Second // below the minute after which gateways close: a write on a dying connection is of unknown outcome
	pingAfter           = 15 * time.Second // of silence on an HTTP/2 connection, to notice a dead one
	pingTimeout         = 5 * time.Second
	maxIdlePerHost      = 64        // idle connections kept a host
	maxHeaderBytes      = 256 << 10 // bytes of an answer's headers

	digestPurpose = "feishu credential"
	userAgent     = "rowgate/1"
)

// Options of a Client; a zero value means the default that is named.
type Options struct {
	Keyring          *secret.Keyring       // required: keys the caches, see Digest
	BaseURL          string                // replaces the host of every brand; default is each brand's own
	Transport        http.RoundTripper     // default is a tuned transport of its own, closed by Close
	Registerer       prometheus.Registerer // default: metrics are counted and not registered
	Logger           *slog.Logger          // default: nothing is logged
	ReadTimeout      time.Duration         // DefaultReadTimeout
	WriteTimeout     time.Duration         // DefaultWriteTimeout
	UploadTimeout    time.Duration         // DefaultUploadTimeout
	MaxApps          int                   // DefaultMaxApps: tokens and breakers; limiters are bounded at LimitersPerApp times that
	MaxResponseBytes int64                 // DefaultMaxResponseBytes
	Answers          *memory.Budget        // of the answers that are being read; default: nothing bounds their sum
}

// Client calls the Open API for any number of apps. It is safe for concurrent use; Close it when no call is in flight.
//
// Calls that read are repeated by the client within a budget; calls that write are sent once, and once more only with a
// new token when Feishu refused the first one's, which it does before it looks at anything else.
type Client struct {
	keyring *secret.Keyring
	hosts   map[hostKey]*host
	options Options
	wire    http.RoundTripper
	logger  *slog.Logger
	metrics *metrics

	tokens   *otter.Cache[string, token]
	limiters *otter.Cache[limiterKey, *limiter]
	breakers *otter.Cache[string, *breaker]

	life       context.Context // ends with Close; background renewals live by it
	end        context.CancelFunc
	background sync.WaitGroup
}

// hostKey names a host: each brand has one for apps and one for PersonalBaseTokens.
type hostKey struct {
	brand    feishu.Brand
	personal bool
}

// host is what all apps of one Feishu host share.
type host struct {
	base    string // scheme and authority, no trailing slash
	breaker *breaker
	budget  *budget
}

// New makes a client; the error says which option is wrong.
func New(options Options) (*Client, error) {
	if options.Keyring == nil {
		return nil, errors.New("feishu: a keyring is required")
	}
	options.setDefaults()
	c := &Client{keyring: options.Keyring, options: options, wire: options.Transport, logger: options.Logger}
	if c.wire == nil {
		c.wire = newTransport()
	}
	var err error
	if c.metrics, err = newMetrics(options.Registerer); err != nil {
		return nil, fmt.Errorf("feishu: metrics: %w", err)
	}
	if c.hosts, err = c.newHosts(options.BaseURL); err != nil {
		return nil, err
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.tokens = c.newTokenCache(options.MaxApps)
	c.limiters = c.newLimiterCache(options.MaxApps * LimitersPerApp)
	c.breakers = otter.Must(&otter.Options[string, *breaker]{
		MaximumSize:      options.MaxApps,
		ExpiryCalculator: otter.ExpiryAccessing[string, *breaker](idleAfter),
		Executor:         c.background.Go,
	})
	return c, nil
}

// idleAfter is how long limiters and breakers of an app that makes no calls are kept.
const idleAfter = 15 * time.Minute

func (o *Options) setDefaults() {
	setDefault(&o.ReadTimeout, DefaultReadTimeout)
	setDefault(&o.WriteTimeout, DefaultWriteTimeout)
	setDefault(&o.UploadTimeout, DefaultUploadTimeout)
	setDefault(&o.MaxApps, DefaultMaxApps)
	setDefault(&o.MaxResponseBytes, DefaultMaxResponseBytes)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

func (c *Client) newHosts(override string) (map[hostKey]*host, error) {
	own := map[hostKey]string{
		{feishu.BrandFeishu, false}: feishuBaseURL, {feishu.BrandLark, false}: larkBaseURL,
		{feishu.BrandFeishu, true}: feishuPersonalURL, {feishu.BrandLark, true}: larkPersonalURL,
	}
	hosts := make(map[hostKey]*host, len(own))
	if override == "" {
		for key, base := range own {
			hosts[key] = c.newHost(base)
		}
		return hosts, nil
	}
	u, err := url.Parse(override)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("feishu: the base URL must be http(s)://host[:port][/path]")
	}
	shared := c.newHost(strings.TrimSuffix(override, "/"))
	for key := range own {
		hosts[key] = shared
	}
	return hosts, nil
}

func (c *Client) newHost(base string) *host {
	return &host{base: base, breaker: c.newBreaker(levelHost), budget: newBudget()}
}

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsHandshakeTimeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConns:           2 * maxIdlePerHost,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleConnTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// Close ends background renewals and idle connections and waits until they have ended. It may be called twice.
func (c *Client) Close() {
	c.end()
	c.tokens.StopAllGoroutines()
	c.limiters.StopAllGoroutines()
	c.breakers.StopAllGoroutines()
	c.background.Wait()
	if idle, ok := c.wire.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

// Digest names a credential without revealing it: the hex HMAC of brand, app_id and app_secret. Whatever is cached for
// an app is cached under it, never under the app_id alone: another secret is another credential. A PersonalBaseToken takes the place
// of the app_secret, with an empty app_id.
func (c *Client) Digest(app feishu.App) string {
	sum := c.keyring.MAC(digestPurpose, string(brandOf(app)), app.ID, app.Secret.Reveal())
	return hex.EncodeToString(sum[:])
}

// hostOf returns the host that the app's calls go to.
func (c *Client) hostOf(app feishu.App) *host {
	return c.hosts[hostKey{brandOf(app), app.IsPersonal()}]
}

// brandOf returns the brand whose host app's calls go to.
func brandOf(app feishu.App) feishu.Brand {
	if app.Brand == feishu.BrandLark {
		return feishu.BrandLark
	}
	return feishu.BrandFeishu
}

// session is one app's view of the client during one call.
type session struct {
	app     feishu.App
	digest  string
	host    *host
	breaker *breaker
}

func (c *Client) session(app feishu.App) session {
	digest := c.Digest(app)
	own, _ := c.breakers.ComputeIfAbsent(digest, func() (*breaker, bool) { return c.newBreaker(levelApp), false })
	return session{app: app, digest: digest, host: c.hostOf(app), breaker: own}
}
