package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Call is one request on its way through the sandbox. It belongs to the goroutine that serves it; handlers read its exported fields,
// and set Committed alone.
type Call struct {
	Store       *state.Store
	Route       *Route
	Params      map[string]string // of the path, by the name in Route.Path
	Request     *http.Request
	Options     *Options      // as they were when the call began
	Body        []byte        // nil for an upload until ReadBody
	Number      int64         // in the journal, from 1
	AppID       string        // of the token, or claimed at a token endpoint
	ClientToken string        // after ReadClientToken
	Committed   bool          // the call has changed data
	SearchLag   time.Duration // how old the rows are that a search or list shows

	server    *Server
	began     time.Time
	logID     string
	requestID string
	app       *state.App // nil at a token endpoint
	token     string
	rows      int
	late      bool // the gateway gave up on it
	fault     *Fault

	forget      bool          // its client_token is not remembered, or
	forgetAfter time.Duration // for so long only; 0: not at all
}

func (s *Server) newCall(e *Route, params map[string]string, r *http.Request) *Call {
	c := &Call{
		server: s, Store: s.store, Route: e, Params: params, Request: r, Options: s.opts.Load(), Number: s.journal.number(), began: time.Now(),
	}
	c.SearchLag = c.Options.SearchLag
	spread := state.Mix(uint64(c.Number)) //nolint:gosec // G115: a counter from 1, never negative
	c.logID = fmt.Sprintf("%s%018X", c.began.Format("20060102150405"), spread)
	c.requestID = fmt.Sprintf("%016x-%08x", spread, c.Number)
	return c
}

func (c *Call) serve(w http.ResponseWriter) {
	data, f := c.run()
	if c.late && f == nil {
		f = Fail(1255040)
	}
	if c.fault != nil && c.fault.replacesAnswer(f) {
		f = Fail(c.fault.Code)
	}
	out := c.answer(data, f)
	c.server.limits.spent(c, out.status)
	if c.fault == nil {
		c.server.journal.add(c, out.status, out.code)
		out.write(w)
		return
	}
	c.fault.deliver(c, w, out)
}

// run takes the call through the checks in Feishu's order: token, address, scopes, rate, quota, and only then the parameters.
func (c *Call) run() (any, *Failure) {
	if c.Route.Class != ClassUpload {
		if f := c.ReadBody(); f != nil {
			return nil, f
		}
	}
	if c.Route.Class == ClassAuth {
		c.AppID = claimedApp(c.Body)
	} else if f := c.authorise(); f != nil {
		return nil, f
	}
	if f := c.server.limits.admit(c); f != nil {
		return nil, f
	}
	c.fault = c.server.faults.pick(c)
	if c.fault != nil {
		if f, stop := c.fault.before(c); stop {
			return nil, f
		}
	}
	return c.Route.Handle(c)
}

// ReadBody reads the body into Body, up to Options.MaxBodyBytes. The server does so for all but uploads.
func (c *Call) ReadBody() *Failure {
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.Request.Body, c.Options.MaxBodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &Failure{code: 413, status: http.StatusRequestEntityTooLarge, pageHTML: true}
	}
	if err != nil {
		return Fail(9499)
	}
	c.Body = body
	return nil
}

// Decode reads the JSON body into v: 1254000 when it is not JSON, 1254001 when a value has the wrong shape. Numbers stay as written.
func (c *Call) Decode(v any) *Failure {
	dec := json.NewDecoder(bytes.NewReader(c.Body))
	dec.UseNumber()
	err := dec.Decode(v)
	if err == nil {
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return Fail(1254000)
		}
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Invalid(1254001, wrong.Field, "the value must be a "+wrong.Type.String())
	}
	return Fail(1254000)
}

// Begin takes the write lane if the endpoint needs one, waits for the latency and returns a function to call at the end. The latency
// goes on after the client has given up, as it does at Feishu: the write is done and the client does not learn of it.
func (c *Call) Begin(lane *state.WriteLane, rows int) (end func(), f *Failure) {
	c.rows = rows
	end = func() {}
	if lane != nil {
		if !lane.Enter(c.Options.ConflictQueue, c.server.done) {
			return nil, Fail(1254291)
		}
		end = func() { lane.Leave(c.Options.ConflictWindow) }
	}
	latency := c.Options.Read
	switch c.Route.Class {
	case ClassAuth:
		latency = c.Options.Auth
	case ClassWrite, ClassUpload:
		latency = c.Options.Write
	case ClassRead:
	}
	wait := latency.PerCall + time.Duration(rows)*latency.PerRow
	if limit := c.Options.GatewayTimeout; limit > 0 && wait > limit {
		wait, c.late = limit, true
	}
	if !state.Pause(wait, c.server.done) {
		end()
		return nil, Fail(2200)
	}
	return end, nil
}

// remote is the caller's address without the port.
func (c *Call) remote() string {
	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if err != nil {
		return c.Request.RemoteAddr
	}
	return host
}
