package sandbox

import (
	"slices"
)

const (
	maxTablesPage  = 100
	maxTableDelete = 50 // table ids per tables/batch_delete
)

type tableInput struct {
	Name            string       `json:"name"`
	DefaultViewName string       `json:"default_view_name"`
	Fields          []fieldInput `json:"fields"`
}

func listTables(c *call) (any, *failure) {
	b, f := openBase(c, false)
	if f != nil {
		return nil, f
	}
	return listPage(c, b, func() []any {
		return mapSlice(b.order, func(t *table) any {
			return map[string]any{"table_id": t.id, "name": t.name, "revision": t.revision}
		})
	})
}

// listPage answers one page of a short list; items runs under the base's read lock.
func listPage(c *call, b *base, items func() []any) (any, *failure) {
	params := c.req.URL.Query()
	size, f := pageSize(params.Get("page_size"), defaultPage, maxTablesPage)
	if f != nil {
		return nil, f
	}
	at, f := position(params.Get("page_token"))
	if f != nil {
		return nil, f
	}
	end, f := c.begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.mu.RLock()
	all := items()
	b.mu.RUnlock()
	from := min(int(at), len(all))
	to := min(from+size, len(all))
	// page_token is there on the last page too, as the official examples have it: only has_more tells.
	return map[string]any{"items": all[from:to], "has_more": to < len(all), "page_token": pageToken(int64(to)), "total": len(all)}, nil
}

func createTable(c *call) (any, *failure) {
	var body struct {
		Table *tableInput `json:"table"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if body.Table == nil {
		return nil, violation("table", "", "table is required")
	}
	return changeBase(c, func(b *base) (any, *failure) {
		t, f := addTable(c.store, b, *body.Table)
		if f != nil {
			return nil, f
		}
		ids := make([]string, len(t.fields))
		for i, field := range t.fields {
			ids[i] = field.id
		}
		return map[string]any{"table_id": t.id, "default_view_id": t.views[0].ID, "field_id_list": ids}, nil
	})
}

func addTable(s *store, b *base, in tableInput) (*table, *failure) {
	if in.DefaultViewName != "" && len(in.Fields) == 0 {
		return nil, violation("table.fields", "", "fields is required with default_view_name")
	}
	spec := TableSpec{Name: in.Name}
	for _, input := range in.Fields {
		spec.Fields = append(spec.Fields, input.spec())
	}
	t, f := newTable(s, b, spec, in.DefaultViewName, false)
	if f == nil {
		b.insert(t)
	}
	return t, f
}

func batchCreateTables(c *call) (any, *failure) {
	var body struct {
		Tables []tableInput `json:"tables"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if len(body.Tables) == 0 {
		return nil, violation("tables", "", "tables is required")
	}
	return changeBase(c, func(b *base) (any, *failure) {
		ids := make([]string, 0, len(body.Tables))
		for _, input := range body.Tables {
			t, f := addTable(c.store, b, tableInput{Name: input.Name})
			if f != nil {
				for _, id := range ids {
					b.remove(b.tables[id])
				}
				return nil, f
			}
			ids = append(ids, t.id)
		}
		return map[string]any{"table_ids": ids}, nil
	})
}

// changeBase runs a change to the base's tables under its lock.
func changeBase(c *call, change func(*base) (any, *failure)) (any, *failure) {
	b, f := openBase(c, true)
	if f != nil {
		return nil, f
	}
	end, f := c.begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.mu.Lock()
	defer b.mu.Unlock()
	data, f := change(b)
	c.committed = f == nil
	return data, f
}

// changeTable runs a change to one table under the write rule and the base's lock.
func changeTable(c *call, change func(*base, *table) (any, *failure)) (any, *failure) {
	b, t, f := openTable(c, true)
	if f != nil {
		return nil, f
	}
	gate, f := writeGate(c, b, t)
	if f != nil {
		return nil, f
	}
	end, f := c.begin(gate, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tables[t.id] != t {
		return nil, fail(1254041)
	}
	data, f := change(b, t)
	if f == nil {
		c.committed = true
		t.revision++
		b.revision++
	}
	return data, f
}

func deleteTable(c *call) (any, *failure) {
	return changeTable(c, func(b *base, t *table) (any, *failure) {
		if len(b.order) == 1 {
			return nil, fail(1254034)
		}
		b.remove(t)
		return struct{}{}, nil
	})
}

func batchDeleteTables(c *call) (any, *failure) {
	var body struct {
		TableIDs []string `json:"table_ids"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if len(body.TableIDs) == 0 {
		return nil, violation("table_ids", "", "table_ids is required")
	}
	if len(body.TableIDs) > maxTableDelete {
		return nil, violation("table_ids", "", "the max len is 50")
	}
	return changeBase(c, func(b *base) (any, *failure) {
		gone := map[string]*table{}
		for _, id := range body.TableIDs {
			if gone[id] = b.tables[id]; gone[id] == nil {
				return nil, fail(1254041)
			}
		}
		if len(gone) == len(b.order) {
			return nil, fail(1254034)
		}
		for _, t := range gone {
			b.remove(t)
		}
		return struct{}{}, nil
	})
}

func renameTable(c *call) (any, *failure) {
	var body struct {
		Name string `json:"name"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	return changeTable(c, func(b *base, t *table) (any, *failure) {
		if !tableNameOK(body.Name) {
			return nil, badTableName(body.Name)
		}
		if slices.ContainsFunc(b.order, func(other *table) bool { return other != t && other.name == body.Name }) {
			return nil, fail(1254013)
		}
		t.name = body.Name
		return map[string]string{"name": t.name}, nil
	})
}
