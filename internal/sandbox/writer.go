package sandbox

import (
	"slices"
	"time"
)

// writer collects the changes of one call to one table and applies them all at once, or not at all: create, update and remove only
// check; commit changes. The caller holds the base's lock from newWriter to commit.
type writer struct {
	store  *store
	opts   *Options
	base   *base
	table  *table
	appID  string
	idType string
	call   int64
	now    time.Time

	options map[*field][]*option
	created []*row
	changed []*change
	pending map[*row]*change
	removed []*row
	cells   int
}

// change is a row and its cells after commit.
type change struct {
	row   *row
	cells []any
}

func newWriter(s *store, opts *Options, b *base, t *table, appID, idType string) *writer {
	return &writer{
		store: s, opts: opts, base: b, table: t, appID: appID, idType: idType, now: time.Now(),
		options: map[*field][]*option{}, pending: map[*row]*change{},
	}
}

// create checks a new row and returns its id and the echo of its fields.
func (w *writer) create(fields map[string]any) (id string, echo map[string]any, bad *failure) {
	if limit := w.opts.RecordLimit; limit > 0 && w.table.live()+len(w.created) >= limit {
		return "", nil, fail(1254103)
	}
	cells := make([]any, w.table.slots)
	echo, bad = w.fill(cells, fields)
	if bad != nil {
		return "", nil, bad
	}
	r := &row{
		id: w.store.newID("rec"), cells: cells, created: w.now, modified: w.now,
		createdBy: w.appID, changedBy: w.appID, call: w.call,
	}
	w.created = append(w.created, r)
	return r.id, echo, nil
}

// update checks new values for an existing row; columns that are not named keep theirs.
func (w *writer) update(id string, fields map[string]any) (echo map[string]any, bad *failure) {
	r, bad := w.find(id)
	if bad != nil {
		return nil, bad
	}
	c := w.pending[r]
	if c == nil {
		c = &change{r, make([]any, w.table.slots)}
		copy(c.cells, r.cells)
		w.pending[r] = c
		w.changed = append(w.changed, c)
	}
	return w.fill(c.cells, fields)
}

// remove checks that a row is there; naming it twice is removing it once.
func (w *writer) remove(id string) *failure {
	r, bad := w.find(id)
	if bad == nil && !slices.Contains(w.removed, r) {
		w.removed = append(w.removed, r)
	}
	return bad
}

func (w *writer) find(id string) (*row, *failure) {
	if !recordIDShape.MatchString(id) {
		return nil, fail(1254006)
	}
	if r := w.table.rows[id]; r != nil {
		return r, nil
	}
	return nil, fail(1254043)
}

// fill converts fields into cells, in column order, and returns the echo. An unknown column comes first, the least by name.
func (w *writer) fill(cells []any, fields map[string]any) (map[string]any, *failure) {
	if w.cells += len(fields); w.opts.CellLimit > 0 && w.cells > w.opts.CellLimit {
		return nil, fail(1254130)
	}
	columns := make(map[*field]string, len(fields))
	unknown, found := "", false
	for name := range fields {
		f := w.column(name)
		if f == nil {
			if !found || name < unknown {
				unknown, found = name, true
			}
			continue
		}
		columns[f] = name
	}
	if found {
		return nil, invalid(1254045, "fields."+unknown, "field_name not found")
	}
	echo := make(map[string]any, len(fields))
	for _, f := range w.table.fields {
		name, given := columns[f]
		if !given {
			continue
		}
		stored, shown, bad := w.convert(f, fields[name])
		if bad != nil {
			return nil, bad
		}
		cells[f.slot] = stored
		if shown != nil {
			echo[name] = shown
		}
	}
	return echo, nil
}

func (w *writer) column(name string) *field {
	f := w.table.byName[name]
	if f == nil && w.opts.FieldIDKeys {
		f = w.table.fieldByID(name)
	}
	if f != nil && f.byAPI && time.Since(f.created) < w.opts.CreationLag {
		return nil
	}
	return f
}

// commit applies everything that was checked.
func (w *writer) commit() {
	for f, options := range w.options {
		for _, o := range options {
			f.addOption(o)
		}
	}
	for _, r := range w.created {
		w.table.serial++
		r.serial = w.table.serial
		w.table.append(r)
		w.linkBack(r, nil, r.cells)
	}
	for _, c := range w.changed {
		before := c.row.cells
		c.row.cells, c.row.modified, c.row.changedBy = c.cells, w.now, w.appID
		w.linkBack(c.row, before, c.cells)
	}
	for _, r := range w.removed {
		w.table.remove(r)
	}
	w.table.revision++
	w.base.revision++
}

// linkBack keeps the other side of duplex links in step.
func (w *writer) linkBack(r *row, before, after []any) {
	for _, f := range w.table.fields {
		if f.typ != typeDuplex {
			continue
		}
		target := w.base.tables[f.target]
		if target == nil {
			continue
		}
		back := target.fieldByID(f.back)
		if back == nil {
			continue
		}
		was, is := linksIn(before, f), linksIn(after, f)
		for _, id := range was {
			if !slices.Contains(is, id) {
				target.setLink(id, back, r.id, false)
			}
		}
		for _, id := range is {
			if !slices.Contains(was, id) {
				target.setLink(id, back, r.id, true)
			}
		}
	}
}

func linksIn(cells []any, f *field) []string {
	if f.slot >= len(cells) {
		return nil
	}
	links, _ := cells[f.slot].([]string)
	return links
}

// setLink adds or removes the link from the row id to other in column f.
func (t *table) setLink(id string, f *field, other string, on bool) {
	r := t.rows[id]
	if r == nil {
		return
	}
	links := slices.Clone(linksIn(r.cells, f))
	switch {
	case on && !slices.Contains(links, other):
		links = append(links, other)
	case !on:
		links = slices.DeleteFunc(links, func(s string) bool { return s == other })
	}
	cells := make([]any, t.slots)
	copy(cells, r.cells)
	cells[f.slot] = nil
	if len(links) > 0 {
		cells[f.slot] = links
	}
	r.cells = cells
}
