package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// Row is a record as it lies in the table.
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
	b.mu.RLock()
	defer b.mu.RUnlock()
	r := &reader{base: b, table: t, idType: "open_id"}
	out := make([]Row, 0, t.live())
	for _, rec := range t.order {
		if rec.gone {
			continue
		}
		write := make(map[string]any, len(t.fields))
		for _, f := range t.fields {
			if v := written(f, rec.cell(f)); v != nil {
				write[f.name] = v
			}
		}
		out = append(out, Row{rec.id, write, r.shown(rec), rec.created, rec.call})
	}
	return out, nil
}

// RowCount returns how many records a table has; 0 for one that is not there.
func (a *Admin) RowCount(appToken, tableID string) int {
	b, t, err := a.lookup(appToken, tableID)
	if err != nil {
		return 0
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return t.live()
}

// CountBy returns how many records hold each value of a column, as plain text; "" counts the empty ones. The column holds
// single values (text, number, date, checkbox, url, single select): lists count as "". A history checker reads from it which rows
// landed twice or not at all, without the rows.
func (a *Admin) CountBy(appToken, tableID, column string) (map[string]int, error) {
	b, t, err := a.lookup(appToken, tableID)
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	f := t.byName[column]
	if f == nil {
		return nil, fmt.Errorf("table %s has no column %q", tableID, column)
	}
	counts := map[string]int{}
	for _, rec := range t.rows {
		counts[plain(rec.cell(f))]++
	}
	return counts, nil
}

func (a *Admin) lookup(appToken, tableID string) (*base, *table, error) {
	b := a.store.base(appToken)
	if b == nil {
		return nil, nil, fmt.Errorf("no base %s", appToken)
	}
	b.mu.RLock()
	t := b.tables[tableID]
	b.mu.RUnlock()
	if t == nil {
		return nil, nil, fmt.Errorf("base %s has no table %s", appToken, tableID)
	}
	return b, t, nil
}

// Base returns the handle of a seeded or created base; false if there is none.
func (a *Admin) Base(appToken string) (*Base, bool) {
	b := a.store.base(appToken)
	return &Base{a, b}, b != nil
}

// Verify checks what must hold whatever happened: rows ordered and indexed, options known, duplex links the same from both sides, no
// two bases' records under one id. It returns the first violation.
func (a *Admin) Verify() error { return a.store.verify() }

// verify is Verify.
func (s *store) verify() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	seen := map[string]bool{}
	for _, b := range s.bases {
		b.mu.RLock()
		for _, t := range b.order {
			if err := t.verify(b, seen); err != nil {
				b.mu.RUnlock()
				return fmt.Errorf("base %s, table %s: %w", b.spec.Token, t.id, err)
			}
		}
		b.mu.RUnlock()
	}
	return nil
}

func (t *table) verify(b *base, seen map[string]bool) error {
	owner := map[*option]*field{}
	for _, f := range t.fields {
		for _, o := range f.options {
			owner[o] = f
		}
	}
	live, last := 0, int64(0)
	for _, rec := range t.order {
		switch {
		case rec.seq <= last:
			return fmt.Errorf("row %s is out of order", rec.id)
		case rec.gone:
			last = rec.seq
			continue
		case t.rows[rec.id] != rec:
			return fmt.Errorf("row %s is not indexed", rec.id)
		case seen[rec.id]:
			return fmt.Errorf("row %s exists twice", rec.id)
		}
		seen[rec.id], last = true, rec.seq
		live++
		for _, f := range t.fields {
			if err := t.verifyCell(b, rec, f, owner); err != nil {
				return fmt.Errorf("row %s, column %q: %w", rec.id, f.name, err)
			}
		}
	}
	if live != len(t.rows) {
		return fmt.Errorf("%d rows in order, %d indexed", live, len(t.rows))
	}
	return nil
}

func (t *table) verifyCell(b *base, rec *row, f *field, owner map[*option]*field) error {
	switch v := rec.cell(f).(type) {
	case *option:
		if owner[v] != f {
			return fmt.Errorf("option %s is not the column's", v.ID)
		}
	case []*option:
		if i := slices.IndexFunc(v, func(o *option) bool { return owner[o] != f }); i >= 0 {
			return fmt.Errorf("option %s is not the column's", v[i].ID)
		}
	case []string:
		target := b.tables[f.target]
		if f.typ != typeDuplex || target == nil {
			return nil
		}
		back := target.fieldByID(f.back)
		for _, id := range v {
			other := target.rows[id]
			if other == nil || back == nil {
				continue
			}
			if !slices.Contains(linksIn(other.cells, back), rec.id) {
				return fmt.Errorf("%s does not link back", id)
			}
		}
	}
	return nil
}
