package app

import (
	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/requestlog"
	logstore "github.com/rowgate/rowgate/internal/requestlog/sqlite"
	"github.com/rowgate/rowgate/internal/surface/mcp"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool/record"
)

// bounds are the bounds that follow from how much memory there is.
type bounds struct {
	memory.Plan

	sealing, sending, answers, found *memory.Budget
	rows                             outbox.Memory
	lane, tenant, total              outbox.Bound
}

// divide makes the bounds of so many bytes.
func divide(limit int64) bounds {
	p := memory.Divide(limit)
	b := bounds{
		Plan: p, sealing: memory.NewBudget(p.Sealing), sending: memory.NewBudget(p.Sending), answers: memory.NewBudget(p.Answers),
		found: memory.NewBudget(p.Searches), rows: outbox.Memory{Waiting: p.Waiting, Near: p.Near},
		lane: outbox.DefaultLaneBound, tenant: outbox.DefaultTenantBound, total: outbox.DefaultTotalBound,
	}
	b.total.Entries = min(b.total.Entries, int(p.Entries/outbox.EntryMemory))
	b.tenant.Entries = min(b.tenant.Entries, b.total.Entries*3/4)
	b.lane.Entries = min(b.lane.Entries, b.total.Entries*3/4)
	return b
}

// What is counted of things that are bounded by their number, in bytes each.
const (
	connectionBytes = 12 << 10 // two buffers and a goroutine
	requestBytes    = 7 << 10  // headers, call record, and what the goroutine grows by
	appBytes        = 1 << 10  // token and breaker
	limiterBytes    = 256
	personBytes     = 300
	sentBytes       = 300
	baseBytes       = 300 // time zone, or wiki node
	addressBytes    = 150
	ledgerBytes     = 200
	lineBytes       = 800 // of the request log
)

// Bound is one bound of what the service has in memory.
type Bound struct {
	Name  string
	Bytes int64
	// Part says that it is a part of the plan, else that it is what one holder may have beyond a part, or that Go does not count it.
	Part bool
}

// MemoryBounds lists every bound for a memory limit of so many bytes: together they are the most that the service takes up.
func MemoryBounds(limit int64) []Bound {
	p := memory.Divide(limit)
	body := int64(intake.MaxBodyBytes)
	rows := body + outbox.MemoryOf(intake.MaxRows)
	return []Bound{
		{"program", p.Process, true},
		{"connections and requests", p.Connections, true},
		{"bodies", p.Bodies, true},
		{"what requests make of their bodies", p.Handling, true},
		{"rows that callers wait for", p.Waiting, true},
		{"rows of stored writes", p.Near, true},
		{"writes without their rows", p.Entries, true},
		{"payloads that are sealed", p.Sealing, true},
		{"calls to Feishu", p.Sending, true},
		{"answers of Feishu", p.Answers, true},
		{"rows that searches find", p.Searches, true},
		{"bodies kept by the proxy", p.Proxied, true},
		{"caches", p.Caches, true},
		{"the largest write that a caller waits for, alone", max(0, rows+body-p.Waiting), false},
		{"the largest stored write", rows, false},
		{"the largest payload", 2 * body, false},
		{"the largest call", body, false},
		{"the largest answer", 2 * p.Answer, false},
		{"the largest search", record.MaxAnswerBytes, false},
		{"SQLite's caches", (sqlite.WriterCacheKiB + sqlite.Readers*sqlite.ReaderCacheKiB) << 10, false},
		{"SQLite's copies of a payload, written and read", 2 * body, false},
	}
}

// parts lists what each part that is bounded by numbers comes to at most.
func (b *bounds) parts() []Bound {
	return []Bound{
		{"connections and requests", httpd.MaxConnections*connectionBytes + httpd.MaxRequests*requestBytes, true},
		{"writes without their rows", int64(b.total.Entries) * outbox.EntryMemory, true},
		{"caches", directory.MaxTableBytes + directory.MaxListBytes + 2*directory.MaxBases*baseBytes +
			client.DefaultMaxApps*(appBytes+client.LimitersPerApp*limiterBytes) + attachment.MaxPeople*personBytes +
			attachment.MaxSent*sentBytes +
			requestlog.Recent*lineBytes + 2*requestlog.MaxQueuedBytes +
			logstore.CacheKiB<<10 + tenant.MaxAddresses*addressBytes + mcp.MaxAnswered*ledgerBytes, true},
	}
}
