package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// call is one request on its way through the sandbox.
type call struct {
	srv      *Server
	store    *store
	endpoint *endpoint
	params   map[string]string
	req      *http.Request
	opts     *Options
	body     []byte

	number    int64 // in the journal, from 1
	began     time.Time
	logID     string
	requestID string

	appID       string // known or claimed; "" before authorisation
	app         *app
	token       string
	clientToken string
	rows        int
	committed   bool
	late        bool // the gateway gave up on it
	fault       *Fault
}

func (s *Server) newCall(e *endpoint, params map[string]string, r *http.Request) *call {
	c := &call{srv: s, store: s.store, endpoint: e, params: params, req: r, opts: s.opts.Load(), number: s.journal.number(), began: time.Now()}
	spread := mix(uint64(c.number)) //nolint:gosec // G115: a counter from 1, never negative
	c.logID = fmt.Sprintf("%s%018X", c.began.Format("20060102150405"), spread)
	c.requestID = fmt.Sprintf("%016x-%08x", spread, c.number)
	return c
}

func (c *call) serve(w http.ResponseWriter) {
	data, f := c.run()
	if c.late && f == nil {
		f = fail(1255040)
	}
	if c.fault != nil && c.fault.replacesAnswer(f) {
		f = fail(c.fault.Code)
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
func (c *call) run() (any, *failure) {
	if c.endpoint.class != classUpload {
		if f := c.readBody(); f != nil {
			return nil, f
		}
	}
	if c.endpoint.class == classAuth {
		c.appID = claimedApp(c.body)
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
	return c.endpoint.handle(c)
}

func (c *call) readBody() *failure {
	if c.req.Body == nil || c.req.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.req.Body, c.opts.MaxBodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &failure{code: 413, status: http.StatusRequestEntityTooLarge, pageHTML: true}
	}
	if err != nil {
		return fail(9499)
	}
	c.body = body
	return nil
}

// decode reads the JSON body into v: 1254000 when it is no JSON, 1254001 when a value has the wrong shape. Numbers stay as written.
func (c *call) decode(v any) *failure {
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.UseNumber()
	err := dec.Decode(v)
	if err == nil {
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return fail(1254000)
		}
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return invalid(1254001, wrong.Field, "the value must be a "+wrong.Type.String())
	}
	return fail(1254000)
}

// begin takes the write gate where the endpoint needs it, lets the latency pass and returns what to call at the end. The latency
// goes on when the client has given up, as it does at Feishu: the write then lands with nobody to hear of it.
func (c *call) begin(gate *gate, rows int) (end func(), f *failure) {
	c.rows = rows
	end = func() {}
	if gate != nil {
		if !gate.enter(c.opts.ConflictQueue, c.srv.done) {
			return nil, fail(1254291)
		}
		end = func() { gate.leave(c.opts.ConflictWindow) }
	}
	latency := c.opts.Read
	switch c.endpoint.class {
	case classAuth:
		latency = c.opts.Auth
	case classWrite, classUpload:
		latency = c.opts.Write
	case classRead:
	}
	wait := latency.PerCall + time.Duration(rows)*latency.PerRow
	if limit := c.opts.GatewayTimeout; limit > 0 && wait > limit {
		wait, c.late = limit, true
	}
	if !pause(wait, c.srv.done) {
		end()
		return nil, fail(2200)
	}
	return end, nil
}

// remote is the caller's address without the port.
func (c *call) remote() string {
	host, _, err := net.SplitHostPort(c.req.RemoteAddr)
	if err != nil {
		return c.req.RemoteAddr
	}
	return host
}
