package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// Op is what an entry does.
type Op string

// The operations.
const (
	OpCreate Op = "create"
	OpUpdate Op = "update" // by record_id
	OpDelete Op = "delete" // by record_id
	OpUpsert Op = "upsert" // by key columns
)

// Submission is one caller's write, validated and coerced.
type Submission struct {
	Table  feishu.TableRef
	Op     Op
	Write  feishu.WriteOptions // ClientToken only if the caller gave one
	Rows   []bitable.Row       // Index is the caller's own numbering and comes back in the results
	Atomic bool                // on_error=abort: rows that go in one batch are written together or not at all

	// SkipBadValues leaves a value that Feishu refuses out of its row, which is sent once more (bad_values: skip); not in KeyFields.
	SkipBadValues bool
	// AppendFiles adds the files of a row to those that the attachment cells of its record hold (attachments: append).
	AppendFiles bool

	KeyFields []string       // upsert only: names of the key columns
	Fields    []feishu.Field // the table's columns: what keys, changes and rows read back are compared by

	// NewOptions are the select options, by column, that the rows use and the table does not have. Feishu creates one twice that comes
	// twice in a call, so each goes in a call of its own first use.
	NewOptions map[string][]string

	Tenant         string   // whose turn it is in the lane: an opaque name, one a passphrase and credential
	Import         string   // takes turns with the other writes of its tenant, and keeps no order with them; "" for a small write
	IdempotencyKey string   // "" derives one from Fingerprint
	Fingerprint    [32]byte // MAC over credential, table, operation, options and canonical rows
	Memo           []byte   // the tool's own part of the answer, kept sealed and given back with the result
	Keep           bool     // async: the result is kept for get_job even if nobody waits
}

// RowStatus is what became of a row.
type RowStatus string

// The statuses of a row.
const (
	Created   RowStatus = "created"
	Updated   RowStatus = "updated"
	Unchanged RowStatus = "unchanged"
	Deleted   RowStatus = "deleted"
	Failed    RowStatus = "failed"
	Unknown   RowStatus = "unknown" // sent, and what became of it cannot be found out
)

// RowResult is what became of one row of a submission.
type RowResult struct {
	Index    int               `json:"index"`
	Status   RowStatus         `json:"status"`
	RecordID string            `json:"record_id,omitempty"`
	Err      *problem.RowError `json:"err,omitempty"` // why it failed, if the row itself is to blame
	Skipped  []SkippedValue    `json:"skipped,omitempty"`
}

// SkippedValue is a value that Feishu refused: the row was written without it.
type SkippedValue struct {
	Field string `json:"field"`
	Got   string `json:"got"` // as it was sent, cut to problem.MaxGotRunes
}

// Result is what became of a submission: one RowResult a row, in the order of the submission.
type Result struct {
	Rows          []RowResult
	Feishu        *problem.Feishu // what Feishu said of the last row that it refused for its data; nil if it refused none
	Err           *problem.Error  // why rows without an error of their own failed: access, capacity, upstream; else nil
	UpstreamCalls int             // calls to Feishu made for rows of this submission, shared ones counted whole
	Batches       int             // calls that wrote rows of this submission
	Cancelled     bool            // rows were dropped by Cancel; Err says so
	Memo          []byte
}

// State is where a job stands.
type State string

// The states of get_job (docs/contract.md §3).
const (
	StateQueued  State = "queued"
	StateRunning State = "running"
	StateDone    State = "done"
	StateFailed  State = "failed" // done, and nothing was written

	StateCancelled State = "cancelled" // done, and rows of it were dropped
)

// Job is a look at a submission by its id.
type Job struct {
	ID        string
	State     State
	RowsDone  int
	RowsTotal int
	Errors    int           // rows that failed or whose outcome is unknown, so far
	Batches   int           // calls that wrote rows of it, so far
	ETA       time.Duration // until it is done, at the lane's recent rate; 0 where that is not known
	Memo      string        // the submission's
	Result    *Result       // nil until done
}

// Writer is what the outbox needs of Feishu to write. *feishu.Client is one.
type Writer interface {
	BatchCreate(ctx context.Context, table feishu.TableRef, rows []feishu.Fields, opts feishu.WriteOptions) ([]string, error)
	BatchUpdate(ctx context.Context, table feishu.TableRef, rows []feishu.RecordUpdate, opts feishu.WriteOptions) error
	BatchDelete(ctx context.Context, table feishu.TableRef, recordIDs []string) error
}

// Reader is what the outbox needs of Feishu to match keys, to read back, and to know whether it may read all of a base.
// *feishu.Client is one.
type Reader interface {
	Search(ctx context.Context, table feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error)
	BatchGet(
		ctx context.Context, table feishu.TableRef, recordIDs []string, userIDType string,
	) (found []feishu.Record, absent []string, err error)
	GetApp(ctx context.Context, app feishu.App, appToken string) (feishu.AppInfo, error)
}

// Entry is a submission at rest. Payload and Result are sealed; Lane, Tenant and Key are digests that reveal nothing.
type Entry struct {
	ID        string // job_…
	Lane      string // digest of (brand, app_token)
	Tenant    string // digest of the credential: who may ask for the job
	Key       string // digest of the idempotency key, scoped by tenant; derived keys too
	Derived   bool   // no key was given
	Print     []byte // Fingerprint
	Rows      int
	Bytes     int       // of the payload before sealing
	Payload   []byte    // nil once done: the store drops it
	Result    []byte    // nil until done
	Delivered bool      // the answer reached its caller
	Keep      bool      // a job id was handed out
	CreatedAt time.Time // UTC, millisecond
	DoneAt    time.Time // zero until done
}

// Part is a run of an entry's rows within a batch: rows [From, To) of the entry.
type Part struct {
	Entry    string `json:"entry"`
	From, To int
}

// Batch is one call to Feishu, stored before it is made; the same rows in the same order with the same client token are
// sent again until its outcome is known. It is kept until all its entries are done.
type Batch struct {
	ID          string
	Lane        string
	Seq         int64 // order within the lane
	ClientToken string
	// Entries are ids of the entries that need to know of the batch: those whose rows it carries, and those whose own batches of
	// unknown outcome are told apart from it. At least one; Load gives those that are not done.
	Entries   []string
	StartedAt time.Time // UTC, millisecond: when it was stored; it is not sent before
	Plan      []byte    // sealed: operation, table, parts; decided by the engine
	Result    []byte    // sealed; nil while the outcome is unknown
}

// Changes is one transaction of the store, applied in the order of its fields, whole or not at all. Starting a batch of
// an entry that is not there or is done, and finishing a batch or ending an entry that is not there, is an error; the
// other lists pass over ids that are not there. A pair (Tenant, Key) is live from Insert until the entry is forgotten or
// expired; a derived one only until the entry is done and delivered. An empty Key is never live.
type Changes struct {
	Insert    []Entry       // new entries; a live (Tenant, Key) pair that exists already is ErrDuplicate
	Start     []Batch       // before the call
	Finish    []BatchResult // after the call
	Done      []EntryResult
	Delivered []string // entry ids
	// Recalled are entry ids whose answer did not reach its caller after all: they are as if never delivered, unless another
	// entry has the key by now.
	Recalled []string
	Keep     []string // entry ids: a job id was handed out after all
	Forget   []string // entry ids: with their batches, where no other entry uses them
	Fences   []Fence  // the leases that the changes rest on; one that is older than another seen for its lane is ErrFenced

	// Volatile says that a power cut may undo the changes until a later Apply that is not volatile returns. Else they are on the
	// disk once Apply returns. The order of Apply calls is kept either way: a power cut undoes the last ones only.
	Volatile bool
}

// BatchResult ends a batch.
type BatchResult struct {
	ID     string
	Result []byte
}

// EntryResult ends an entry.
type EntryResult struct {
	ID     string
	Result []byte
	DoneAt time.Time
}

// Store keeps entries and batches. internal/outbox/outboxtest is its conformance suite. All methods are safe for
// concurrent use; Apply calls may be merged into one transaction by the engine, never split by the store.
type Store interface {
	Apply(ctx context.Context, changes *Changes) error
	// Load returns the entries that are not done, without their payloads, and every batch of theirs, by (lane, creation): what a start
	// resumes. lane names the lane of the entries and batches, "" all lanes.
	Load(ctx context.Context, lane string) ([]Entry, []Batch, error)
	// Find returns the live entry by (tenant, key) if by.Key is set, else by id; found is false if there is none. Its payload comes
	// with it only if by.Payload is set.
	Find(ctx context.Context, by Lookup) (entry Entry, found bool, err error)
	// Expire deletes done entries that ended before the instant, and returns what is kept after that, and the tenants of which more
	// than share is kept.
	Expire(ctx context.Context, before time.Time, share Kept) (kept Kept, crowding []string, err error)
}

// Lookup names an entry: by Key of Tenant, or by ID (of any tenant; the caller compares).
type Lookup struct {
	Tenant, Key, ID string
	Payload         bool // the payload too, which may be as large as a request; only by ID
}

// Kept is what a store holds.
type Kept struct {
	Entries int
	Bytes   int64 // sealed payloads and results
}

// past reports whether k is more than other in any respect.
func (k Kept) past(other Kept) bool { return k.Entries > other.Entries || k.Bytes > other.Bytes }

// share is the part of a bound that one tenant may take up.
func (k Kept) share() Kept {
	return Kept{Entries: k.Entries * shareOf / shareIn, Bytes: k.Bytes * shareOf / shareIn}
}

// ErrDuplicate is returned by Apply for an entry whose (Tenant, Key) is live already.
var ErrDuplicate = errors.New("an entry with this idempotency key exists")
