package outbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// group is what the rows of one call have in common.
type group struct {
	tenant string
	table  string
	op     Op
	user   string // user_id_type
	loose  bool   // ignore_consistency_check
	job    bool   // nobody waits for them: they outlast a Feishu that cannot be reached
	alone  string // id of an entry with a client token of its own: it shares no call
	keys   string // upsert: the key columns
}

// item is one row of a call: one row of an entry, or of an upsert several that name the same record.
type item struct {
	entry  *entry
	pos    int   // the row's position in its entry
	more   []int // positions of later rows merged into it
	id     string
	fields json.RawMessage
	key    []string // upsert: the row's normalised key, a part a column
	blamed bool     // Feishu's message names it
	left   []cellAt // cells that Feishu refused and that are not in fields
	tried  int      // so many at the end of left may be innocent: the call is to find that out
	// Under attachments: append, of updates.
	anew   []string        // columns that an earlier row of the item cleared: files replace what is there
	joined json.RawMessage // fields with the files that the cells hold, as the last call has them; nil: fields
}

func (it *item) each(f func(pos int)) {
	f(it.pos)
	for _, pos := range it.more {
		f(pos)
	}
}

func (it *item) count() int { return 1 + len(it.more) }

// batch is one call to Feishu.
type batch struct {
	// These never change once it is stored.
	id, token string
	seq       int64
	op        Op // create, update or delete
	items     []item

	// Outbox.mu guards the state; the rest belongs to the lane's goroutine while it is sending, else to Outbox.mu. first, uncertain and
	// unknown change under Outbox.mu also then: the lane may be loaded meanwhile, and learn looks at what is pending.
	state     BatchState
	first     time.Time       // creates: of the first sending, or before; zero if it was not sent, or long ago
	witnessed bool            // entries of other batches need to know what it has made
	said      *problem.Feishu // the last error that Feishu answered to it; nil if it answered none
	uncertain bool            // was sent by an earlier run or try, as far as is known: it may have been carried out
	early     bool            // was made ready while the batch before it was under way, and is not to be sent after all
	overtaken bool            // a later batch wrote to the same record or key while this one was pending
	deferred  time.Time       // since when it is deferred; zero if it is not
	unknown   time.Time       // since when its outcome cannot be found out; zero if it can
}

// lead is an entry of the batch that stands for what all have in common: table, credential and options.
func (b *batch) lead() *entry { return b.items[0].entry }

// entries are the entries of the batch, each once, in order of appearance.
func (b *batch) entries() []*entry { return entriesOf(b.items) }

func entriesOf(items []item) []*entry {
	var list []*entry
	seen := make(map[*entry]bool)
	for i := range items {
		if e := items[i].entry; (len(list) == 0 || list[len(list)-1] != e) && !seen[e] {
			seen[e] = true
			list = append(list, e)
		}
	}
	return list
}

// stored is the batch as the store keeps it.
func (r *runner) storedBatch(l *lane, b *batch) Batch {
	p := plan{Op: b.op}
	if b.lead().sub.Op == OpUpsert {
		p.Items = make([]planItem, len(b.items))
		for i := range b.items {
			it := &b.items[i]
			p.Items[i] = planItem{Entry: it.entry.id, Rows: append([]int{it.pos}, it.more...), Record: it.id}
		}
	} else {
		p.Parts = partsOf(b.items)
	}
	for i := range b.items {
		it := &b.items[i]
		for n, c := range it.left {
			p.Left = append(p.Left, planCell{Item: i, Row: c.pos, Column: c.column, Tried: n >= len(it.left)-it.tried})
		}
	}
	entries := b.entries()
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.id
	}
	return Batch{
		ID: b.id, Lane: l.id, Seq: b.seq, ClientToken: b.token, Entries: ids,
		StartedAt: time.Now().UTC().Truncate(time.Millisecond), Plan: r.journal.sealJSON(sealPlan, p),
	}
}

// partsOf writes items as runs of consecutive rows.
func partsOf(items []item) []Part {
	var parts []Part
	for i := range items {
		it := &items[i]
		if n := len(parts); n > 0 && parts[n-1].Entry == it.entry.id && parts[n-1].To == it.pos {
			parts[n-1].To++
			continue
		}
		parts = append(parts, Part{Entry: it.entry.id, From: it.pos, To: it.pos + 1})
	}
	return parts
}

// call makes the batch's call once.
func (r *runner) call(ctx context.Context, b *batch) ([]string, error) {
	sub := b.lead().sub
	for _, e := range b.entries() {
		e.calls.Add(1)
	}
	switch b.op {
	case OpCreate:
		r.mu.Lock()
		if b.first.IsZero() && !b.uncertain {
			b.first = time.Now()
		}
		r.mu.Unlock()
		opts := sub.Write
		opts.ClientToken = b.token
		rows := make([]feishu.Fields, len(b.items))
		for i := range b.items {
			rows[i] = b.items[i].fields
		}
		return r.opts.Writer.BatchCreate(ctx, sub.Table, rows, opts)
	case OpUpdate:
		opts := sub.Write
		opts.ClientToken = ""
		rows := make([]feishu.RecordUpdate, len(b.items))
		for i := range b.items {
			rows[i] = feishu.RecordUpdate{ID: b.items[i].id, Fields: b.items[i].sent()}
		}
		return nil, r.opts.Writer.BatchUpdate(ctx, sub.Table, rows, opts)
	case OpDelete:
		return nil, r.opts.Writer.BatchDelete(ctx, sub.Table, b.recordIDs())
	case OpUpsert, opPause, opCancel:
	}
	panic("outbox: a batch creates, updates or deletes")
}

// bytes is what the body of the call takes up, about.
func (b *batch) bytes() int64 {
	n := 0
	for i := range b.items {
		n += len(b.items[i].fields) + len(b.items[i].id)
	}
	return int64(n)
}

func (b *batch) recordIDs() []string {
	ids := make([]string, len(b.items))
	for i := range b.items {
		ids[i] = b.items[i].id
	}
	return ids
}

// written is the status of an item that the batch carried out.
func (b *batch) written() RowStatus {
	switch b.op {
	case OpCreate:
		return Created
	case OpUpdate:
		return Updated
	case OpDelete:
		return Deleted
	case OpUpsert, opPause, opCancel:
	}
	panic("outbox: a batch creates, updates or deletes")
}

// maxRows is Feishu's limit of rows in one call.
func maxRows(op Op) int {
	switch op {
	case OpUpdate, OpUpsert:
		return feishu.MaxBatchUpdate
	case OpDelete:
		return feishu.MaxBatchDelete
	case OpCreate, opPause, opCancel:
	}
	return feishu.MaxBatchCreate
}
