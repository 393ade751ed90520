// Package requestlog remembers what became of the last requests, for the people who look after them: who called which tool, how it ended,
// what it took. It holds no secret and no row. Lines are kept in memory and, sealed, in a store; recording one costs its request
// next to nothing, because encoding, sealing and storing happen behind it.
package requestlog

import (
	"context"
	"time"

	"github.com/rowgate/rowgate/internal/request"
)

// Line is one finished request.
type Line struct {
	Seq       uint64 // rises with every line, also across restarts
	At        time.Time
	Took      time.Duration
	RequestID string
	Caller    string // name of the passphrase
	Tenant    string // digest of the credential; "" if the request had none
	Tool      string // operation; "" for one of a drop-in
	Route     string // pattern of the path
	Table     string // id of the table; "" if there is none
	Code      string // of the problem; "" if there is none
	Status    int    // meant, also where a soft error hides behind 200
	LogID     string
	JobID     string
	Origin    string // OriginConsole, the id of the request that this one replays, or "" for every other caller
	Rows      int
	Calls     int // to Feishu, its own and those of the outbox that it took part in
	Replay    bool
	Left      bool // the caller was gone before the end
	Marks     []request.Mark
	Upstream  []request.UpstreamCall
}

// OriginConsole marks the requests of the console's own pages.
const OriginConsole = "console"

// Outcome is how a request ended.
type Outcome string

// The outcomes.
const (
	Done     Outcome = "ok"       // 2xx
	Refused  Outcome = "refused"  // 4xx: the caller has to change something
	Failed   Outcome = "failed"   // 5xx
	Accepted Outcome = "accepted" // 202: it goes on as a job
)

// Outcome returns how the request ended.
func (l *Line) Outcome() Outcome {
	switch {
	case l.Status == 202:
		return Accepted
	case l.Status < 400:
		return Done
	case l.Status < 500:
		return Refused
	default:
		return Failed
	}
}

// Filter picks lines. Its Caller is always compared: nobody sees another passphrase's requests.
type Filter struct {
	Caller    string
	Tool      string
	Outcome   Outcome
	Code      string
	Table     string
	RequestID string
}

// Match reports whether a line passes.
func (f *Filter) Match(l *Line) bool {
	return l.Caller == f.Caller && (f.Tool == "" || l.Tool == f.Tool) && (f.Outcome == "" || l.Outcome() == f.Outcome) &&
		(f.Code == "" || l.Code == f.Code) && (f.Table == "" || l.Table == f.Table) &&
		(f.RequestID == "" || l.RequestID == f.RequestID || l.JobID == f.RequestID)
}

type originContext struct{}

// Origin is what a caller inside the service says of its request, and learns of it.
type Origin struct {
	Name   string // OriginConsole, or the id of the request that is replayed
	Tenant string // set when the request has ended: digest of its credential
}

// WithOrigin returns a context whose request is recorded with that origin.
func WithOrigin(ctx context.Context, origin *Origin) context.Context {
	return context.WithValue(ctx, originContext{}, origin)
}

// OriginFrom returns the origin of a request, nil for every caller from outside.
func OriginFrom(ctx context.Context) *Origin {
	origin, _ := ctx.Value(originContext{}).(*Origin)
	return origin
}
