package sandbox

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// app is a Feishu app and its tokens.
type app struct {
	id   string
	spec atomic.Pointer[AppSpec]

	mu      sync.Mutex
	current token // the token that the endpoint hands out while it has 30 minutes left
}

type token struct {
	value   string
	expires time.Time
}

// base holds its tables' data under one lock, because links reach across tables. The lock is held for the moment of a
// commit or a read, never during latency.
type base struct {
	spec BaseSpec
	zone *time.Location
	gate gate // the write rule at base scope

	mu       sync.RWMutex
	name     string
	tables   map[string]*table
	order    []*table
	revision int
}

type table struct {
	id       string
	name     string
	revision int
	created  time.Time
	byAPI    bool // made over the API: creation lag holds
	synced   bool
	fields   []*field
	byName   map[string]*field
	slots    int // cells of a row; a deleted field's slot is not used again
	views    []view
	serial   int64 // of auto numbers
	gate     gate  // the write rule at table scope

	rows    map[string]*row
	order   []*row              // by seq; deleted rows stay until a compaction
	deleted int                 // rows of order that are deleted
	graves  map[string]struct{} // ids that once were; links to them are not shown
	seq     int64

	last lastWrite
}

// lastWrite is the table's latest update or delete, for 1254608.
type lastWrite struct {
	hash [32]byte
	at   time.Time
}

type view struct {
	ID   string `json:"view_id"`
	Name string `json:"view_name"`
	Type string `json:"view_type"`
	// Level is always Public: the sandbox knows no personal views.
	Level string `json:"view_public_level"`
}

// seedApp stands for the maker of rows that no call made.
const seedApp = "seed"

// row is one record. cells[field.slot] is the stored value, nil when empty. cells is replaced, never changed in place.
type row struct {
	id        string
	seq       int64
	serial    int64
	cells     []any
	created   time.Time
	modified  time.Time
	createdBy string // app id
	changedBy string
	call      int64 // the journal number of the call that made it; 0 for a seeded row
	gone      bool
}

func (b *base) insert(t *table) {
	b.tables[t.id] = t
	b.order = append(b.order, t)
	b.revision++
}

func (b *base) remove(t *table) {
	delete(b.tables, t.id)
	b.order = slices.DeleteFunc(b.order, func(x *table) bool { return x == t })
	b.revision++
}

func (t *table) live() int { return len(t.rows) }

// append adds a row in O(1); the caller holds the base's lock.
func (t *table) append(r *row) {
	t.seq++
	r.seq = t.seq
	t.rows[r.id] = r
	t.order = append(t.order, r)
}

// addBlankRows adds n rows without a value, as a seed does; the caller holds the base's lock.
func (t *table) addBlankRows(s *store, n int) {
	now := time.Now()
	for range n {
		t.serial++
		t.append(&row{
			id: s.newID("rec"), serial: t.serial, cells: make([]any, t.slots), created: now, modified: now, createdBy: seedApp, changedBy: seedApp,
		})
	}
	t.revision++
}

// remove deletes a row; order is compacted once half of it is gone.
func (t *table) remove(r *row) {
	r.gone = true
	delete(t.rows, r.id)
	t.graves[r.id] = struct{}{}
	t.deleted++
	if t.deleted > 64 && t.deleted > len(t.order)/2 {
		t.order = slices.DeleteFunc(t.order, func(x *row) bool { return x.gone })
		t.deleted = 0
	}
}

// after returns the rows that follow the one with sequence number seq.
func (t *table) after(seq int64) []*row {
	at, _ := slices.BinarySearchFunc(t.order, seq+1, func(r *row, want int64) int { return int(r.seq - want) })
	return t.order[at:]
}

func (t *table) primary() *field { return t.fields[0] }

func (t *table) fieldByID(id string) *field {
	for _, f := range t.fields {
		if f.id == id {
			return f
		}
	}
	return nil
}

func (t *table) addField(f *field) {
	f.slot = t.slots
	t.slots++
	t.fields = append(t.fields, f)
	t.byName[f.name] = f
}

// cell returns the value of a row in a column, nil when empty; rows older than the column have no slot for it.
func (r *row) cell(f *field) any {
	if f.slot < len(r.cells) {
		return r.cells[f.slot]
	}
	return nil
}

// gate is "one write at a time" over a table or a base.
type gate struct {
	mu    sync.Mutex
	busy  bool
	until time.Time     // a finished write still excludes others until then
	free  chan struct{} // closed when the running write ends; only while busy
}

// enter takes the gate; it returns false at once when a write is running, or, with queue, waits for it (false only when done closes).
func (g *gate) enter(queue bool, done <-chan struct{}) bool {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		if !g.busy && wait <= 0 {
			g.busy, g.free = true, make(chan struct{})
			g.mu.Unlock()
			return true
		}
		free := g.free
		if !g.busy {
			free = nil
		}
		g.mu.Unlock()
		if !queue {
			return false
		}
		if free != nil {
			select {
			case <-free:
			case <-done:
				return false
			}
			continue
		}
		if !pause(wait, done) {
			return false
		}
	}
}

func (g *gate) leave(window time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy = false
	if window > 0 {
		g.until = time.Now().Add(window)
	}
	close(g.free)
}

// pause waits for d; false when done closes first.
func pause(d time.Duration, done <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
