package client

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// upload sends file by call, as Do sends a body.
func (c *Client) upload(ctx context.Context, app feishu.App, call feishu.Call, file *upload) error {
	if err := c.do(ctx, c.session(app), call, file); err != nil {
		return err
	}
	return nil
}

// Do makes the call for app: token, limiter, breaker, and for a read its repeats. The error is always a *Error.
func (c *Client) Do(ctx context.Context, app feishu.App, call feishu.Call) error {
	if err := c.do(ctx, c.session(app), call, nil); err != nil {
		return err
	}
	return nil
}

// do makes the call with file in place of call.Body, unless file is nil.
func (c *Client) do(ctx context.Context, s session, call feishu.Call, file *upload) *feishu.Error {
	if s.app.IsPersonal() && !call.API.OfBase() {
		return call.API.NeedsApp()
	}
	path, ok := call.API.Expand(call.Params)
	if !ok {
		return call.API.NewError(feishu.ClassAccess, "a path parameter is not a valid Feishu token", nil)
	}
	if len(call.Query) > 0 {
		path += "?" + call.Query.Encode()
	}
	r := outgoing{api: call.API, url: s.host.base + path, body: call.Body, upload: file, out: call.Out}
	renewed := false
	for attempt := 1; ; attempt++ {
		err := c.sendWithToken(ctx, s, r, &renewed)
		s.host.budget.earn(err)
		if err == nil || err.Endpoint == feishu.APIToken.Name || !call.API.Read || !c.again(ctx, s.host, err, attempt) {
			return err
		}
	}
}

// sendWithToken makes one attempt, and a second one with a new token if the first one's was refused and none has been
// renewed for this call yet. Feishu looks at the token before anything else, so nothing has been written by then.
func (c *Client) sendWithToken(ctx context.Context, s session, r outgoing, renewed *bool) *feishu.Error {
	for {
		t, err := c.token(ctx, s)
		if err != nil {
			return err
		}
		r.token = t.value
		err = c.send(ctx, s, r)
		if err != nil && s.app.IsPersonal() {
			err.OfPersonal()
		}
		if err == nil || err.Class != feishu.ClassToken || *renewed || !r.rewindable() {
			return err
		}
		*renewed = true
		c.dropToken(s, t.value)
	}
}

// send sends once: it refuses at once while a breaker is open, waits for the limiter, and reports to the breakers.
func (c *Client) send(ctx context.Context, s session, r outgoing) *feishu.Error {
	if err := refusedBy(r.api, s.host.breaker, s.breaker); err != nil {
		return err
	}
	limiter := c.limiter(s, r.api)
	leave, err := limiter.enter(ctx, r.api)
	if err != nil {
		return err
	}
	defer func() { leave(err) }()
	report, err := allow(r.api, s.host.breaker, s.breaker)
	if err != nil {
		return err
	}
	err = c.exchange(ctx, r)
	report(err)
	if err != nil && err.Class == feishu.ClassRate {
		limiter.pause(err.RetryAfter)
	}
	return err
}

// rewindable reports whether the body can be sent again.
func (r *outgoing) rewindable() bool {
	if r.upload == nil {
		return true
	}
	_, ok := r.upload.file.(io.Seeker)
	return ok
}

// timeout returns how long one attempt of the call may take.
func (c *Client) timeout(r *outgoing) time.Duration {
	switch {
	case r.upload != nil:
		return c.options.UploadTimeout
	case r.api.Read:
		return c.options.ReadTimeout
	}
	return c.options.WriteTimeout
}

// payload is a request's body from its start.
type payload struct {
	content     io.Reader // nil for none
	length      int64     // bytes
	contentType string
}

// payload returns the body as it is sent; each attempt needs a new one.
func (r *outgoing) payload() (payload, error) {
	switch {
	case r.upload != nil:
		return r.upload.payload()
	case r.body != nil:
		return payload{content: bytes.NewReader(r.body), length: int64(len(r.body)), contentType: jsonType}, nil
	}
	return payload{contentType: jsonType}, nil
}
