package outbox

import (
	"context"
	"encoding/json"
	"iter"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

// maxCellTries bounds the calls by which the cell is looked for that Feishu refuses a row for and does not name.
const maxCellTries = 20

// cellAt is a cell that a row of an entry has: the row's position and the column.
type cellAt struct {
	pos    int
	column string
}

// suspect is a cell of a unit that Feishu may have refused.
type suspect struct {
	item int // place in the unit
	cellAt
}

// leaveOut takes the cells that Feishu refuses out of the guilty units whose entries ask for that (bad_values: skip). mended are to
// be sent once more, condemned fail, and of those that are unclear one of several cells is at fault. That is safe at any time:
// what was refused is not written, and what is sent instead is a batch of its own, stored before its call.
func leaveOut(op Op, guilty []unit, why *feishu.Error, sure bool) (mended, unclear, condemned []unit) {
	for _, u := range guilty {
		cells := u.suspects(why)
		switch {
		case len(cells) == 0:
			condemned = append(condemned, u)
		case len(cells) > 1 && !sure:
			unclear = append(unclear, u)
		default:
			rest := u.without(op, cells)
			if rest.emptied() {
				condemned = append(condemned, rest)
			} else {
				mended = append(mended, rest)
			}
		}
	}
	return mended, unclear, condemned
}

// suspects are the cells that why may be about and that may be left out: those of the column that it names, else those of columns
// that its code can be about, else all. Key columns are not among them, and where they alone are named there are none.
func (u *unit) suspects(why *feishu.Error) []suspect {
	sub := u.items[0].entry.sub
	column := why.FieldName()
	if !sub.SkipBadValues || !bitable.IsBadValue(why.RowCode()) && (why.RowCode() != "" || column == "") {
		return nil
	}
	named := slices.ContainsFunc(u.items, func(it item) bool { return it.blamed })
	known, listed := refusals[why.Code]
	var cells []suspect
	for i := range u.items {
		it := &u.items[i]
		if named && !it.blamed {
			continue
		}
		for _, field := range sub.Fields {
			switch {
			case column != "" && field.Name != column, slices.Contains(sub.KeyFields, field.Name):
			case column == "" && listed && !hasType(known.types, field.Type):
			default:
				if pos, has := it.source(field.Name); has {
					cells = append(cells, suspect{i, cellAt{pos, field.Name}})
				}
			}
		}
	}
	return cells
}

// source is the row of an item that its value of a column comes from: the last one that has the column. null is no value.
func (it *item) source(column string) (pos int, has bool) {
	if value := bitable.Cell(it.fields, column); value == nil || string(value) == "null" {
		return 0, false
	}
	it.each(func(at int) {
		if !slices.Contains(it.left, cellAt{at, column}) && bitable.Cell(it.entry.sub.Rows[at].Fields, column) != nil {
			pos, has = at, true
		}
	})
	return pos, has
}

// without returns u without some cells.
func (u *unit) without(op Op, cells []suspect) unit {
	rest := unit{at: u.at, items: slices.Clone(u.items)}
	for _, c := range cells {
		it := &rest.items[c.item]
		it.left = append(slices.Clip(it.left), c.cellAt)
		it.compose(op)
	}
	return rest
}

// emptied reports whether nothing is left of a row, and blames those rows.
func (u *unit) emptied() bool {
	found := false
	for i := range u.items {
		it := &u.items[i]
		it.blamed = len(it.left) > 0 && len(cellsOf(it.fields)) == 0
		found = found || it.blamed
	}
	return found
}

// compose makes the fields of an item from the rows of its entry: merged, without the cells that are left out.
func (it *item) compose(op Op) {
	it.fields, it.anew, it.joined = it.remainder(it.pos), nil, nil
	for _, pos := range it.more {
		it.merge(it.remainder(pos))
	}
	if op == OpCreate && it.entry.sub.Op == OpUpsert {
		it.fields = withoutNulls(it.fields)
	}
}

// remainder is what an item has of the row at pos.
func (it *item) remainder(pos int) json.RawMessage {
	fields := it.entry.sub.Rows[pos].Fields
	if !slices.ContainsFunc(it.left, func(c cellAt) bool { return c.pos == pos }) {
		return fields
	}
	row := cellsOf(fields)
	for _, c := range it.left {
		if c.pos == pos {
			delete(row, c.column)
		}
	}
	rest, err := json.Marshal(row)
	if err != nil {
		panic(err) // as in mergeFields
	}
	return rest
}

// tryCells finds out which of several cells of u Feishu refuses, by sending u without one after another, then without two, and so
// on: the first that Feishu takes is written, so that no cell is left out that need not be. u fails if none is found.
func (r *runner) tryCells(ctx context.Context, l *lane, op Op, u unit, why *feishu.Error) {
	for tries := 0; ctx.Err() == nil; {
		named, over := r.trySubsets(ctx, l, op, u, why, &tries)
		switch {
		case over:
			return
		case named == nil:
			r.reject(l, []unit{u}, why)
			return
		}
		u = u.without(op, named)
	}
}

// trySubsets sends u without some of its suspects until Feishu takes it or there is another reason to stop: over. It also stops at a
// refusal that names a cell for sure, which is to be left out in any case.
func (r *runner) trySubsets(ctx context.Context, l *lane, op Op, u unit, why *feishu.Error, tries *int) (named []suspect, over bool) {
	for chosen := range subsets(u.suspects(why)) {
		rest := u.without(op, chosen)
		if rest.emptied() {
			continue
		}
		if *tries++; *tries > maxCellTries {
			return nil, false
		}
		for i := range rest.items {
			rest.items[i].tried = len(rest.items[i].left) - len(u.items[i].left)
		}
		child := r.newBatch(l, op, rest.items)
		if !r.start(l, child) || ctx.Err() != nil {
			return nil, true
		}
		ids, v, whyRest := r.send(ctx, l, child)
		r.metrics.batch(child, v)
		switch v {
		case verdictRefused:
			r.end(l, child, ending{})
		case verdictWritten:
			r.end(l, child, ending{Status: child.written(), IDs: ids})
			return nil, true
		case verdictFailed, verdictUnknown:
			r.endTries(l, child, v, whyRest)
			return nil, true
		case verdictStopped:
			return nil, true
		}
		if whyRest.FieldName() == "" {
			continue
		}
		_, _, _ = r.blame(ctx, []unit{rest}, whyRest)
		if named = rest.suspects(whyRest); len(named) == 1 {
			return named, false
		}
	}
	return nil, false
}

// takeBackTried gives items the cells again that a call left out to find the one at fault: it did not find it, as it comes back from
// being deferred, or after a restart, and is refused.
func (b *batch) takeBackTried() {
	for i := range b.items {
		if it := &b.items[i]; it.tried > 0 {
			it.left, it.tried = it.left[:len(it.left)-it.tried], 0
			it.compose(b.op)
		}
	}
}

// subsets yields the subsets of list that are not empty, small ones first.
func subsets[T any](list []T) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		var grow func(chosen []T, from, size int) bool
		grow = func(chosen []T, from, size int) bool {
			if size == 0 {
				return yield(chosen)
			}
			for i := from; i+size <= len(list); i++ {
				if !grow(append(slices.Clip(chosen), list[i]), i+1, size-1) {
					return false
				}
			}
			return true
		}
		for size := 1; size <= len(list); size++ {
			if !grow(nil, 0, size) {
				return
			}
		}
	}
}
