package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/request"
)

// Bounds of a forwarded call.
const (
	forwardTurn     = 10 * time.Second // longest wait for a turn at the limiter
	forwardUpload   = 60 * time.Second // until the head of the answer, where the caller's body is passed on as it arrives
	forwardDownload = 90 * time.Second // from the head of the answer to its end, at the pace of the caller
	ForwardFile     = 15 * time.Minute // the same for a file
)

// Headers that are passed to Feishu, and headers of Feishu's answer that are passed back. All others are dropped: the
// caller's credentials, cookies, addresses and the headers of either connection.
var (
	forwardedHeaders = []string{"Accept", "Accept-Language", "Content-Type", "If-Range", "Range", "User-Agent"}
	returnedHeaders  = []string{
		"Accept-Ranges", "Content-Disposition", "Content-Language", "Content-Range", "Content-Type", "Etag", "Last-Modified", "Retry-After",
		"X-Ogw-Ratelimit-Limit", "X-Ogw-Ratelimit-Reset", "X-Tt-Logid",
	}
)

// Forward is a call that is passed on as its caller wrote it.
type Forward struct {
	API           *feishu.API // as Match found it
	Params        []string    // as Match found them
	RawQuery      string      // passed on byte for byte
	Header        http.Header // of these, forwardedHeaders are passed on
	Body          io.Reader   // passed on byte for byte; nil for none. An io.Seeker can be sent again
	ContentLength int64       // of Body, -1 if it is not known
}

// Answer is Feishu's answer, unchanged, success or error.
type Answer struct {
	Status int
	Header http.Header   // only returnedHeaders
	Body   io.ReadCloser // byte for byte; to be closed in any case
	Length int64         // of Body in bytes, -1 if it is not known
	File   bool          // a file, of any size
}

// Forward makes a caller's call with the app's token and passes Feishu's answer back. It shares token cache, limiter and
// breakers with the client's own calls. A call is sent once, and once more only when Feishu refused a stale token and the body can be sent
// again. Where Feishu gave no answer, or the call was not made, the error is a *Error.
func (c *Client) Forward(ctx context.Context, app feishu.App, f Forward) (*Answer, error) {
	s := c.session(app)
	if app.IsPersonal() && !f.API.OfBase() {
		return nil, f.API.NeedsApp()
	}
	target, ok := f.target(s.host.base)
	if !ok {
		return nil, f.API.NewError(feishu.ClassAccess, "a path parameter is not a valid Feishu token", nil)
	}
	for renewed := false; ; renewed = true {
		t, failure := c.token(ctx, s)
		if failure != nil {
			return nil, failure
		}
		answer, verdict := c.forward(ctx, s, f, target, t.value)
		if verdict != nil && app.IsPersonal() {
			verdict.OfPersonal()
		}
		s.host.budget.earn(verdict)
		if verdict != nil && verdict.Class == feishu.ClassToken {
			c.dropToken(s, t.value)
			if !renewed && f.rewind() {
				_ = answer.Body.Close()
				continue
			}
		}
		if answer == nil {
			return nil, verdict
		}
		return answer, nil
	}
}

func (f *Forward) target(base string) (*url.URL, bool) {
	path, ok := f.API.Expand(f.Params)
	if !ok {
		return nil, false
	}
	target, err := url.Parse(base + path)
	if err != nil {
		return nil, false
	}
	target.RawQuery = f.RawQuery
	return target, true
}

// rewind takes the body back to its start; false if that cannot be done.
func (f *Forward) rewind() bool {
	if f.Body == nil {
		return true
	}
	seeker, ok := f.Body.(io.Seeker)
	if !ok {
		return false
	}
	_, err := seeker.Seek(0, io.SeekStart)
	return err == nil
}

// forward sends once. The verdict says what the answer means for token, limiter and breakers; nil is a success. There is no
// answer only where there is a verdict.
func (c *Client) forward(ctx context.Context, s session, f Forward, target *url.URL, token string) (*Answer, *feishu.Error) {
	if refused := refusedBy(f.API, s.host.breaker, s.breaker); refused != nil {
		return nil, refused
	}
	limiter := c.limiter(s, f.API)
	turn, cancel := context.WithTimeout(ctx, forwardTurn)
	leave, refused := limiter.enter(turn, f.API)
	cancel()
	if refused != nil {
		return nil, refused
	}
	report, refused := allow(f.API, s.host.breaker, s.breaker)
	if refused != nil {
		leave(refused)
		return nil, refused
	}
	start := time.Now()
	answer, verdict := c.relay(ctx, f, target, token)
	leave(verdict)
	report(verdict)
	if verdict != nil && verdict.Class == feishu.ClassRate {
		limiter.pause(verdict.RetryAfter)
	}
	status, logID := 0, ""
	if answer != nil {
		status, logID = answer.Status, answer.Header.Get("X-Tt-Logid")
	}
	request.CallFrom(ctx).Upstream(logID)
	c.metrics.observe(f.API, verdict, time.Since(start))
	c.log(ctx, f.API, status, logID, verdict, time.Since(start))
	return answer, verdict
}

var (
	errNoAnswer = errors.New("no answer in time")
	errEnded    = errors.New("the answer was closed")
)

// relay makes the round trip up to the head of the answer and judges that.
func (c *Client) relay(caller context.Context, f Forward, target *url.URL, token string) (*Answer, *feishu.Error) {
	ctx, cancel := context.WithCancelCause(caller)
	limit := time.AfterFunc(f.patience(c), func() { cancel(errNoAnswer) })
	end := func() {
		limit.Stop()
		cancel(errEnded)
	}
	body := &passedBody{from: f.Body}
	var asked, got atomic.Bool
	start := time.Now()
	lost := func(err error) *feishu.Error {
		e := interruption{
			cause: err, caller: caller.Err(), timedOut: ctx.Err() != nil, connected: got.Load() || !asked.Load(), took: time.Since(start),
		}.classify()
		if body.broken.Load() || ctx.Err() != nil && !body.sent() {
			e.Aborted, e.Reason = true, "the caller's body did not arrive"
		}
		e.Endpoint, e.Write = f.API.Name, !f.API.Read
		end()
		return e
	}
	req := f.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	}), target, token, body)
	resp, err := c.wire.RoundTrip(req)
	if err != nil {
		return nil, lost(err)
	}
	limit.Reset(f.download())
	passed := &passedAnswer{rest: resp.Body, end: end}
	verdict, err := passed.judge(resp, f.API)
	if err != nil {
		failure := lost(err)
		_ = resp.Body.Close()
		return nil, failure
	}
	return &Answer{
		Status: resp.StatusCode, Header: only(resp.Header, returnedHeaders), Body: passed, Length: resp.ContentLength,
		File: f.API.File,
	}, verdict
}

// patience is how long the head of the answer may take.
func (f *Forward) patience(c *Client) time.Duration {
	if _, whole := f.Body.(io.Seeker); f.Body != nil && !whole {
		return forwardUpload
	}
	return c.timeout(&outgoing{api: f.API})
}

// download is how long the answer may take after its head.
func (f *Forward) download() time.Duration {
	if f.API.File {
		return ForwardFile
	}
	return forwardDownload
}

func (f *Forward) request(ctx context.Context, target *url.URL, token string, body *passedBody) *http.Request {
	req := (&http.Request{
		Method: f.API.Method, URL: target, Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: only(f.Header, forwardedHeaders),
	}).WithContext(ctx)
	req.Header.Set("Authorization", "Bearer "+token)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}
	if f.Body != nil {
		req.Body, req.ContentLength = io.NopCloser(body), f.ContentLength
	}
	return req
}

// only returns the named headers of h.
func only(h http.Header, names []string) http.Header {
	kept := make(http.Header, len(names)+2)
	for _, name := range names {
		if values := h[name]; len(values) > 0 {
			kept[name] = append([]string(nil), values...)
		}
	}
	return kept
}

// passedBody is the caller's body on its way; the transport reads it in a goroutine of its own.
type passedBody struct {
	from   io.Reader // nil for none
	whole  atomic.Bool
	broken atomic.Bool // the caller's own connection failed, which does not count against Feishu
}

// Read implements io.Reader.
func (b *passedBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.whole.Store(true)
	case err != nil:
		b.broken.Store(true)
	}
	return n, err
}

// sent reports whether all of the body has been read, or could have been at once.
func (b *passedBody) sent() bool {
	_, atOnce := b.from.(io.Seeker)
	return b.from == nil || atOnce || b.whole.Load()
}
