// Package telemetry sets up logs and metrics and carries what one request is about.
package telemetry

import (
	"context"
	"sync"
)

// Call is what is known of one request while it runs; the request's log line is written from it at the end.
// It never holds a secret or row content. It is safe for concurrent use.
type Call struct {
	RequestID string // req_…

	mu            sync.Mutex
	tool          string
	brand         string
	code          string
	logID         string
	upstreamCalls int
	rows          int
}

type callKey struct{}

// WithCall returns a context that carries call.
func WithCall(ctx context.Context, call *Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// CallFrom returns the request's Call; a fresh one nobody reads if there is none, so that callers need no nil check.
func CallFrom(ctx context.Context) *Call {
	if call, ok := ctx.Value(callKey{}).(*Call); ok {
		return call
	}
	return &Call{}
}

// SetTool notes the operation.
func (c *Call) SetTool(name string) { c.set(func() { c.tool = name }) }

// SetBrand notes feishu or lark; messages are in Chinese or English by it.
func (c *Call) SetBrand(brand string) { c.set(func() { c.brand = brand }) }

// SetCode notes the problem code of the answer.
func (c *Call) SetCode(code string) { c.set(func() { c.code = code }) }

// AddRows counts rows of the request.
func (c *Call) AddRows(n int) { c.set(func() { c.rows += n }) }

// Upstream counts one call to Feishu and keeps its log_id.
func (c *Call) Upstream(logID string) {
	c.set(func() {
		c.upstreamCalls++
		if logID != "" {
			c.logID = logID
		}
	})
}

// Brand returns the noted brand.
func (c *Call) Brand() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.brand
}

// UpstreamCalls returns how many calls to Feishu this request made itself.
func (c *Call) UpstreamCalls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.upstreamCalls
}

func (c *Call) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}
