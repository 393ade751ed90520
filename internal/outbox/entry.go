package outbox

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// entry is a submission on its way. Its fields are guarded by Outbox.mu, but for those that never change.
type entry struct {
	id, lane, tenant, key string
	derived               bool
	sub                   *Submission // never changes
	group                 group       // never changes
	bytes                 int
	options               map[int][]option // new ones, by position; never changes
	created               time.Time

	payload   []byte        // sealed; nil once it is on its way to the store
	claimed   bool          // its insert is on its way to the store or was done
	keep      bool          // a job id was handed out
	delivered bool          // a 2xx answer reached its caller
	released  bool          // its derived key was freed after that
	admitted  chan struct{} // closed when it is queued, or dropped because its key is known
	parked    bool          // answered, and waits for a repeat to go on with what is open
	tokenUsed bool          // the caller's client token went with a batch
	round     *round

	rows  []RowResult     // Status "" while it is open
	open  int             // rows without a status
	todo  []int           // positions that wait in the lane, in order
	out   int             // rows in calls under way
	lost  map[*batch]int  // rows in batches of unknown outcome, which nobody works on
	stop  *problem.Error  // why nothing more of it is sent
	said  *problem.Feishu // of the last row that Feishu refused for its data
	mark  string          // id of the stored mark that it waits for a repeat; "" if there is none
	aside time.Time       // since when its records cannot be looked up; zero if they can
	calls atomic.Int64
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

// halt keeps the first reason for sending nothing more of e.
func (e *entry) halt(why *problem.Error) {
	e.stop = cmp.Or(e.stop, why)
}

// changed reports whether any row was written or may have been.
func (e *entry) changed() bool {
	if len(e.lost) > 0 {
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
	r := &Result{Rows: slices.Clone(e.rows), Feishu: e.said, UpstreamCalls: int(e.calls.Load()), Memo: e.sub.Memo}
	for b := range e.lost {
		for i := range b.items {
			if it := &b.items[i]; it.e == e {
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

// stored is the entry as the store keeps it.
func (e *entry) stored() Entry {
	return Entry{
		ID: e.id, Lane: e.lane, Tenant: e.tenant, Key: e.key, Derived: e.derived, Print: e.sub.Fingerprint[:],
		Rows: len(e.sub.Rows), Bytes: e.bytes, Payload: e.payload, Keep: e.keep, CreatedAt: e.created,
	}
}

// claim returns the entry for an insert, once: whoever gets it has to store it.
func (e *entry) claim(inserts []Entry) []Entry {
	if e.claimed {
		return inserts
	}
	inserts = append(inserts, e.stored())
	e.claimed, e.payload = true, nil
	return inserts
}
