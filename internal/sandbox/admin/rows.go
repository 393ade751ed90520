package admin

import (
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/record"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Files returns what was uploaded, in order.
func (a *Admin) Files() []state.File { return a.store.Files.List() }

// Row is a record as it is stored.
type Row struct {
	ID      string         `json:"record_id"`
	Write   map[string]any `json:"write"` // values in the write shape: what a create of this row would send
	Read    map[string]any `json:"read"`  // values in the read shape of search, people by open_id
	Created time.Time      `json:"created"`
	// Call is the journal number of the call that created it; 0 for a seeded row.
	Call int64 `json:"call"`
}

// Rows returns a table's records in order of creation.
func (a *Admin) Rows(appToken, tableID string) ([]Row, error) {
	b, t, err := a.lookup(appToken, tableID)
	if err != nil {
		return nil, err
	}
	b.RLock()
	defer b.RUnlock()
	out := make([]Row, 0, t.Count())
	for _, rec := range t.Order {
		if rec.Gone {
			continue
		}
		write, read := record.Shapes(b, t, rec)
		out = append(out, Row{rec.ID, write, read, rec.Created, rec.Call})
	}
	return out, nil
}

// RowCount returns how many records a table has; 0 for one that is not there.
func (a *Admin) RowCount(appToken, tableID string) int {
	b, t, err := a.lookup(appToken, tableID)
	if err != nil {
		return 0
	}
	b.RLock()
	defer b.RUnlock()
	return t.Count()
}

// CountBy returns how many records hold each value of a column, as plain text; "" counts the empty ones. The column holds
// single values (text, number, date, checkbox, url, single select): lists count as "". A history checker reads from it which rows
// landed twice or not at all, without the rows.
func (a *Admin) CountBy(appToken, tableID, column string) (map[string]int, error) {
	b, t, err := a.lookup(appToken, tableID)
	if err != nil {
		return nil, err
	}
	b.RLock()
	defer b.RUnlock()
	f := t.ByName[column]
	if f == nil {
		return nil, fmt.Errorf("table %s has no column %q", tableID, column)
	}
	counts := map[string]int{}
	for _, rec := range t.Rows {
		counts[record.PlainText(rec.Cell(f))]++
	}
	return counts, nil
}

func (a *Admin) lookup(appToken, tableID string) (*state.Base, *state.Table, error) {
	b := a.store.Base(appToken)
	if b == nil {
		return nil, nil, fmt.Errorf("no base %s", appToken)
	}
	b.RLock()
	t := b.Tables[tableID]
	b.RUnlock()
	if t == nil {
		return nil, nil, fmt.Errorf("base %s has no table %s", appToken, tableID)
	}
	return b, t, nil
}

// Verify checks the invariants of the stored data: rows ordered and indexed, options known, duplex links the same from both sides, no
// two bases' records under one id. It returns the first violation.
func (a *Admin) Verify() error { return a.store.Verify() }
