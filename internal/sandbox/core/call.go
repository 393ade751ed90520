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

// Call is one request on its way through the sandbox.
type Call struct {
	srv     *Server
	Store   *state.Store
	Route   *Route
	Params  map[string]string
	Request *http.Request
	Options *Options
	Body    []byte

	Number    int64 // in the journal, from 1
	began     time.Time
	logID     string
	requestID string

	AppID       string // known or claimed; "" before authorisation
	app         *state.App
	token       string
	ClientToken string
	rows        int
	Committed   bool
	late        bool // the gateway gave up on it
	fault       *Fault
}

func (s *Server) newCall(e *Route, params map[string]string, r *http.Request) *Call {
	c := &Call{srv: s, Store: s.store, Route: e, Params: params, Request: r, Options: s.opts.Load(), Number: s.journal.number(), began: time.Now()}
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
	c.srv.limits.spent(c, out.status)
	if c.fault == nil {
		c.srv.journal.add(c, out.status, out.code)
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
	if c.Route.Class == classAuth {
		c.AppID = claimedApp(c.Body)
	} else if f := c.authorise(); f != nil {
		return nil, f
	}
	if f := c.srv.limits.admit(c); f != nil {
		return nil, f
	}
	c.fault = c.srv.faults.pick(c)
	if c.fault != nil {
		if f, stop := c.fault.before(c); stop {
			return nil, f
		}
	}
	return c.Route.Handle(c)
}

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

// Decode reads the JSON body into v: 1254000 when it is no JSON, 1254001 when a value has the wrong shape. Numbers stay as written.
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

// Begin takes the write gate where the endpoint needs it, lets the latency pass and returns what to call at the end. The latency
// goes on when the client has given up, as it does at Feishu: the write then lands with nobody to hear of it.
func (c *Call) Begin(gate *state.Gate, rows int) (end func(), f *Failure) {
	c.rows = rows
	end = func() {}
	if gate != nil {
		if !gate.Enter(c.Options.ConflictQueue, c.srv.done) {
			return nil, Fail(1254291)
		}
		end = func() { gate.Leave(c.Options.ConflictWindow) }
	}
	latency := c.Options.Read
	switch c.Route.Class {
	case classAuth:
		latency = c.Options.Auth
	case ClassWrite, ClassUpload:
		latency = c.Options.Write
	case classRead:
	}
	wait := latency.PerCall + time.Duration(rows)*latency.PerRow
	if limit := c.Options.GatewayTimeout; limit > 0 && wait > limit {
		wait, c.late = limit, true
	}
	if !state.Pause(wait, c.srv.done) {
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
