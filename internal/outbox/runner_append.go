package outbox

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

// Under attachments: append the files of a row come behind those that its cell holds. What a cell holds is read within the lane, right
// before each call, so that no other write of the lane comes in between; the files of a cell are a set, so that a call that is made
// again adds nothing twice.

// appends returns the columns of s whose files are added to those that are there.
func (s *Submission) appends() []string {
	if !s.AppendFiles {
		return nil
	}
	var columns []string
	for _, f := range s.Fields {
		if f.Type == feishu.TypeAttachment {
			columns = append(columns, f.Name)
		}
	}
	return columns
}

// merge puts a later row over the fields of an item, as if the rows were written one after another.
func (it *item) merge(later json.RawMessage) {
	for _, column := range it.entry.sub.appends() {
		value, added := bitable.Cell(it.fields, column), bitable.Cell(later, column)
		switch {
		case value == nil || added == nil:
		case string(added) == "null":
			it.anew = slices.DeleteFunc(it.anew, func(name string) bool { return name == column })
		case string(value) == "null": // cleared, then files
			it.anew = append(it.anew, column)
		default:
			later = withCell(later, column, union(value, added))
		}
	}
	it.fields = mergeFields(it.fields, later)
}

// onto is what an item writes to a record: its fields, with the files that the record's cells hold.
func (it *item) onto(record json.RawMessage) json.RawMessage {
	fields := it.fields
	for _, column := range it.entry.sub.appends() {
		added := bitable.Cell(fields, column)
		if len(added) > 0 && added[0] == '[' && !slices.Contains(it.anew, column) {
			fields = withCell(fields, column, union(bitable.Cell(record, column), added))
		}
	}
	return fields
}

// adds reports whether an item adds files to those of its record.
func (it *item) adds() bool {
	return slices.ContainsFunc(it.entry.sub.appends(), func(column string) bool {
		added := bitable.Cell(it.fields, column)
		return len(added) > 0 && added[0] == '[' && !slices.Contains(it.anew, column)
	})
}

// sent is what the call has of an item.
func (it *item) sent() json.RawMessage {
	if it.joined != nil {
		return it.joined
	}
	return it.fields
}

// join reads what the cells hold that an update adds files to. A record that is not there is left to Feishu to refuse.
func (f *finder) join(ctx context.Context, b *batch) error {
	if b.op != OpUpdate {
		return nil
	}
	var items []item
	places := make(map[string][]int)
	for i := range b.items {
		it := &b.items[i]
		if it.joined = nil; it.adds() {
			items = append(items, *it)
			places[it.id] = append(places[it.id], i)
		}
	}
	if len(items) == 0 {
		return nil
	}
	return recovered(f.opts.Logger, func() error {
		return f.batchGet(ctx, items, func(found []feishu.Record, _ []string) bool {
			for _, record := range found {
				for _, i := range places[record.ID] {
					b.items[i].joined = b.items[i].onto(record.Fields)
				}
			}
			return true
		})
	})
}

// union is the files of a cell, in read or write shape, with those of added behind them that it does not hold, in write shape.
func union(cell, added json.RawMessage) json.RawMessage {
	type file struct {
		Token string `json:"file_token"`
	}
	seen := make(map[string]bool)
	all := []json.RawMessage{}
	for i, list := range []json.RawMessage{cell, added} {
		var entries []json.RawMessage
		if len(list) > 0 && json.Unmarshal(list, &entries) != nil {
			return added // what is no list of files is for Feishu to judge
		}
		for _, entry := range entries {
			var f file
			if json.Unmarshal(entry, &f) != nil || f.Token == "" {
				all = append(all, entry)
				continue
			}
			if seen[f.Token] {
				continue
			}
			if seen[f.Token] = true; i == 0 {
				entry, _ = json.Marshal(f) // a string always marshals
			}
			all = append(all, entry)
		}
	}
	joined, err := json.Marshal(all)
	if err != nil {
		panic(err) // as in mergeFields
	}
	return joined
}

// withCell returns a row with another value of a column.
func withCell(fields json.RawMessage, column string, value json.RawMessage) json.RawMessage {
	row := cellsOf(fields)
	row[column] = value
	changed, err := json.Marshal(row)
	if err != nil {
		panic(err) // as in mergeFields
	}
	return changed
}
