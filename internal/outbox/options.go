package outbox

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/secret"
)

// Bounds of one call to Feishu, beside the row limits of package feishu.
const (
	// MaxBatchBytes bounds the rows of one call, in bytes of their JSON. Feishu documents no limit; a single row over it goes alone.
	MaxBatchBytes = 4 << 20
)

// How long things are kept and waited for.
const (
	KeepFor      = 24 * time.Hour   // an answer is found again by its key for this long after it was given
	DrainFor     = 30 * time.Second // Stop waits this long for lanes to empty
	OverloadWait = 2 * time.Second  // RetryAfter of an overloaded problem
)

// Bound limits what waits or is under way. A submission that would go past any of the three is refused as overloaded,
// unless nothing waits at all.
type Bound struct {
	Entries int
	Rows    int
	Bytes   int // of payloads
}

// The default bounds.
var (
	DefaultLaneBound   = Bound{Entries: 10_000, Rows: 100_000, Bytes: 96 << 20}
	DefaultTenantBound = Bound{Entries: 10_000, Rows: 200_000, Bytes: 128 << 20}
	DefaultTotalBound  = Bound{Entries: 50_000, Rows: 500_000, Bytes: 256 << 20}
	DefaultKeptBound   = Kept{Entries: 4_000_000, Bytes: 2 << 30}
)

// Options of an Outbox. Store, Writer, Reader, Keyring and Digest are needed; the rest has defaults.
type Options struct {
	Store   Store
	Writer  Writer
	Reader  Reader
	Keyring *secret.Keyring         // seals what is stored, derives the digests
	Digest  func(feishu.App) string // digest of a credential: the tenant
	// AllowRetry takes one repeat of an unanswered call from the budget of the app's host; default: every repeat is allowed.
	AllowRetry func(feishu.App) bool
	Owner      Owner                 // of the lanes; default: a LocalOwner that no other outbox shares
	Logger     *slog.Logger          // default: discards
	Metrics    prometheus.Registerer // default: not registered
	Lane       Bound                 // of one base; default DefaultLaneBound
	Tenant     Bound                 // of one credential; default DefaultTenantBound
	Total      Bound                 // of all; default DefaultTotalBound
	Memory     Memory                // rows in memory; default DefaultMemory
	Sealing    *memory.Budget        // of payloads while they are sealed and stored; default: no bound
	Sending    *memory.Budget        // of the rows of calls under way; default: no bound
	Kept       Kept                  // what the store may hold; default DefaultKeptBound
	Drain      time.Duration         // default DrainFor
}

func (opts Options) withDefaults() (Options, error) {
	if opts.Store == nil || opts.Writer == nil || opts.Reader == nil || opts.Keyring == nil || opts.Digest == nil {
		return opts, errors.New("an outbox needs a store, a writer, a reader, a keyring and a digest")
	}
	if opts.Owner == nil {
		opts.Owner = NewLocalOwner()
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.AllowRetry == nil {
		opts.AllowRetry = func(feishu.App) bool { return true }
	}
	if opts.Metrics == nil {
		opts.Metrics = prometheus.NewRegistry()
	}
	opts.Lane = cmp.Or(opts.Lane, DefaultLaneBound)
	opts.Tenant = cmp.Or(opts.Tenant, DefaultTenantBound)
	opts.Total = cmp.Or(opts.Total, DefaultTotalBound)
	opts.Memory = cmp.Or(opts.Memory, DefaultMemory)
	opts.Kept = cmp.Or(opts.Kept, DefaultKeptBound)
	opts.Drain = cmp.Or(opts.Drain, DrainFor)
	return opts, nil
}
