package record

import (
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// writer collects the changes of one call to one table and applies them all at once, or not at all: create, update and remove only
// check; commit changes. The caller holds the base's lock from newWriter to commit.
type writer struct {
	store  *state.Store
	opts   *core.Options
	base   *state.Base
	table  *state.Table
	appID  string
	idType string
	call   int64
	now    time.Time

	options map[*state.Field][]*state.Option
	created []*state.Row
	changed []*change
	pending map[*state.Row]*change
	removed []*state.Row
	cells   int
}

// change is a row and its cells after commit.
type change struct {
	row   *state.Row
	cells []any
}

func newWriter(s *state.Store, opts *core.Options, b *state.Base, t *state.Table, appID, idType string) *writer {
	return &writer{
		store: s, opts: opts, base: b, table: t, appID: appID, idType: idType, now: time.Now(),
		options: map[*state.Field][]*state.Option{}, pending: map[*state.Row]*change{},
	}
}

// create checks a new row and returns its id and the echo of its fields.
func (w *writer) create(fields map[string]any) (id string, echo map[string]any, bad *core.Failure) {
	if limit := w.opts.RecordLimit; limit > 0 && w.table.Count()+len(w.created) >= limit {
		return "", nil, core.Fail(1254103)
	}
	cells := make([]any, w.table.Slots)
	echo, bad = w.fill(cells, fields)
	if bad != nil {
		return "", nil, bad
	}
	r := &state.Row{
		ID: w.store.NewID("rec"), Cells: cells, Created: w.now, Modified: w.now,
		CreatedBy: w.appID, ChangedBy: w.appID, Call: w.call,
	}
	w.created = append(w.created, r)
	return r.ID, echo, nil
}

// update checks new values for an existing row; columns that are not named keep theirs.
func (w *writer) update(id string, fields map[string]any) (echo map[string]any, bad *core.Failure) {
	r, bad := w.find(id)
	if bad != nil {
		return nil, bad
	}
	c := w.pending[r]
	if c == nil {
		c = &change{r, make([]any, w.table.Slots)}
		copy(c.cells, r.Cells)
		w.pending[r] = c
		w.changed = append(w.changed, c)
	}
	return w.fill(c.cells, fields)
}

// remove checks that a row is there; naming it twice is removing it once.
func (w *writer) remove(id string) *core.Failure {
	r, bad := w.find(id)
	if bad == nil && !slices.Contains(w.removed, r) {
		w.removed = append(w.removed, r)
	}
	return bad
}

func (w *writer) find(id string) (*state.Row, *core.Failure) {
	if !state.RecordIDShape.MatchString(id) {
		return nil, core.Fail(1254006)
	}
	if r := w.table.Rows[id]; r != nil {
		return r, nil
	}
	return nil, core.Fail(1254043)
}

// fill converts fields into cells, in column order, and returns the echo. An unknown column comes first, the least by name.
func (w *writer) fill(cells []any, fields map[string]any) (map[string]any, *core.Failure) {
	if w.cells += len(fields); w.opts.CellLimit > 0 && w.cells > w.opts.CellLimit {
		return nil, core.Fail(1254130)
	}
	columns := make(map[*state.Field]string, len(fields))
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
		return nil, core.Invalid(1254045, "fields."+unknown, "field_name not found")
	}
	echo := make(map[string]any, len(fields))
	for _, f := range w.table.Fields {
		name, given := columns[f]
		if !given {
			continue
		}
		stored, shown, bad := w.convert(f, fields[name])
		if bad != nil {
			return nil, bad
		}
		cells[f.Slot] = stored
		if shown != nil && !(w.opts.SparseEcho && sparse(f, shown, fields[name])) {
			echo[name] = shown
		}
	}
	return echo, nil
}

// sparse reports whether an echo leaves the value out where it is not documented to be there.
func sparse(f *state.Field, shown, sent any) bool {
	switch f.Type {
	case state.TypeLink, state.TypeDuplex:
		return true
	case state.TypeURL:
		object, _ := sent.(map[string]any)
		return object["text"] == nil
	default:
		return shown == ""
	}
}

func (w *writer) column(name string) *state.Field {
	f := w.table.ByName[name]
	if f == nil && w.opts.FieldIDKeys {
		f = w.table.FieldByID(name)
	}
	if f != nil && f.ByAPI && time.Since(f.Created) < w.opts.CreationLag {
		return nil
	}
	return f
}

// commit applies everything that was checked.
func (w *writer) commit() {
	for f, options := range w.options {
		for _, o := range options {
			f.AddOption(o)
		}
	}
	for _, r := range w.created {
		w.table.Serial++
		r.Serial = w.table.Serial
		w.table.Append(r)
		w.linkBack(r, nil, r.Cells)
	}
	for _, c := range w.changed {
		before := c.row.Cells
		c.row.Replace(c.cells, w.now, w.appID)
		w.linkBack(c.row, before, c.cells)
	}
	for _, r := range w.removed {
		w.table.Remove(r)
	}
	w.table.Revision++
	w.base.Revision++
}

// linkBack keeps the other side of duplex links in step.
func (w *writer) linkBack(r *state.Row, before, after []any) {
	for _, f := range w.table.Fields {
		if f.Type != state.TypeDuplex {
			continue
		}
		target := w.base.Tables[f.Target]
		if target == nil {
			continue
		}
		back := target.FieldByID(f.Back)
		if back == nil {
			continue
		}
		was, is := state.LinksIn(before, f), state.LinksIn(after, f)
		for _, id := range was {
			if !slices.Contains(is, id) {
				target.SetLink(id, back, r.ID, false)
			}
		}
		for _, id := range is {
			if !slices.Contains(was, id) {
				target.SetLink(id, back, r.ID, true)
			}
		}
	}
}
