package outbox

import "time"

// What an entry is counted as in memory, in bytes, beside the bytes of its rows.
const (
	EntryMemory  = 2 << 10 // of an entry, whether its rows are in memory or not
	rowMemory    = 256     // of a row: its places in the submission, the queue, a call and the answer
	columnMemory = 128     // of a column of the table: an entry that was read from the store has its own
)

// MemoryOf is what a write of so many rows is counted as beside the bytes of its rows, about.
func MemoryOf(rows int64) int64 { return EntryMemory + rows*rowMemory }

// Memory bounds the rows in memory, in bytes. Rows of stored entries are read from the store when their turn comes; a larger entry than
// either bound is in memory alone.
type Memory struct {
	Waiting int64 // of entries that are not stored: past it a submission is refused as overloaded, unless it is a job
	Near    int64 // of stored entries: past it they stay in the store until others are done
}

// DefaultMemory is ample for a machine whose memory nobody has measured.
var DefaultMemory = Memory{Waiting: 64 << 20, Near: 64 << 20}

// A tenant may take up this much of a bound, so that there is room for others.
const (
	shareOf = 3
	shareIn = 4
)

// pool counts the memory of the rows of some entries. It is guarded by Outbox.mu.
type pool struct {
	limit, used int64
	tenants     map[string]int64
	over        *entry // the one entry that is in memory beyond the limit
}

func newPool(limit int64) *pool { return &pool{limit: limit, tenants: make(map[string]int64)} }

// fits reports whether there is room for n more bytes of a tenant: within its share, or all of the pool for the first.
func (p *pool) fits(tenant string, n int64) bool {
	mine := p.tenants[tenant]
	return p.used == 0 || p.used+n <= p.limit && (mine == 0 || mine+n <= p.limit*shareOf/shareIn)
}

// take counts e in if it fits, or if its tenant has nothing in the pool and no other entry is beyond the limit.
func (p *pool) take(e *entry) bool {
	if p.fits(e.tenant, e.memory) && e.memory <= p.limit {
		p.add(e)
		return true
	}
	if p.over != nil || p.tenants[e.tenant] > 0 {
		return false
	}
	p.over, e.pool = e, p
	return true
}

// add counts e in, whether it fits or not. One that is not stored also has its sealed payload.
func (p *pool) add(e *entry) {
	e.pool, e.counted = p, e.memory
	if !e.journaled {
		e.counted += int64(e.bytes)
	}
	p.used += e.counted
	p.tenants[e.tenant] += e.counted
}

func (p *pool) remove(e *entry) {
	e.pool = nil
	if p.over == e {
		p.over = nil
		return
	}
	p.used -= e.counted
	if p.tenants[e.tenant] -= e.counted; p.tenants[e.tenant] == 0 {
		delete(p.tenants, e.tenant)
	}
}

// letGo counts e out of memory; mu is held.
func (c *core) letGo(e *entry) {
	if e.pool == nil {
		return
	}
	freed := e.pool
	freed.remove(e)
	if freed == c.near && c.freed != nil {
		c.freed()
	}
}

// shed drops the rows of e from memory: the store has them. Only an entry of which nothing is under way may be shed. mu is held.
func (c *core) shed(e *entry) {
	if !e.shed() {
		return
	}
	c.letGo(e)
}

// shed drops the rows, and with an entry of which nothing was sent also what was known of each; false if they are needed.
func (e *entry) shed() bool {
	if e.far || !e.journaled || e.payload != nil || e.out > 0 || len(e.unknown) > 0 {
		return false
	}
	rest := *e.sub
	rest.Rows, rest.Fields, rest.NewOptions = nil, nil, nil
	if e.untouched() {
		rest.Memo, e.rows, e.todo = nil, nil, nil
	}
	e.sub, e.options, e.far = &rest, nil, true
	return true
}

// untouched reports whether nothing of e was ever sent or decided.
func (e *entry) untouched() bool {
	return e.open == e.size && e.waits() == e.size && e.stop == nil && e.mark == "" && !e.tokenUsed && e.deferred.IsZero()
}

// waits counts the rows that wait in the lane.
func (e *entry) waits() int {
	if e.far && e.rows == nil {
		return e.size
	}
	return len(e.todo)
}

// regain gives e the rows that it was shed of, as another that was read from the store has them.
func (e *entry) regain(read *entry) {
	e.sub, e.options, e.far = read.sub, read.options, false
	if e.rows == nil {
		e.resetRows()
	}
}

// adopt makes the rows of e those of another that was read from the store.
func (e *entry) adopt(read *entry) {
	e.sub, e.options, e.far = read.sub, read.options, read.far
	e.rows, e.todo, e.open, e.out, e.unknown = read.rows, read.todo, read.open, read.out, read.unknown
	e.stop, e.said, e.mark, e.deferred, e.tokenUsed, e.batches = nil, nil, "", time.Time{}, false, read.batches
}
