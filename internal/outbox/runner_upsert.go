package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// maxNamedMatches bounds the record ids that a many_matches error names.
const maxNamedMatches = 5

// matched is what the rows of an upsert come to.
type matched struct {
	creates, updates, same []item // same: the record holds what the row says
	bad                    []badRow
	calls                  int
}

type badRow struct {
	it  item
	err *problem.RowError
}

// upsert looks up the records of the rows' keys, stores what is to be created and updated, and sees that through. It
// happens within the lane: no other write of this outbox to the base comes in between.
func (r *runner) upsert(ctx context.Context, l *lane, items []item) {
	var keyed, later []item
	var bad []badRow
	if err := recovered(r.opts.Logger, func() error { keyed, later, bad = mergeByKey(items); return nil }); err != nil {
		r.fail(l, &batch{items: items}, problem.From(err))
		return
	}
	r.postpone(l, later)
	var m matched
	err := recovered(r.opts.Logger, func() (err error) {
		m, err = r.match(ctx, keyed)
		return err
	})
	for _, e := range entriesOf(keyed) {
		e.calls.Add(int64(m.calls))
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil && r.deferRows(l, append(keyed, itemsOfBad(bad)...), err) {
		return
	}
	if err != nil {
		r.fail(l, &batch{items: append(keyed, itemsOfBad(bad)...)}, problem.From(err))
		return
	}
	r.mu.Lock()
	for _, e := range entriesOf(keyed) {
		e.deferred = time.Time{}
	}
	r.mu.Unlock()
	m.bad = append(m.bad, bad...)
	r.abort(l, &m)
	if len(m.same) > 0 {
		r.end(l, &batch{items: m.same}, ending{Status: Unchanged})
	}
	var batches []*batch
	if len(m.creates) > 0 {
		batches = append(batches, r.newBatch(l, OpCreate, m.creates))
	}
	if len(m.updates) > 0 {
		batches = append(batches, r.newBatch(l, OpUpdate, m.updates))
	}
	if len(batches) > 0 && r.start(l, batches...) {
		r.finishAll(ctx, l, batches)
	}
}

// preview tells what an upsert would do, row by row, without doing it.
func (r *runner) preview(ctx context.Context, sub Submission) ([]RowResult, error) {
	e := &entry{sub: &sub}
	e.prepare()
	items := make([]item, len(sub.Rows))
	for i := range sub.Rows {
		items[i] = item{entry: e, pos: i, fields: sub.Rows[i].Fields}
	}
	keyed, _, bad := mergeByKey(items)
	m, err := r.match(ctx, keyed)
	if err != nil {
		return nil, problem.From(err)
	}
	for _, b := range append(m.bad, bad...) {
		b.it.each(func(pos int) { e.set(pos, Failed, "", b.err) })
	}
	(&batch{items: m.creates}).apply(&ending{Status: Created})
	(&batch{items: m.updates}).apply(&ending{Status: Updated})
	(&batch{items: m.same}).apply(&ending{Status: Unchanged})
	return e.rows, nil
}

// mergeByKey merges the rows of one entry that have the same key, as if they were written one after another. From a row on whose
// key another entry has, the entry waits for later, with all that its caller has behind it; one that stays together waits whole.
func mergeByKey(items []item) (keyed, later []item, bad []badRow) {
	columns := keyColumns(items[0].entry.sub)
	owners := make(map[string]*entry)
	waiting := make(map[turn]bool)
	rowsOf := make(map[*entry][]item)
	for i := range items {
		rowsOf[items[i].entry] = append(rowsOf[items[i].entry], items[i])
	}
	for _, e := range entriesOf(items) {
		rows := rowsOf[e]
		keys := make([]string, len(rows))
		full := make([]bool, len(rows))
		for i := range rows {
			rows[i].key, full[i] = rowKey(columns, cellsOf(rows[i].fields))
			keys[i] = join(rows[i].key)
		}
		free := len(rows)
		if at := slices.IndexFunc(keys, func(key string) bool { return owners[key] != nil }); at >= 0 {
			free = at
		}
		if waiting[e.turn] || e.sub.Atomic && free < len(rows) {
			free = 0
		}
		waiting[e.turn] = waiting[e.turn] || free < len(rows)
		later = append(later, rows[free:]...)
		places := make(map[string]int) // in keyed, by key
		for i, it := range rows[:free] {
			at, again := places[keys[i]]
			switch {
			case !full[i]:
				bad = append(bad, badRow{it, emptyKey(e.sub.KeyFields)})
			case again:
				first := &keyed[at]
				first.more = append(first.more, it.pos)
				first.merge(it.fields)
			default:
				owners[keys[i]], places[keys[i]] = e, len(keyed)
				keyed = append(keyed, it)
			}
		}
	}
	return keyed, later, bad
}

func keyColumns(sub *Submission) []feishu.Field {
	columns := make([]feishu.Field, 0, len(sub.KeyFields))
	for _, name := range sub.KeyFields {
		at := slices.IndexFunc(sub.Fields, func(f feishu.Field) bool { return f.Name == name })
		if at >= 0 {
			columns = append(columns, sub.Fields[at])
		}
	}
	return columns
}

// postpone puts rows back into the lane, in their order.
func (r *runner) postpone(l *lane, later []item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := entriesOf(later)
	slices.Reverse(entries)
	for _, e := range entries {
		var positions []int
		for i := range later {
			if later[i].entry == e {
				positions = append(positions, later[i].pos)
			}
		}
		l.putBack(e, positions)
		if e.out == 0 {
			r.transition(e, EntryQueue)
		}
	}
}

// match looks up the records of keyed rows and sorts the rows by what is to be done.
func (r *runner) match(ctx context.Context, keyed []item) (matched, error) {
	var m matched
	if len(keyed) == 0 {
		return m, nil
	}
	sub := keyed[0].entry.sub
	rows := make([]cells, len(keyed))
	want := make([][]string, len(keyed))
	for i := range keyed {
		rows[i] = cellsOf(keyed[i].fields)
		want[i] = keyed[i].key
	}
	columns, names := columnsIn(sub.Fields, rows)
	schema := bitable.NewSchema(columns)
	q := lookup{reader: r.opts.Reader, table: sub.Table, user: sub.Write.UserIDType, columns: keyColumns(sub), names: names}
	found, _, err := q.find(ctx, want)
	m.calls = q.calls
	if err == nil && q.saw {
		r.find.proofs.prove(sub)
	}
	if err != nil {
		return m, err
	}
	for _, it := range keyed {
		switch records := found[join(it.key)]; {
		case len(records) > 1:
			m.bad = append(m.bad, badRow{it, manyMatches(it.entry.sub.KeyFields, records)})
		case len(records) == 0:
			it.fields = withoutNulls(it.fields)
			m.creates = append(m.creates, it)
		case schema.Changed(it.onto(records[0].Fields), records[0].Fields):
			it.id = records[0].ID
			m.updates = append(m.updates, it)
		default:
			it.id = records[0].ID
			m.same = append(m.same, it)
		}
	}
	if len(m.creates) == 0 {
		return m, nil
	}
	calls, err := r.find.readable(ctx, sub) // an empty read is not an empty table
	m.calls += calls
	return m, err
}

// abort fails the bad rows, and with a bad row of an entry that stays together all its others.
func (r *runner) abort(l *lane, m *matched) {
	if len(m.bad) == 0 {
		return
	}
	r.mu.Lock()
	for _, b := range m.bad {
		e := b.it.entry
		if e.sub.Atomic {
			first := *b.err
			first.Index = e.rows[b.it.pos].Index
			e.halt(aborted(&first, nil))
		}
		e.out -= b.it.count()
		b.it.each(func(pos int) { e.set(pos, Failed, "", b.err) })
	}
	touched := entriesOf(itemsOfBad(m.bad))
	for _, list := range []*[]item{&m.creates, &m.updates, &m.same} {
		*list = slices.DeleteFunc(*list, func(it item) bool {
			if it.entry.stop == nil {
				return false
			}
			it.entry.out -= it.count()
			it.each(it.entry.wait)
			return true
		})
	}
	rest := r.settle(l, touched)
	r.mu.Unlock()
	r.answer(l, rest, Changes{})
}

func itemsOfBad(bad []badRow) []item {
	items := make([]item, len(bad))
	for i := range bad {
		items[i] = bad[i].it
	}
	return items
}

// mergeFields puts the columns of later over those of earlier.
func mergeFields(earlier, later json.RawMessage) json.RawMessage {
	row := cellsOf(earlier)
	maps.Copy(row, cellsOf(later))
	merged, err := json.Marshal(row)
	if err != nil {
		panic(err) // raw messages that were decoded a moment ago
	}
	return merged
}

// withoutNulls leaves out the columns that a create must not name: null clears, and there is nothing to clear.
func withoutNulls(fields json.RawMessage) json.RawMessage {
	if !bytes.Contains(fields, []byte("null")) {
		return fields
	}
	row := cellsOf(fields)
	n := len(row)
	for name, value := range row {
		if string(value) == "null" {
			delete(row, name)
		}
	}
	if len(row) == n {
		return fields
	}
	rest, err := json.Marshal(row)
	if err != nil {
		panic(err) // as in mergeFields
	}
	return rest
}

func emptyKey(names []string) *problem.RowError {
	list := strings.Join(names, ", ")
	return &problem.RowError{
		Code: problem.RowEmptyKey, Field: names[0],
		Message: problem.Text{
			ZH: fmt.Sprintf("这一行的关键列（%s）有空值，无法匹配记录。", list),
			EN: fmt.Sprintf("A key column of this row (%s) is empty, so no record can be matched.", list),
		},
		Expected: problem.Text{ZH: "每个关键列都有值", EN: "a value in every key column"},
	}
}

func manyMatches(names []string, records []feishu.Record) *problem.RowError {
	ids := make([]string, 0, maxNamedMatches)
	for _, record := range records[:min(len(records), maxNamedMatches)] {
		ids = append(ids, record.ID)
	}
	list := strings.Join(ids, ", ")
	return &problem.RowError{
		Code: problem.RowManyMatches, Field: names[0],
		Message: problem.Text{
			ZH: fmt.Sprintf("表中有 %d 条记录与这一行的关键列相同（%s），请先去重，或改用 update_records。", len(records), list),
			EN: fmt.Sprintf("%d records of the table have this row's key (%s); remove the duplicates or use update_records.", len(records), list),
		},
	}
}
