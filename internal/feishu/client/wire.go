package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/request"
)

const (
	jsonType = "application/json; charset=utf-8"

	// patience is how long a call must have been running before the end of its caller's deadline counts against Feishu.
	patience = 3 * time.Second
	// pieceBytes is how much of an answer is read into one piece, in bytes.
	pieceBytes = 256 << 10
	// defaultPause is the pause after a rate limit that names no time.
	defaultPause = time.Second
	// maxPause bounds the pause that an answer can impose.
	maxPause = 5 * time.Minute
)

// outgoing is one HTTP request to Feishu; token is empty for the token endpoint.
type outgoing struct {
	api    *feishu.API
	url    string
	token  string
	body   []byte
	upload *upload
	out    any // the answer's data
	head   any // the answer's top level, for the token endpoint
}

// envelope is the shape of every JSON answer.
type envelope struct {
	Code  *int         `json:"code"`
	Msg   string       `json:"msg"`
	Data  any          `json:"data"`
	Error *errorDetail `json:"error"`
}

type errorDetail struct {
	LogID                string `json:"log_id"`
	Message              string `json:"message"`
	Troubleshooter       string `json:"troubleshooter"`
	PermissionViolations []struct {
		Subject string `json:"subject"`
		Scope   string `json:"scope"`
	} `json:"permission_violations"`
	Helps []struct {
		URL string `json:"url"`
	} `json:"helps"`
}

// exchange sends one request, reads its answer whole and decodes it. It never follows a redirect and never repeats.
func (c *Client) exchange(ctx context.Context, r outgoing) *feishu.Error {
	start := time.Now()
	reply := c.roundTrip(ctx, &r)
	request.CallFrom(ctx).Upstream(reply.logID)
	err := reply.failure
	if err != nil {
		err.HTTPStatus, err.Endpoint, err.Write = reply.status, r.api.Name, !r.api.Read
		if err.LogID == "" {
			err.LogID = reply.logID
		}
	}
	request.CallFrom(ctx).NoteUpstream(request.UpstreamCall{
		Name: r.api.Name, Start: start, Took: time.Since(start), Code: codeOf(err), LogID: reply.logID,
	})
	c.metrics.observe(r.api, err, time.Since(start))
	c.log(ctx, r.api, reply.status, reply.logID, err, time.Since(start))
	if err != nil && reply.status == 0 {
		c.logUnreachable(ctx, r, err)
	}
	return err
}

// codeOf is Feishu's code, else the HTTP status; -1 where there was no answer, 0 for success.
func codeOf(err *feishu.Error) int {
	switch {
	case err == nil:
		return 0
	case err.Code != 0:
		return err.Code
	case err.HTTPStatus != 0:
		return err.HTTPStatus
	default:
		return -1
	}
}

// reply is what came of one HTTP request.
type reply struct {
	status  int    // HTTP status; 0 if there was no answer
	logID   string // from the answer's header; "" if it has none
	failure *feishu.Error
}

// roundTrip sends one request and decodes its answer into r.out and r.head.
func (c *Client) roundTrip(caller context.Context, r *outgoing) reply {
	ctx, cancel := context.WithTimeout(caller, c.timeout(r))
	defer cancel()
	var asked, got atomic.Bool // for a connection; a transport that reports neither is taken to have sent
	start := time.Now()
	lost := func(err error) *feishu.Error {
		return interruption{
			cause: err, caller: caller.Err(), timedOut: ctx.Err() != nil, connected: got.Load() || !asked.Load(), took: time.Since(start),
		}.classify()
	}
	req, err := r.build(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	}))
	if err != nil {
		return reply{failure: &feishu.Error{
			Class: feishu.ClassUnreachable, Reason: "the request could not be built", Aborted: true, Cause: err,
		}}
	}
	if req.Body != nil {
		defer req.Body.Close()
	}
	resp, err := c.wire.RoundTrip(req)
	if err != nil {
		return reply{failure: lost(err)}
	}
	defer resp.Body.Close()
	answered := reply{status: resp.StatusCode, logID: resp.Header.Get("X-Tt-Logid")}
	room := c.options.Answers.Hold()
	defer room.Release() // once it is decoded
	body, err := readAll(ctx, resp, c.options.MaxResponseBytes, room)
	switch {
	case errors.Is(err, errTooLarge) && r.api.Read:
		answered.failure = &feishu.Error{Class: feishu.ClassCapacity, Reason: "the answer is too large", Cause: err}
	case err != nil:
		answered.failure = lost(err)
	default:
		answered.failure = decode(resp, body, r)
	}
	return answered
}

func (r *outgoing) build(ctx context.Context) (*http.Request, error) {
	body, err := r.payload()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.api.Method, r.url, body.content)
	if err != nil {
		return nil, err
	}
	req.ContentLength = body.length
	req.Header.Set("Content-Type", body.contentType)
	req.Header.Set("User-Agent", userAgent)
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	return req, nil
}

var errTooLarge = errors.New("answer exceeds the limit")

// readAll reads an answer of at most limit bytes. It holds what has come and one piece more, not the double of it: an answer beyond the
// limit costs no more than the limit, and one that is announced as such costs nothing. It waits for room for each piece, and for as much
// again for the whole of several.
func readAll(ctx context.Context, resp *http.Response, limit int64, room *memory.Hold) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, errTooLarge
	}
	var pieces [][]byte
	first := min(max(resp.ContentLength+1, bytes.MinRead), pieceBytes)
	if err := room.Grow(ctx, first); err != nil {
		return nil, err
	}
	piece := make([]byte, 0, first)
	for size := int64(0); ; {
		if len(piece) == cap(piece) {
			if err := room.Grow(ctx, 2*pieceBytes); err != nil {
				return nil, err
			}
			pieces, piece = append(pieces, piece), make([]byte, 0, pieceBytes)
		}
		n, err := resp.Body.Read(piece[len(piece):cap(piece)])
		piece, size = piece[:len(piece)+n], size+int64(n)
		switch {
		case size > limit:
			return nil, errTooLarge
		case errors.Is(err, io.EOF) && len(pieces) == 0:
			return piece, nil
		case errors.Is(err, io.EOF):
			return slices.Concat(append(pieces, piece)...), nil
		case err != nil:
			return nil, err
		}
	}
}

// interruption describes an exchange that ended without a whole answer.
type interruption struct {
	cause     error         // what the transport returned
	caller    error         // why the caller's context ended; nil while it runs
	timedOut  bool          // the time of this attempt, or of its caller, was over
	connected bool          // there was a connection, so that the request may have been sent
	took      time.Duration // from the start of the attempt
}

// classify returns the error of the exchange: never sent if there was no connection, else of unknown outcome.
func (i interruption) classify() *feishu.Error {
	e := &feishu.Error{Class: feishu.ClassInterrupted, Reason: "the connection broke", Cause: i.cause}
	if i.timedOut {
		e.Reason = "no answer in time"
	}
	if !i.connected {
		e.Class, e.Reason = feishu.ClassUnreachable, "no connection"
	}
	switch {
	case errors.Is(i.caller, context.DeadlineExceeded):
		e.Aborted = i.took < patience
	case i.caller != nil:
		e.Aborted, e.Reason = true, "the caller gave up"
	}
	return e
}

// decode turns an answer into data or an error. The code in the body decides, whatever the HTTP status is.
func decode(resp *http.Response, body []byte, r *outgoing) *feishu.Error {
	out := r.out
	if out == nil {
		out = &struct{}{}
	}
	answer := envelope{Data: out}
	err := json.Unmarshal(body, &answer)
	if _, mismatch := errors.AsType[*json.UnmarshalTypeError](err); mismatch && answer.Code != nil && *answer.Code != 0 {
		err = nil // the data of an error has no shape to rely on
	}
	if err == nil && r.head != nil {
		err = json.Unmarshal(body, r.head)
	}
	if err != nil || answer.Code == nil {
		return notFeishu(resp, body)
	}
	if *answer.Code == 0 && resp.StatusCode < http.StatusBadRequest {
		return nil
	}
	e := &feishu.Error{Code: *answer.Code, Msg: answer.Msg, HTTPStatus: resp.StatusCode}
	if d := answer.Error; d != nil {
		e.LogID, e.Message, e.Troubleshooter = d.LogID, d.Message, d.Troubleshooter
		for _, violation := range d.PermissionViolations {
			if scope := violation.Subject + violation.Scope; scope != "" {
				e.Scopes = append(e.Scopes, scope)
			}
		}
		if len(d.Helps) > 0 {
			e.HelpURL = d.Helps[0].URL
		}
	}
	e.Classify()
	if e.Class == feishu.ClassRate {
		e.RetryAfter = resetAfter(resp.Header)
	}
	return e
}

// notFeishu classifies an answer that is not the Open API's JSON: a gateway's page, or JSON cut short.
func notFeishu(resp *http.Response, body []byte) *feishu.Error {
	e := &feishu.Error{Class: feishu.ClassServer, Reason: "the answer is not the Open API's JSON"}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	e.Gateway = kind != "application/json" || !json.Valid(body)
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests:
		e.Class, e.RetryAfter = feishu.ClassRate, resetAfter(resp.Header)
	case status == http.StatusRequestEntityTooLarge:
		e.Class, e.Reason = feishu.ClassData, "the request is too large"
	case status == http.StatusRequestTimeout:
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		e.Class = feishu.ClassAccess
	}
	return e
}

// resetAfter reads how long to wait from a rate-limited answer: x-ogw-ratelimit-reset, else Retry-After, in seconds.
func resetAfter(header http.Header) time.Duration {
	for _, name := range []string{"X-Ogw-Ratelimit-Reset", "Retry-After"} {
		seconds, err := strconv.ParseFloat(header.Get(name), 64)
		if err == nil && seconds >= 0 && !math.IsInf(seconds, 0) {
			return min(time.Duration(min(seconds, maxPause.Seconds())*float64(time.Second)), maxPause)
		}
	}
	return defaultPause
}

// log writes one line for each call; its request_id is empty for a batch, which is of several requests.
func (c *Client) log(ctx context.Context, api *feishu.API, status int, logID string, err *feishu.Error, took time.Duration) {
	level, code, class := slog.LevelDebug, 0, classOK
	if err != nil {
		level, code, class = slog.LevelInfo, err.Code, err.Class.String()
	}
	c.logger.LogAttrs(ctx, level, "feishu call",
		slog.String("request_id", request.CallFrom(ctx).RequestID), slog.String("api", api.Name),
		slog.Int("status", status), slog.Int("feishu_code", code), slog.String("class", class), slog.String("log_id", logID),
		slog.Float64("ms", float64(took.Microseconds())/1000))
}
