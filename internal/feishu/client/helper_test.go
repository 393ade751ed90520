package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sent is one request that reached the fake Feishu.
type sent struct {
	method, path, query, token, contentType, body string
	at                                            time.Time
}

// answer is what the fake Feishu says; err in its place is a network failure.
type answer struct {
	status    int
	header    http.Header
	body      string
	kind      string        // content type; "" is Feishu's JSON
	after     time.Duration // latency
	err       error
	noConnect bool // with err: there was no connection
}

// upstream is a fake Feishu without a network, so that it also runs in a synctest bubble. Tokens are t-1, t-2, …
type upstream struct {
	mu     sync.Mutex
	calls  []sent
	forget bool // benchmarks keep no calls
	tokens int
	expire time.Duration // of tokens; 2 h if zero
	// auth, if set, answers the token endpoint; say answers all else ({"code":0,"data":{}} if nil).
	auth func(sent) answer
	say  func(sent) answer
}

const (
	okBody = `{"code":0,"msg":"success","data":{}}`
	// noFeishu is what a gateway says when there is no Feishu behind it.
	noFeishu = `<html>502 Bad Gateway</html>`
)

func refusal(code int) answer {
	return answer{body: `{"code":` + strconv.Itoa(code) + `,"msg":"refused","data":{}}`}
}

func gatewayDown() answer { return answer{status: 502, kind: "text/html", body: noFeishu} }

func (u *upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	s := sent{
		method: req.Method, path: req.URL.Path, query: req.URL.RawQuery, body: string(body), at: time.Now(),
		token: strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), contentType: req.Header.Get("Content-Type"),
	}
	a := u.reply(s)
	trace := httptrace.ContextClientTrace(req.Context())
	trace.GetConn(req.URL.Host)
	if !a.noConnect {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if a.after > 0 {
		select {
		case <-time.After(a.after):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.kind == "" {
		a.kind = jsonType
	}
	header := a.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", a.kind)
	header.Set("X-Tt-Logid", "log-1")
	return &http.Response{
		StatusCode: a.status, Header: header, Request: req,
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

func (u *upstream) reply(s sent) answer {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.forget {
		u.calls = append(u.calls, s)
	}
	if s.path != "/open-apis"+feishu.APIToken.Path {
		if u.say == nil {
			return answer{body: okBody}
		}
		return u.say(s)
	}
	if u.auth != nil {
		return u.auth(s)
	}
	u.tokens++
	life := u.expire
	if life == 0 {
		life = 2 * time.Hour
	}
	return answer{body: `{"code":0,"msg":"ok","tenant_access_token":"t-` + strconv.Itoa(u.tokens) +
		`","expire":` + strconv.Itoa(int(life.Seconds())) + `}`}
}

// on sets what the fake says to everything but token calls.
func (u *upstream) on(say func(sent) answer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.say = say
}

func (u *upstream) onAuth(auth func(sent) answer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.auth = auth
}

// received returns the requests so far, without or only the token ones.
func (u *upstream) received(tokens bool) []sent {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(u.calls), func(s sent) bool {
		return strings.HasSuffix(s.path, feishu.APIToken.Path) != tokens
	})
}

var (
	appA   = feishu.App{Brand: feishu.BrandFeishu, ID: "cli_a", Secret: secret.New("canary-secret-a")}
	appB   = feishu.App{Brand: feishu.BrandFeishu, ID: "cli_b", Secret: secret.New("canary-secret-b")}
	tableA = feishu.TableRef{App: appA, AppToken: "bascnExample", TableID: "tblExample"}
	tableB = feishu.TableRef{App: appB, AppToken: "bascnOther", TableID: "tblOther"}
)

func testKeyring(t testing.TB) *secret.Keyring {
	t.Helper()
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// setup makes a client in front of a fake Feishu; change may alter its options.
func setup(t testing.TB, change ...func(*Options)) (*Client, *upstream) {
	t.Helper()
	up := &upstream{}
	options := Options{Keyring: testKeyring(t), Transport: up, BaseURL: "http://feishu.test"}
	for _, f := range change {
		f(&options)
	}
	c, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, up
}

// asFeishu returns err as the client's error, or fails.
func asFeishu(t testing.TB, err error) *feishu.Error {
	t.Helper()
	e, ok := errors.AsType[*feishu.Error](err)
	if !ok {
		t.Fatalf("got %v, want a feishu error", err)
	}
	return e
}

func read(ctx context.Context, c *Client, table feishu.TableRef) error {
	_, err := c.Search(ctx, table, feishu.SearchRequest{})
	return err
}

func write(ctx context.Context, c *Client, table feishu.TableRef) error {
	return c.BatchDelete(ctx, table, []string{"recExample"})
}
