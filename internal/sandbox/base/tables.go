package base

import (
	"slices"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// MaxTableDelete is how many tables one tables/batch_delete takes.
const MaxTableDelete = 50

type tableInput struct {
	Name            string       `json:"name"`
	DefaultViewName string       `json:"default_view_name"`
	Fields          []fieldInput `json:"fields"`
}

func listTables(c *core.Call) (any, *core.Failure) {
	b, f := openBase(c, false)
	if f != nil {
		return nil, f
	}
	return listPage(c, b, func() []any {
		return core.MapSlice(b.Order, func(t *state.Table) any {
			return map[string]any{"table_id": t.ID, "name": t.Name, "revision": t.Revision}
		})
	})
}

func createTable(c *core.Call) (any, *core.Failure) {
	var body struct {
		Table *tableInput `json:"table"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if body.Table == nil {
		return nil, core.Violation("table", "", "table is required")
	}
	return changeBase(c, func(b *state.Base) (any, *core.Failure) {
		t, f := addTable(c.Store, b, *body.Table)
		if f != nil {
			return nil, f
		}
		ids := make([]string, len(t.Fields))
		for i, field := range t.Fields {
			ids[i] = field.ID
		}
		return map[string]any{"table_id": t.ID, "default_view_id": t.Views[0].ID, "field_id_list": ids}, nil
	})
}

func addTable(s *state.Store, b *state.Base, in tableInput) (*state.Table, *core.Failure) {
	if in.DefaultViewName != "" && len(in.Fields) == 0 {
		return nil, core.Violation("table.fields", "", "fields is required with default_view_name")
	}
	spec := state.TableSpec{Name: in.Name}
	for _, input := range in.Fields {
		spec.Fields = append(spec.Fields, input.spec())
	}
	t, f := NewTable(s, b, spec, in.DefaultViewName, false)
	if f == nil {
		b.Insert(t)
	}
	return t, f
}

func batchCreateTables(c *core.Call) (any, *core.Failure) {
	var body struct {
		Tables []tableInput `json:"tables"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if len(body.Tables) == 0 {
		return nil, core.Violation("tables", "", "tables is required")
	}
	return changeBase(c, func(b *state.Base) (any, *core.Failure) {
		ids := make([]string, 0, len(body.Tables))
		for _, input := range body.Tables {
			t, f := addTable(c.Store, b, tableInput{Name: input.Name})
			if f != nil {
				for _, id := range ids {
					b.Remove(b.Tables[id])
				}
				return nil, f
			}
			ids = append(ids, t.ID)
		}
		return map[string]any{"table_ids": ids}, nil
	})
}

func deleteTable(c *core.Call) (any, *core.Failure) {
	return changeTable(c, func(b *state.Base, t *state.Table) (any, *core.Failure) {
		if len(b.Order) == 1 {
			return nil, core.Fail(1254034)
		}
		b.Remove(t)
		return struct{}{}, nil
	})
}

func batchDeleteTables(c *core.Call) (any, *core.Failure) {
	var body struct {
		TableIDs []string `json:"table_ids"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if len(body.TableIDs) == 0 {
		return nil, core.Violation("table_ids", "", "table_ids is required")
	}
	if len(body.TableIDs) > MaxTableDelete {
		return nil, core.Violation("table_ids", "", "the max len is 50")
	}
	return changeBase(c, func(b *state.Base) (any, *core.Failure) {
		gone := map[string]*state.Table{}
		for _, id := range body.TableIDs {
			if gone[id] = b.Tables[id]; gone[id] == nil {
				return nil, core.Fail(1254041)
			}
		}
		if len(gone) == len(b.Order) {
			return nil, core.Fail(1254034)
		}
		for _, t := range gone {
			b.Remove(t)
		}
		return struct{}{}, nil
	})
}

func renameTable(c *core.Call) (any, *core.Failure) {
	var body struct {
		Name string `json:"name"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	return changeTable(c, func(b *state.Base, t *state.Table) (any, *core.Failure) {
		if !tableNameOK(body.Name) {
			return nil, badTableName(body.Name)
		}
		if slices.ContainsFunc(b.Order, func(other *state.Table) bool { return other != t && other.Name == body.Name }) {
			return nil, core.Fail(1254013)
		}
		t.Name = body.Name
		return map[string]string{"name": t.Name}, nil
	})
}
