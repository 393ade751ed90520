package outbox

import (
	"context"
	"log/slog"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

// readBack finds out from the table whether an update or a delete was carried out. false means that it was not, or that the
// table does not tell. said is what Feishu answered last, nil if it did not.
func (f *finder) readBack(ctx context.Context, b *batch, said *feishu.Error) (written bool) {
	err := recovered(f.opts.Logger, func() (err error) {
		switch b.op {
		case OpUpdate:
			written, err = f.updatedAlready(ctx, b)
		case OpDelete:
			var absent map[string]bool
			absent, err = f.absent(ctx, b.items)
			// A batch is carried out whole or not at all: one record that is there is enough.
			written = len(absent) == len(b.items)
			// What is not shown may be there all the same, unless Feishu itself has said that a record is gone.
			if written && err == nil && (said == nil || said.Code != feishu.CodeRecordNotFound) {
				_, err = f.readable(ctx, b.lead().sub)
				written = err == nil
			}
		case OpCreate, OpUpsert, opPause, opCancel:
		}
		return err
	})
	if err != nil {
		f.opts.Logger.InfoContext(ctx, "cannot read back", slog.String("batch", b.id), slog.String("op", string(b.op)), slog.Any("error", err))
		return false
	}
	return written
}

// isFree reports whether an overtaken batch can be sent all the same: nobody has made a record of any of its keys.
func (f *finder) isFree(ctx context.Context, b *batch) bool {
	if b.op != OpCreate {
		return false
	}
	sub := b.lead().sub
	columns := keyColumns(sub)
	want := make([][]string, len(b.items))
	for i := range b.items {
		want[i], _ = rowKey(columns, cellsOf(b.items[i].fields))
	}
	q := lookup{reader: f.opts.Reader, table: sub.Table, user: sub.Write.UserIDType, columns: columns, names: sub.KeyFields}
	var found map[string][]feishu.Record
	err := recovered(f.opts.Logger, func() (err error) {
		found, _, err = q.find(ctx, want)
		return err
	})
	for _, e := range b.entries() {
		e.calls.Add(int64(q.calls))
	}
	for _, records := range found {
		if len(records) > 0 {
			return false
		}
	}
	if err != nil {
		return false
	}
	calls, err := f.readable(ctx, sub)
	for _, e := range b.entries() {
		e.calls.Add(int64(calls))
	}
	return err == nil
}

// absent returns those of the items' record ids that the table does not have.
func (f *finder) absent(ctx context.Context, items []item) (map[string]bool, error) {
	absent := make(map[string]bool)
	err := f.batchGet(ctx, items, func(_ []feishu.Record, missing []string) bool {
		for _, id := range missing {
			absent[id] = true
		}
		return true
	})
	return absent, err
}

// updatedAlready reports whether every record holds what b would write to it.
func (f *finder) updatedAlready(ctx context.Context, b *batch) (bool, error) {
	sub := b.lead().sub
	if len(sub.Fields) == 0 {
		return false, nil
	}
	schema := bitable.NewSchema(sub.Fields)
	rows := make(map[string]*item, len(b.items))
	for i := range b.items {
		rows[b.items[i].id] = &b.items[i]
	}
	same := 0
	err := f.batchGet(ctx, b.items, func(found []feishu.Record, _ []string) bool {
		for _, record := range found {
			it := rows[record.ID]
			if it == nil || schema.Changed(it.onto(record.Fields), record.Fields) {
				return false
			}
			same++
		}
		return true
	})
	return same == len(b.items), err
}

// batchGet reads the items' records, MaxBatchGet a call, until each returns false.
func (f *finder) batchGet(ctx context.Context, items []item, each func(found []feishu.Record, absent []string) bool) error {
	sub := items[0].entry.sub
	for part := range slices.Chunk(items, feishu.MaxBatchGet) {
		ids := make([]string, len(part))
		for i := range part {
			ids[i] = part[i].id
		}
		for _, e := range entriesOf(part) {
			e.calls.Add(1)
		}
		found, absent, err := f.opts.Reader.BatchGet(ctx, sub.Table, ids, sub.Write.UserIDType)
		if err != nil {
			return err
		}
		if !each(found, absent) {
			return nil
		}
	}
	return nil
}

// tellingColumn returns the column that tells the rows apart best: one that every row has and that can be a key; none if
// there is no such column.
func tellingColumn(columns []feishu.Field, rows []cells) []feishu.Field {
	var best []feishu.Field
	most := 0
	for _, column := range columns {
		if !bitable.KeyFieldAllowed(column) {
			continue
		}
		values := make(map[string]bool)
		for _, row := range rows {
			value, ok := bitable.KeyValue(column, row[column.Name])
			if !ok {
				values = nil
				break
			}
			values[value] = true
		}
		if len(values) > most {
			best, most = []feishu.Field{column}, len(values)
		}
	}
	return best
}
