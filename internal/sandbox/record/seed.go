package record

import (
	"fmt"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Seed writes rows as decoded JSON (column name → value in the write shape) into t and returns their ids. No record or cell limit holds,
// and a person whom a row names becomes known. Nothing is written when a value is refused; the error wraps the
// *core.Failure. The caller holds the base's lock.
func Seed(store *state.Store, options core.Options, b *state.Base, t *state.Table, rows []map[string]any) ([]string, error) {
	options.RecordLimit, options.CellLimit = 0, 0
	options.AcceptUnknownPeople = true // whom a seed names is in the tenant
	w := newWriter(store, &options, b, t, state.SeedApp, "open_id")
	ids := make([]string, len(rows))
	for i, fields := range rows {
		id, _, f := w.create(fields)
		if f != nil {
			return nil, fmt.Errorf("row %d: %w", i, f)
		}
		ids[i] = id
	}
	w.commit()
	return ids, nil
}

// Shapes returns a row's values in the write shape and in the read shape of search, people by open_id. The caller holds the base's
// lock.
func Shapes(b *state.Base, t *state.Table, rec *state.Row) (write, read map[string]any) {
	write = make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		if v := writeShape(f, rec.Cell(f)); v != nil {
			write[f.Name] = v
		}
	}
	return write, (&reader{base: b, table: t, idType: "open_id"}).readShape(rec)
}
