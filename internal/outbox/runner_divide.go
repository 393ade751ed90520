package outbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// unit is what a refused batch is never divided below: a row, or all rows of an entry that must stay together.
type unit struct {
	at    int // place of the first row in the refused batch
	items []item
}

func unitsOf(items []item) []unit {
	var units []unit
	whole := make(map[*entry]int)
	for i := range items {
		e := items[i].entry
		if at, ok := whole[e]; ok {
			units[at].items = append(units[at].items, items[i])
			continue
		}
		if e.sub.Atomic {
			whole[e] = len(units)
		}
		units = append(units, unit{at: i, items: []item{items[i]}})
	}
	return units
}

// divide finds the rows that Feishu refuses b for, fails them or leaves the guilty cells out, and returns a batch of all that is not
// written yet. Rows that Feishu's message names for sure cost no call; else the suspects are halved: the half that is sent is either
// written or holds a guilty row, the other half is not sent on its own.
func (r *runner) divide(ctx context.Context, l *lane, b *batch, why *feishu.Error) []*batch {
	r.end(l, b, ending{})
	b.takeBackTried()
	suspects := unitsOf(b.items)
	var rest []unit
	for ctx.Err() == nil {
		guilty, others, sure := suspects, []unit(nil), false
		_ = recovered(r.opts.Logger, func() error { guilty, others, sure = r.blame(ctx, suspects, why); return nil }) // else all are suspects
		if sure || len(guilty) == 1 {
			mended, unclear, condemned := leaveOut(b.op, guilty, why, sure)
			r.reject(l, condemned, why)
			for _, u := range unclear {
				r.tryCells(ctx, l, b.op, u, why)
			}
			if ctx.Err() != nil {
				return nil
			}
			return r.goOn(l, b.op, slices.Concat(mended, others, rest))
		}
		rest, suspects = append(rest, others...), guilty
		half := len(suspects) / 2
		left, right := suspects[:half:half], suspects[half:]

		child := r.newBatch(l, b.op, itemsOf(left))
		if !r.start(l, child) {
			return r.goOn(l, b.op, append(rest, right...))
		}
		if ctx.Err() != nil { // the lane was lost meanwhile: its next owner sends the child
			return nil
		}
		ids, v, whyChild := r.send(ctx, l, child)
		r.metrics.batch(child, v)
		switch v {
		case verdictWritten:
			r.end(l, child, ending{Status: child.written(), IDs: ids})
			suspects = right
		case verdictRefused:
			r.end(l, child, ending{})
			suspects, rest, why = left, append(rest, right...), whyChild
		case verdictFailed, verdictUnknown:
			r.endTries(l, child, v, whyChild)
			return r.goOn(l, b.op, append(rest, right...))
		case verdictStopped:
			return nil
		}
	}
	return nil
}

func itemsOf(units []unit) []item {
	slices.SortFunc(units, func(a, b unit) int { return cmp.Compare(a.at, b.at) })
	var items []item
	for _, u := range units {
		items = append(items, u.items...)
	}
	return items
}

// goOn makes a batch of the units whose entries were not halted meanwhile; the rows of the others are not sent any more.
func (r *runner) goOn(l *lane, op Op, units []unit) []*batch {
	var live, halted []item
	r.mu.Lock()
	for _, it := range itemsOf(units) {
		if it.entry.stop == nil {
			live = append(live, it)
			continue
		}
		halted = append(halted, it)
		it.entry.out -= it.count()
		it.each(it.entry.wait)
	}
	rest := r.settle(l, entriesOf(halted))
	r.mu.Unlock()
	r.answer(l, rest, Changes{})
	if len(live) == 0 {
		return nil
	}
	b := r.newBatch(l, op, live)
	if !r.start(l, b) {
		return nil
	}
	return []*batch{b}
}

// blame sorts out the units that why names. sure means that each of them is guilty: they all hold the very value that Feishu
// quotes. Without a name all are suspects.
func (r *runner) blame(ctx context.Context, units []unit, why *feishu.Error) (guilty, others []unit, sure bool) {
	match := func(*item) bool { return false }
	same := true
	switch column := why.FieldName(); {
	case why.Code == feishu.CodeRecordNotFound:
		absent, err := r.find.absent(ctx, itemsOf(slices.Clone(units)))
		if err != nil {
			return units, nil, false
		}
		match = func(it *item) bool { return absent[it.id] }
	case column != "":
		var first json.RawMessage
		match = func(it *item) bool {
			value, ok := valueOf(it.sent(), column)
			if !ok || why.Code != feishu.CodeFieldNameNotFound && !prints(value, why.ValueText()) {
				return false
			}
			if why.Code == feishu.CodeFieldNameNotFound {
				return true
			}
			if first == nil {
				first = value
			}
			same = same && bytes.Equal(first, value)
			return true
		}
	}
	for _, u := range units {
		named := false
		for i := range u.items {
			u.items[i].blamed = match(&u.items[i])
			named = named || u.items[i].blamed
		}
		if named {
			guilty = append(guilty, u)
		} else {
			others = append(others, u)
		}
	}
	if len(guilty) == 0 {
		return units, nil, false
	}
	return guilty, others, same
}

// valueOf returns the value of a column in a row.
func valueOf(fields json.RawMessage, column string) (json.RawMessage, bool) {
	var row map[string]json.RawMessage
	if json.Unmarshal(fields, &row) != nil {
		return nil, false
	}
	value, ok := row[column]
	return value, ok
}

// prints reports whether Go's %v writes value as text, as Feishu quotes it.
func prints(value json.RawMessage, text string) bool {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return false
	}
	return fmt.Sprint(v) == text || string(value) == text
}

// reject fails guilty rows. A row of an entry that must stay together takes the entry's others with it, those that
// wait in the lane too.
func (r *runner) reject(l *lane, guilty []unit, why *feishu.Error) {
	items := itemsOf(guilty)
	r.mu.Lock()
	for _, u := range guilty {
		var first *problem.RowError
		for i := range u.items {
			it := &u.items[i]
			var rowErr *problem.RowError
			if it.blamed || len(u.items) == 1 {
				row := it.entry.sub.Rows[it.pos]
				rowErr = refusedRow(why, row.Fields, it.entry.sub.Fields)
				if rowErr.Index = row.Index; len(it.left) > 0 && len(cellsOf(it.fields)) == 0 {
					nothingLeft(rowErr)
				}
				if first == nil {
					first = rowErr
				}
			}
			it.entry.out -= it.count()
			it.entry.said = why.Problem().Feishu
			it.each(func(pos int) { it.entry.set(pos, Failed, "", rowErr) })
		}
		if e := u.items[0].entry; e.sub.Atomic {
			e.halt(aborted(first, why.Problem().Feishu))
		}
	}
	rest := r.settle(l, entriesOf(items))
	r.mu.Unlock()
	r.answer(l, rest, Changes{})
}
