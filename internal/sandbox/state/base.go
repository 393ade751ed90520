package state

import (
	"slices"
	"sync"
	"time"
)

// Base is a base (多维表格 app). Its lock guards all that follows it here and everything in its tables, columns and rows, because links
// reach across tables. It is held for the moment of a commit or a read, never during latency.
type Base struct {
	Spec BaseSpec
	Zone *time.Location
	Lane WriteLane // one write at a time in the whole base

	sync.RWMutex
	Name     string
	Tables   map[string]*Table
	Order    []*Table
	Revision int
}

// Table is a table of a base, guarded by the lock of the base.
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
	Serial   int64     // of auto numbers
	Lane     WriteLane // one write at a time in this table; it has a lock of its own

	Rows       map[string]*Row
	Order      []*Row              // by seq; deleted rows stay until a compaction
	deleted    int                 // rows of order that are deleted
	DeletedIDs map[string]struct{} // ids that once were; links to them are not shown
	seq        int64

	Last LastWrite
}

// View is a view of a table, in the shape that the API shows.
type View struct {
	ID   string `json:"view_id"`
	Name string `json:"view_name"`
	Type string `json:"view_type"`
	// Level is always Public: the sandbox knows no personal views.
	Level string `json:"view_public_level"`
	// Property is what the view shows; nil: it never got one.
	Property *ViewProperty `json:"property,omitempty"`
}

// ViewProperty is which rows and columns a view shows. A change sends the members that change; the sandbox hides no columns.
type ViewProperty struct {
	Filter    *ViewFilter    `json:"filter_info"`
	Hidden    []string       `json:"hidden_fields"`
	Hierarchy *ViewHierarchy `json:"hierarchy_config"`
}

// ViewFilter is the filter of a view: one level of conditions.
type ViewFilter struct {
	Conjunction string          `json:"conjunction"`
	Conditions  []ViewCondition `json:"conditions"`
	Omitted     *bool           `json:"condition_omitted"`
}

// ViewCondition is one condition of a view's filter. Value is the JSON text of a list of texts.
type ViewCondition struct {
	ID        string `json:"condition_id,omitempty"`
	FieldID   string `json:"field_id"`
	FieldType int    `json:"field_type,omitempty"`
	Operator  string `json:"operator"`
	Value     string `json:"value,omitempty"`
}

// ViewHierarchy names the column by which a grid nests its rows.
type ViewHierarchy struct {
	FieldID string `json:"field_id"`
}

// Insert adds a table; the caller holds the lock.
func (b *Base) Insert(t *Table) {
	b.Tables[t.ID] = t
	b.Order = append(b.Order, t)
	b.Revision++
}

// Remove deletes a table; the caller holds the lock.
func (b *Base) Remove(t *Table) {
	delete(b.Tables, t.ID)
	b.Order = slices.DeleteFunc(b.Order, func(x *Table) bool { return x == t })
	b.Revision++
}
