package state

import (
	"fmt"
	"slices"
)

// Verify checks the invariants of all bases and returns the first violation.
func (s *Store) Verify() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	seen := map[string]bool{}
	for _, b := range s.bases {
		b.RLock()
		for _, t := range b.Order {
			if err := t.Verify(b, seen); err != nil {
				b.RUnlock()
				return fmt.Errorf("base %s, table %s: %w", b.Spec.Token, t.ID, err)
			}
		}
		b.RUnlock()
	}
	return nil
}

// Verify checks one table of b; seen has the record ids of the tables before it and gets those of this one.
func (t *Table) Verify(b *Base, seen map[string]bool) error {
	owner := map[*Option]*Field{}
	for _, f := range t.Fields {
		for _, o := range f.Options {
			owner[o] = f
		}
	}
	live, last := 0, int64(0)
	for _, rec := range t.Order {
		switch {
		case rec.Seq <= last:
			return fmt.Errorf("row %s is out of order", rec.ID)
		case rec.Gone:
			last = rec.Seq
			continue
		case t.Rows[rec.ID] != rec:
			return fmt.Errorf("row %s is not indexed", rec.ID)
		case seen[rec.ID]:
			return fmt.Errorf("row %s exists twice", rec.ID)
		}
		seen[rec.ID], last = true, rec.Seq
		live++
		for _, f := range t.Fields {
			if err := t.verifyCell(b, rec, f, owner); err != nil {
				return fmt.Errorf("row %s, column %q: %w", rec.ID, f.Name, err)
			}
		}
	}
	if live != len(t.Rows) {
		return fmt.Errorf("%d rows in order, %d indexed", live, len(t.Rows))
	}
	return nil
}

func (t *Table) verifyCell(b *Base, rec *Row, f *Field, owner map[*Option]*Field) error {
	switch v := rec.Cell(f).(type) {
	case *Option:
		if owner[v] != f {
			return fmt.Errorf("option %s is not the column's", v.ID)
		}
	case []*Option:
		if i := slices.IndexFunc(v, func(o *Option) bool { return owner[o] != f }); i >= 0 {
			return fmt.Errorf("option %s is not the column's", v[i].ID)
		}
	case []string:
		target := b.Tables[f.Target]
		if f.Type != TypeDuplex || target == nil {
			return nil
		}
		back := target.FieldByID(f.Back)
		for _, id := range v {
			other := target.Rows[id]
			if other == nil || back == nil {
				continue
			}
			if !slices.Contains(LinksIn(other.Cells, back), rec.ID) {
				return fmt.Errorf("%s does not link back", id)
			}
		}
	}
	return nil
}
