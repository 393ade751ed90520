package feishu

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"time"
)

// Call is one call of an endpoint.
type Call struct {
	API    *API
	Params []string   // values of the path parameters, in order
	Query  url.Values // nil for none
	Body   []byte     // JSON; nil for none
	Out    any        // where the answer's data goes; nil if it does not matter

	upload *upload // in place of Body
}

// Do makes the call for app: token, limiter, breaker, and for a read its repeats. The error is always a *Error.
func (c *Client) Do(ctx context.Context, app App, call Call) error {
	if err := c.do(ctx, c.session(app), call); err != nil {
		return err
	}
	return nil
}

func (c *Client) do(ctx context.Context, s session, call Call) *Error {
	path, ok := call.API.expand(call.Params)
	if !ok {
		return call.API.fail(ClassAccess, "a path parameter is no token of Feishu's", nil)
	}
	if len(call.Query) > 0 {
		path += "?" + call.Query.Encode()
	}
	r := request{api: call.API, url: s.host.base + path, body: call.Body, upload: call.upload, out: call.Out}
	renewed := false
	for attempt := 1; ; attempt++ {
		err := c.sendWithToken(ctx, s, r, &renewed)
		s.host.budget.earn(err)
		if err == nil || err.Endpoint == apiToken.Name || !call.API.Read || !c.again(ctx, s.host, err, attempt) {
			return err
		}
	}
}

// sendWithToken makes one attempt, and a second one with a new token if the first one's was refused and none has been
// renewed for this call yet. Feishu looks at the token before anything else, so nothing has been written by then.
func (c *Client) sendWithToken(ctx context.Context, s session, r request, renewed *bool) *Error {
	for {
		t, err := c.token(ctx, s)
		if err != nil {
			return err
		}
		r.token = t.value
		err = c.send(ctx, s, r)
		if err == nil || err.Class != ClassToken || *renewed || !r.rewindable() {
			return err
		}
		*renewed = true
		c.dropToken(s, t.value)
	}
}

// send sends once: it refuses at once while a breaker is open, waits for the limiter, and reports to the breakers.
func (c *Client) send(ctx context.Context, s session, r request) *Error {
	if err := refusedBy(r.api, s.host.breaker, s.breaker); err != nil {
		return err
	}
	gate := c.gate(s, r.api)
	leave, err := gate.enter(ctx, r.api)
	if err != nil {
		return err
	}
	defer leave()
	report, err := allow(r.api, s.host.breaker, s.breaker)
	if err != nil {
		return err
	}
	err = c.exchange(ctx, r)
	report(err)
	if err != nil && err.Class == ClassRate {
		gate.pause(err.RetryAfter)
	}
	return err
}

// fail makes an error of the client's own, without an answer of Feishu's.
func (a *API) fail(class Class, reason string, cause error) *Error {
	return &Error{
		Class: class, Endpoint: a.Name, write: !a.Read, reason: reason, cause: cause,
		aborted: errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded),
	}
}

// rewindable reports whether the body can be sent again.
func (r *request) rewindable() bool {
	if r.upload == nil {
		return true
	}
	_, ok := r.upload.file.(io.Seeker)
	return ok
}

// timeout returns how long one attempt of the call may take.
func (c *Client) timeout(r *request) time.Duration {
	switch {
	case r.upload != nil:
		return c.options.UploadTimeout
	case r.api.Read:
		return c.options.ReadTimeout
	}
	return c.options.WriteTimeout
}

// reader returns the body from its start, its length and its content type.
func (r *request) reader() (body io.Reader, length int64, contentType string, err error) {
	switch {
	case r.upload != nil:
		return r.upload.reader()
	case r.body != nil:
		return bytes.NewReader(r.body), int64(len(r.body)), jsonType, nil
	}
	return nil, 0, jsonType, nil
}
