package outbox

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/problem"
)

// entry is a submission on its way.
type entry struct {
	// These never change once the entry is admitted.
	id, lane, tenant, key string
	derived               bool
	group                 group
	turn                  turn
	size, bytes           int   // rows, and bytes of them
	memory                int64 // what it takes up with its rows, in bytes
	created               time.Time
	admitted              chan struct{} // closed when it is queued, or dropped because its key is known
	calls                 atomic.Int64

	// state and what follows is guarded by Outbox.mu.
	state EntryState

	sub     *Submission      // without rows, columns and, if nothing was sent, memo while it is far
	options map[int][]option // new ones, by position
	far     bool             // its rows are in the store alone
	pool    *pool            // what its rows are counted in; nil for none
	counted int64            // the bytes that pool counts for it

	// What accepting keeps.
	payload   []byte // sealed; nil once it is stored
	journaled bool   // its insert is on its way to the store or was done
	loaded    bool   // came from the store: who waits for it may do so at another instance
	keep      bool   // a job id is handed out, or is about to be
	kept      bool   // the store knows that
	delivered bool   // a 2xx answer reached its caller
	recalls   bool   // its caller may still say that the answer did not arrive: it stays in the store
	repeated  bool   // runs elsewhere, and its owner is to be told that it was repeated
	round     *round

	// What running keeps.
	rows      []RowResult     // Status "" while it is open
	open      int             // rows without a status
	todo      []int           // positions that wait in the lane, in order
	out       int             // rows in batches that are composed, under way or deferred
	unknown   map[*batch]int  // rows in batches of unknown outcome, which nobody works on
	stop      *problem.Error  // why nothing more of it is sent
	heard     *problem.Feishu // the last refusal of a call of it that is not settled; nil if there is none
	said      *problem.Feishu // of the last row that Feishu refused for its data
	mark      string          // id of the stored mark that it is parked; "" if there is none
	deferred  time.Time       // since when its records cannot be looked up; zero if they can
	tokenUsed bool            // the caller's client token went with a batch
	batches   int             // calls that wrote rows of it
	cancelled bool            // nothing more of it is sent, by its caller's wish
	dropped   bool            // rows were not sent because of that
}

// prepare sets what follows from the submission.
func (e *entry) prepare() {
	e.size = len(e.sub.Rows)
	for i := range e.sub.Rows {
		e.bytes += rowBytes(&e.sub.Rows[i])
	}
	e.memory = EntryMemory + int64(e.bytes) + rowMemory*int64(e.size) + columnMemory*int64(len(e.sub.Fields))
	e.group = groupOf(e)
	e.turn = turn{tenant: e.sub.Tenant, imported: e.sub.Import, credential: e.tenant, table: e.sub.Table.TableID}
	e.options = usedOptions(e.sub)
	e.resetRows()
}

// resetRows makes every row open again, as if nothing of e had been sent.
func (e *entry) resetRows() {
	rows := e.sub.Rows
	e.rows, e.todo, e.open, e.out = make([]RowResult, len(rows)), make([]int, len(rows)), len(rows), 0
	for i := range rows {
		e.rows[i].Index = rows[i].Index
		e.todo[i] = i
	}
	e.unknown = make(map[*batch]int)
	e.stop, e.said, e.mark, e.deferred, e.tokenUsed, e.batches = nil, nil, "", time.Time{}, false, 0
}

// round is one wait for an answer. An entry that a repeat takes up again gets a new one.
type round struct {
	done   chan struct{}
	result *Result
	err    *problem.Error
	ended  bool
}

func newRound() *round { return &round{done: make(chan struct{})} }

func (r *round) end(result *Result, err *problem.Error) {
	if r.ended {
		return
	}
	r.ended, r.result, r.err = true, result, err
	close(r.done)
}

// set gives the row at pos its status, once.
func (e *entry) set(pos int, status RowStatus, recordID string, err *problem.RowError) {
	row := &e.rows[pos]
	if row.Status != "" {
		return
	}
	if err != nil {
		own := *err
		own.Index = row.Index
		err = &own
	}
	row.Status, row.RecordID, row.Err = status, recordID, err
	e.open--
}

// skip notes the values that rows are written without; their statuses are not set yet.
func (e *entry) skip(left []cellAt) {
	for _, c := range left {
		if row := &e.rows[c.pos]; row.Status == "" {
			got := cut(string(bitable.Cell(e.sub.Rows[c.pos].Fields, c.column)))
			row.Skipped = append(row.Skipped, SkippedValue{Field: c.column, Got: got})
		}
	}
}

// halt keeps the first reason for sending nothing more of e.
func (e *entry) halt(why *problem.Error) {
	e.stop = cmp.Or(e.stop, why)
}

// changed reports whether any row was written or may have been.
func (e *entry) changed() bool {
	if len(e.unknown) > 0 {
		return true
	}
	for i := range e.rows {
		switch e.rows[i].Status {
		case Created, Updated, Deleted, Unknown:
			return true
		case Unchanged, Failed, "":
		}
	}
	return false
}

// written reports whether every row has come to what it asked for.
func (e *entry) written() bool {
	return !slices.ContainsFunc(e.rows, func(row RowResult) bool { return row.Status == Failed || row.Status == Unknown })
}

// allFailed reports whether nothing was done: no row is written, unknown or already as asked.
func allFailed(rows []RowResult) bool {
	for i := range rows {
		if rows[i].Status != Failed {
			return false
		}
	}
	return len(rows) > 0
}

// result is the answer as it stands: open rows are unknown if they were sent, else failed.
func (e *entry) result() *Result {
	r := &Result{
		Rows: slices.Clone(e.rows), Feishu: e.said, UpstreamCalls: int(e.calls.Load()), Batches: e.batches,
		Cancelled: e.dropped, Memo: e.sub.Memo,
	}
	for b := range e.unknown {
		for i := range b.items {
			if it := &b.items[i]; it.entry == e {
				it.each(func(pos int) {
					if r.Rows[pos].Status == "" {
						r.Rows[pos].Status = Unknown
					}
				})
			}
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Status == "" {
			row.Status = Failed
		}
		if row.Err == nil && (row.Status == Failed || row.Status == Unknown) {
			r.Err = e.stop
		}
	}
	return r
}

// doubted is an answer in which the rows are unknown that were not written, for no fault of their own: the store could not be told, so
// the next start may write them.
func (r *Result) doubted(why *problem.Error) *Result {
	own := *r
	own.Rows = slices.Clone(r.Rows)
	for i := range own.Rows {
		if row := &own.Rows[i]; row.Status == Failed && row.Err == nil {
			row.Status, own.Err = Unknown, why
		}
	}
	return &own
}

// stored is the entry as the store keeps it.
func (e *entry) stored() Entry {
	return Entry{
		ID: e.id, Lane: e.lane, Tenant: e.tenant, Key: e.key, Derived: e.derived, Print: slices.Clone(e.sub.Fingerprint[:]),
		Rows: e.size, Bytes: e.bytes, Payload: e.payload, Keep: e.keep, CreatedAt: e.created,
	}
}

// claims are entries that one change inserts: whoever claims an entry has to store it, and to say what came of that.
type claims struct {
	inserts []Entry
	entries []*entry
}

// add claims e unless somebody has. Outbox.mu is held.
func (c *claims) add(e *entry) {
	if e.journaled {
		return
	}
	e.journaled = true
	c.inserts, c.entries = append(c.inserts, e.stored()), append(c.entries, e)
}

// settle notes whether the store took the inserts; what it did not take may be claimed again. Outbox.mu is held.
func (c *claims) settle(err error) {
	for i, e := range c.entries {
		if err != nil {
			e.journaled = false
			continue
		}
		e.payload = nil
		e.kept = e.kept || c.inserts[i].Keep
	}
}
