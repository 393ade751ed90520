package state

import (
	"slices"
	"sync"
	"time"
)

// Base holds its tables' data under one lock, because links reach across tables. The lock is held for the moment of a
// commit or a read, never during latency.
type Base struct {
	Spec BaseSpec
	Zone *time.Location
	Gate Gate // the write rule at base scope

	Mu       sync.RWMutex
	Name     string
	Tables   map[string]*Table
	Order    []*Table
	Revision int
}

type Table struct {
	ID       string
	Name     string
	Revision int
	Created  time.Time
	ByAPI    bool // made over the API: creation lag holds
	Synced   bool
	Fields   []*Field
	ByName   map[string]*Field
	Slots    int // cells of a row; a deleted field's slot is not used again
	Views    []View
	Serial   int64 // of auto numbers
	Gate     Gate  // the write rule at table scope

	Rows       map[string]*Row
	Order      []*Row              // by seq; deleted rows stay until a compaction
	deleted    int                 // rows of order that are deleted
	DeletedIDs map[string]struct{} // ids that once were; links to them are not shown
	seq        int64

	Last LastWrite
}

type View struct {
	ID   string `json:"view_id"`
	Name string `json:"view_name"`
	Type string `json:"view_type"`
	// Level is always Public: the sandbox knows no personal views.
	Level string `json:"view_public_level"`
}

func (b *Base) Insert(t *Table) {
	b.Tables[t.ID] = t
	b.Order = append(b.Order, t)
	b.Revision++
}

func (b *Base) Remove(t *Table) {
	delete(b.Tables, t.ID)
	b.Order = slices.DeleteFunc(b.Order, func(x *Table) bool { return x == t })
	b.Revision++
}
