// Package egress sends requests to addresses that callers name (docs/contract.md §5); nothing else dials such an address. It
// checks the form of an address and then the IP address that it resolves to, by what is public and by the operator's rules, bounds
// time, redirects and headers, and returns typed refusals with a message for the caller.
package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// DefaultTimeout is a Policy's Timeout where none is given.
const DefaultTimeout = 30 * time.Second

const userAgent = "rowgate/1"

// Policy bounds the requests of one purpose, such as fetching attachments.
type Policy struct {
	// Redirects is how many are followed at most, each judged as the first address was; one more is refused with
	// TooManyRedirects. 0: none is followed, and the redirect is the answer.
	Redirects int
	// Timeout bounds a request in all, redirects and body included. 0: DefaultTimeout.
	Timeout time.Duration
}

// Client sends requests to addresses that callers name. It keeps neither cookies nor connections. It is safe for concurrent
// use.
type Client struct {
	guard  *Guard
	policy Policy
	client *http.Client
}

// Client makes a client of this policy.
func (g *Guard) Client(policy Policy) *Client {
	if policy.Timeout == 0 {
		policy.Timeout = DefaultTimeout
	}
	c := &Client{guard: g, policy: policy}
	c.client = &http.Client{Transport: g.transport, CheckRedirect: c.redirect}
	return c
}

// NewRequest makes a request to an address that a caller gave; body may be http.NoBody. Errors: a *Refusal of kind BadAddress
// or NotAllowed for the address; any other error is the method's.
func (c *Client) NewRequest(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	u, err := c.guard.parse(address)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("egress: %w", err)
	}
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// Do sends a request. The caller closes the answer's body, whose Read returns the same errors as Do. No status is an error.
//
// Errors: a *Refusal; context.Canceled when the request's context was cancelled. Neither tells what the server sent.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := c.guard.check(req.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), c.policy.Timeout)
	resp, err := c.client.Do(req.WithContext(ctx))
	if err != nil {
		err = classify(ctx, err, Unreachable)
		cancel()
		return nil, err
	}
	resp.Body = &body{
		content: resp.Body, cancel: cancel,
		classify: func(err error) error { return classify(ctx, err, BrokenOff) },
	}
	return resp, nil
}

// redirect judges the next address as the first one was. The next server is not told the address before it, which may hold the
// caller's signature.
func (c *Client) redirect(next *http.Request, before []*http.Request) error {
	if c.policy.Redirects == 0 {
		return http.ErrUseLastResponse
	}
	if len(before) > c.policy.Redirects {
		return &Refusal{Kind: TooManyRedirects, Words: tooManyRedirects(c.policy.Redirects)}
	}
	next.Header.Del("Referer")
	return c.guard.check(next.URL)
}

// body is an answer's body whose errors are refusals; its Close releases the request's timer.
type body struct {
	content  io.ReadCloser
	cancel   context.CancelFunc
	classify func(error) error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.content.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.classify(err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	defer b.cancel()
	return b.content.Close()
}
