package state

import (
	"slices"
	"time"
)

// SeedApp is the app id in rows that no call created.
const SeedApp = "seed"

// Row is one record, guarded by the lock of the base. Cells[Field.Slot] is the stored value, nil when empty. Cells is replaced, never
// changed in place.
type Row struct {
	ID        string
	Seq       int64 // place in the table: it grows
	Serial    int64 // auto number
	Cells     []any
	Created   time.Time
	Modified  time.Time
	CreatedBy string // app id
	ChangedBy string
	Call      int64 // the journal number of the call that made it; 0 for a seeded row
	Gone      bool  // deleted

	past []version // what the row was before its latest changes, oldest first; at most maxPast
}

// version is a row's cells until a change.
type version struct {
	until     time.Time
	cells     []any
	modified  time.Time
	changedBy string
}

// maxPast bounds the versions that a row keeps for a search that lags.
const maxPast = 8

// Replace gives the row new cells and remembers the old ones for AsOf; the caller holds the base's lock.
func (r *Row) Replace(cells []any, now time.Time, by string) {
	r.remember(now)
	r.Cells, r.Modified, r.ChangedBy = cells, now, by
}

func (r *Row) remember(now time.Time) {
	if len(r.past) == maxPast {
		r.past = slices.Delete(r.past, 0, 1)
	}
	r.past = append(r.past, version{now, r.Cells, r.Modified, r.ChangedBy})
}

// AsOf is the row as it was at that time: nil when it did not exist, not Gone when it was deleted later. It is exact within the row's
// last maxPast changes; the caller holds the base's lock.
func (r *Row) AsOf(at time.Time) *Row {
	if r.Created.After(at) {
		return nil
	}
	for _, was := range r.past {
		if was.until.After(at) {
			old := *r
			old.Cells, old.Modified, old.ChangedBy, old.Gone = was.cells, was.modified, was.changedBy, false
			return &old
		}
	}
	return r
}

// Count is the number of rows.
func (t *Table) Count() int { return len(t.Rows) }

// Append adds a row in O(1); the caller holds the base's lock.
func (t *Table) Append(r *Row) {
	t.seq++
	r.Seq = t.seq
	t.Rows[r.ID] = r
	t.Order = append(t.Order, r)
}

// AddBlankRows adds n rows without a value, as a seed does; the caller holds the base's lock.
func (t *Table) AddBlankRows(s *Store, n int) {
	now := time.Now()
	for range n {
		t.Serial++
		t.Append(&Row{
			ID: s.NewID("rec"), Serial: t.Serial, Cells: make([]any, t.Slots), Created: now, Modified: now, CreatedBy: SeedApp, ChangedBy: SeedApp,
		})
	}
	t.Revision++
}

// Remove deletes a row; order is compacted once half of it is gone.
func (t *Table) Remove(r *Row) {
	r.remember(time.Now())
	r.Gone = true
	delete(t.Rows, r.ID)
	t.DeletedIDs[r.ID] = struct{}{}
	t.deleted++
	if t.deleted > 64 && t.deleted > len(t.Order)/2 {
		t.Order = slices.DeleteFunc(t.Order, func(x *Row) bool { return x.Gone })
		t.deleted = 0
	}
}

// After returns the rows that follow the one with sequence number seq.
func (t *Table) After(seq int64) []*Row {
	at, _ := slices.BinarySearchFunc(t.Order, seq+1, func(r *Row, want int64) int { return int(r.Seq - want) })
	return t.Order[at:]
}

// Cell returns the value of a row in a column, nil when empty; rows older than the column have no slot for it.
func (r *Row) Cell(f *Field) any {
	if f.Slot < len(r.Cells) {
		return r.Cells[f.Slot]
	}
	return nil
}

// LinksIn returns the record ids that a row's cells hold in link column f.
func LinksIn(cells []any, f *Field) []string {
	if f.Slot >= len(cells) {
		return nil
	}
	links, _ := cells[f.Slot].([]string)
	return links
}

// SetLink adds or removes the link from the row id to other in column f.
func (t *Table) SetLink(id string, f *Field, other string, on bool) {
	r := t.Rows[id]
	if r == nil {
		return
	}
	links := slices.Clone(LinksIn(r.Cells, f))
	switch {
	case on && !slices.Contains(links, other):
		links = append(links, other)
	case !on:
		links = slices.DeleteFunc(links, func(s string) bool { return s == other })
	}
	cells := make([]any, t.Slots)
	copy(cells, r.Cells)
	cells[f.Slot] = nil
	if len(links) > 0 {
		cells[f.Slot] = links
	}
	r.Cells = cells
}

// LastWrite is the table's latest update or delete, for 1254608.
type LastWrite struct {
	Hash [32]byte
	At   time.Time
}

// Newest returns up to n rows, the newest first; the caller holds the base's lock.
func (t *Table) Newest(n int) []*Row {
	newest := make([]*Row, 0, min(n, len(t.Rows)))
	for _, r := range slices.Backward(t.Order) {
		if len(newest) == n {
			break
		}
		if !r.Gone {
			newest = append(newest, r)
		}
	}
	return newest
}
