// Package request carries what is known of one request while it runs: its id, the language of its answer, whether errors are
// soft, what the log line says, and what happens once the answer is delivered.
package request

import (
	"context"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// brandLark is the brand whose callers read English unless they say otherwise.
const brandLark = "lark"

// Call is what is known of one request while it runs; the request's log line is written from it at the end.
// It never holds a secret or row content. It is safe for concurrent use.
type Call struct {
	RequestID string // req_…

	mu         sync.Mutex
	about      Summary
	brand      string
	lang       problem.Lang
	publicURL  string
	softErrors bool
	delivered  []func()
	settled    []func()
	alone      bool // no transport knows this call: it is settled from the start
	recalls    []func()
	recallable bool
	recalled   bool

	delivering sync.Mutex // held while hooks of Deliver and Recall run, so that neither overtakes the other
}

// Summary is what the log line and the metrics of a finished request are made of.
type Summary struct {
	Tool          string // operation; "" where the request is for none
	Code          string // problem code of the answer; "" where there is no problem
	LogID         string // Feishu's log_id of the last upstream call that had one
	UpstreamCalls int    // that the request made itself
	SharedCalls   int    // calls of the outbox that it took part in
	Rows          int
	Caller        string // name of the passphrase that admitted the request, or that its connection key was made with
	Replay        bool   // the answer is that of an earlier request
	Tenant        string // digest of the credential; "" if there is none
	Table         string // id of the table that the request is for; "" if there is none
	JobID         string // of the job that goes on after the answer; "" if there is none
	Marks         []Mark // what was repaired and converted, up to MaxMarks
	Upstream      []UpstreamCall
}

// Bounds of what a Call remembers of its way.
const (
	MaxMarks    = 24 // rules
	MaxUpstream = 24 // the first calls
)

// Mark is a rule by which something of a request was changed, and how often.
type Mark struct {
	Rule  string
	Count int
}

// UpstreamCall is one call to Feishu that a request made itself.
type UpstreamCall struct {
	Name  string // of the endpoint
	Start time.Time
	Took  time.Duration
	Code  int    // Feishu's, or the HTTP status where there is none; 0 for success
	LogID string // Feishu's
}

type callKey struct{}

// WithCall returns a context that carries call.
func WithCall(ctx context.Context, call *Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// CallFrom returns the request's Call, or a new one that nothing reads if ctx has none, so that callers need no nil check.
func CallFrom(ctx context.Context) *Call {
	if call, ok := ctx.Value(callKey{}).(*Call); ok {
		return call
	}
	return &Call{alone: true}
}

// SoftCall returns a Call whose problems are answered softly from the start, for transports that have no status of their own.
func SoftCall(requestID string) *Call { return &Call{RequestID: requestID, softErrors: true} }

// SetTool notes the operation.
func (c *Call) SetTool(name string) { c.set(func() { c.about.Tool = name }) }

// SetBrand notes feishu or lark; messages are in Chinese or English by it.
func (c *Call) SetBrand(brand string) { c.set(func() { c.brand = brand }) }

// SetLang notes the language that the caller asked for; it goes before the brand's.
func (c *Call) SetLang(lang problem.Lang) { c.set(func() { c.lang = lang }) }

// SetPublicURL notes the address of the service that the request was sent to, without a slash at the end.
func (c *Call) SetPublicURL(url string) { c.set(func() { c.publicURL = url }) }

// SetSoftErrors notes whether problems are to be answered with HTTP 200.
func (c *Call) SetSoftErrors(soft bool) { c.set(func() { c.softErrors = soft }) }

// SetCode notes the problem code of the answer.
func (c *Call) SetCode(code string) { c.set(func() { c.about.Code = code }) }

// SetCaller notes the name of the passphrase that admitted the request.
func (c *Call) SetCaller(name string) { c.set(func() { c.about.Caller = name }) }

// SetShared notes how many calls of the outbox the request took part in, and whether an earlier request has made them.
func (c *Call) SetShared(calls int, replay bool) {
	c.set(func() { c.about.SharedCalls, c.about.Replay = calls, replay })
}

// SetTarget notes the digest of the credential, and the table that is meant; "" where there is none.
func (c *Call) SetTarget(tenant, table string) {
	c.set(func() { c.about.Tenant, c.about.Table = tenant, table })
}

// SetJob notes the job that goes on.
func (c *Call) SetJob(id string) { c.set(func() { c.about.JobID = id }) }

// SetMarks notes what was repaired and converted.
func (c *Call) SetMarks(marks []Mark) {
	c.set(func() { c.about.Marks = marks[:min(len(marks), MaxMarks)] })
}

// NoteUpstream remembers a call to Feishu for those who look at the request later.
func (c *Call) NoteUpstream(call UpstreamCall) {
	c.set(func() {
		if len(c.about.Upstream) < MaxUpstream {
			c.about.Upstream = append(c.about.Upstream, call)
		}
	})
}

// AddRows counts rows of the request.
func (c *Call) AddRows(n int) { c.set(func() { c.about.Rows += n }) }

// Upstream counts one call to Feishu and keeps its log_id.
func (c *Call) Upstream(logID string) {
	c.set(func() {
		c.about.UpstreamCalls++
		if logID != "" {
			c.about.LogID = logID
		}
	})
}

// Brand returns the noted brand.
func (c *Call) Brand() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.brand
}

// Lang returns the language of messages: the one asked for, else English for brand lark and Chinese for any other.
func (c *Call) Lang() problem.Lang {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.lang != "":
		return c.lang
	case c.brand == brandLark:
		return problem.EN
	default:
		return problem.ZH
	}
}

// PublicURL returns the address of the service that the request was sent to; "" where a configured one is to be named instead.
func (c *Call) PublicURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.publicURL
}

// SoftErrors reports whether problems are to be answered with HTTP 200.
func (c *Call) SoftErrors() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.softErrors
}

// UpstreamCalls returns how many calls to Feishu this request made itself.
func (c *Call) UpstreamCalls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.about.UpstreamCalls
}

// Summary returns what is known so far.
func (c *Call) Summary() Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.about
}

// OnDelivered adds a hook that runs once the caller has got a final answer: it was written in full to a caller who was
// still there, and does not ask for a repeat. A hook that is added after the delivery never runs.
func (c *Call) OnDelivered(hook func()) { c.set(func() { c.delivered = append(c.delivered, hook) }) }

// AwaitsDelivery reports whether a hook waits for the answer to be written.
func (c *Call) AwaitsDelivery() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.delivered) > 0
}

// Deliver runs the hooks in the order they were added, each once however often it is called; none after Recall. The transport
// calls it.
func (c *Call) Deliver() {
	c.delivering.Lock()
	defer c.delivering.Unlock()
	c.mu.Lock()
	hooks := c.delivered
	c.delivered = nil
	if c.recalled {
		hooks = nil
	}
	c.mu.Unlock()
	for _, hook := range hooks {
		hook()
	}
}

// SetRecallable notes that the caller can still say, after the delivery, that the answer did not reach it.
func (c *Call) SetRecallable() { c.set(func() { c.recallable = true }) }

// Recallable reports whether the delivery may be recalled: who adds a hook of OnDelivered then adds one of OnRecalled too.
func (c *Call) Recallable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recallable
}

// OnRecalled adds a hook that takes back what a hook of OnDelivered noted. It runs even if that one did not.
func (c *Call) OnRecalled(hook func()) { c.set(func() { c.recalls = append(c.recalls, hook) }) }

// Recall notes that the answer did not, or will not, reach the caller: what Deliver did is taken back, and a later Deliver does
// nothing.
func (c *Call) Recall() {
	c.delivering.Lock()
	defer c.delivering.Unlock()
	c.mu.Lock()
	c.recalled, c.delivered = true, nil
	hooks := c.recalls
	c.recalls = nil
	c.mu.Unlock()
	for _, hook := range hooks {
		hook()
	}
}

// OnSettled adds a hook that runs once the answer is delivered, after the hooks of OnDelivered, or once it is known that it will
// not be. Where no transport carries the answer it runs at once.
func (c *Call) OnSettled(hook func()) {
	if c.alone {
		hook()
		return
	}
	c.set(func() { c.settled = append(c.settled, hook) })
}

// Settle runs the hooks of OnSettled, each once however often it is called. The transport calls it for every answer.
func (c *Call) Settle() {
	c.mu.Lock()
	hooks := c.settled
	c.settled = nil
	c.mu.Unlock()
	for _, hook := range hooks {
		hook()
	}
}

func (c *Call) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}
