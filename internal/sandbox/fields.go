package sandbox

import (
	"slices"
	"time"
)

// fieldInput is a column in the body of field and table creation.
type fieldInput struct {
	FieldName   string         `json:"field_name"`
	Type        int            `json:"type"`
	UIType      string         `json:"ui_type"`
	Property    map[string]any `json:"property"`
	Description any            `json:"description"`
}

func (in fieldInput) spec() FieldSpec {
	return FieldSpec{Name: in.FieldName, Type: in.Type, UIType: in.UIType, Property: in.Property}
}

func fieldBody(c *call) (fieldInput, *failure) {
	var body fieldInput
	if f := c.decode(&body); f != nil {
		return body, f
	}
	switch {
	case body.FieldName == "":
		return body, violation("field_name", "", "field_name is required")
	case body.Type == 0:
		return body, violation("type", "", "type is required")
	}
	return body, nil
}

func listFields(c *call) (any, *failure) {
	params := c.req.URL.Query()
	asArray := false
	if f := boolParam(params.Get("text_field_as_array"), "text_field_as_array", &asArray); f != nil {
		return nil, f
	}
	b, t, f := openTable(c, false)
	if f != nil {
		return nil, f
	}
	b.mu.RLock()
	f = checkView(t, params.Get("view_id"))
	b.mu.RUnlock()
	if f != nil {
		return nil, f
	}
	return listPage(c, b, func() []any {
		items := []any{}
		for _, field := range t.fields {
			if field.byAPI && time.Since(field.created) < c.opts.CreationLag {
				continue
			}
			described := describe(field, b, t)
			if text, ok := described["description"].(string); ok && asArray {
				described["description"] = []map[string]any{{"type": "text", "text": text}}
			}
			items = append(items, described)
		}
		return items
	})
}

func createField(c *call) (any, *failure) {
	body, f := fieldBody(c)
	if f != nil {
		return nil, f
	}
	if f := c.readClientToken(); f != nil {
		return nil, f
	}
	hash := c.hash()
	return changeTable(c, func(b *base, t *table) (any, *failure) {
		if data, f := c.repeated(hash); data != nil || f != nil {
			return data, f
		}
		switch {
		case t.byName[body.FieldName] != nil:
			return nil, fail(1254014)
		case len(t.fields) >= maxFields:
			return nil, fail(1254105)
		}
		created, f := newField(c.store, b, body.spec(), false)
		if f != nil {
			return nil, f
		}
		created.description = body.text()
		t.addField(created)
		if created.typ == typeDuplex {
			addBack(c.store, b, t, created)
		}
		data := map[string]any{"field": describe(created, b, t)}
		c.keep(hash, encode(data))
		return data, nil
	})
}

// text is the description's text: the body holds {"text": …}, the list shows the text alone.
func (in fieldInput) text() any {
	if object, ok := in.Description.(map[string]any); ok {
		return object["text"]
	}
	return in.Description
}

// updateField replaces the whole definition: options that are not sent are deleted, and cells lose them; another type clears the column.
func updateField(c *call) (any, *failure) {
	body, f := fieldBody(c)
	if f != nil {
		return nil, f
	}
	return changeTable(c, func(b *base, t *table) (any, *failure) {
		old := t.fieldByID(c.params["field_id"])
		if old == nil {
			return nil, fail(1254044)
		}
		if other := t.byName[body.FieldName]; other != nil && other != old {
			return nil, fail(1254014)
		}
		if t.primary() == old && !kinds[body.Type].primary {
			return nil, fail(1254012)
		}
		next, f := newField(c.store, b, body.spec(), false)
		if f != nil {
			return nil, f
		}
		next.id, next.created, next.byAPI, next.slot, next.back = old.id, old.created, old.byAPI, old.slot, old.back
		if old.typ == typeDuplex && (next.typ != typeDuplex || next.target != old.target) {
			next.back = ""
			b.dropBack(old)
		}
		next.description = body.text()
		if next.typ != old.typ || next.target != old.target || next.typ == typeSingleSelect || next.typ == typeMultiSelect {
			replaceCells(t, old, next)
		}
		t.fields[slices.Index(t.fields, old)] = next
		delete(t.byName, old.name)
		t.byName[next.name] = next
		if next.typ == typeDuplex && next.back == "" {
			addBack(c.store, b, t, next)
		}
		return map[string]any{"field": describe(next, b, t)}, nil
	})
}

// replaceCells moves the column's cells to its new definition: options by id, else by name; cells of another type are emptied.
func replaceCells(t *table, old, next *field) {
	moved := map[*option]*option{}
	for _, was := range old.options {
		for _, is := range next.options {
			if was.ID == is.ID {
				moved[was] = is
			}
		}
		if moved[was] == nil && next.byOption[was.Name] != nil {
			moved[was] = next.byOption[was.Name]
		}
	}
	for _, r := range t.order {
		cell := r.cell(old)
		if cell == nil {
			continue
		}
		r.cells = slices.Clone(r.cells)
		r.cells[old.slot] = nil
		if old.typ != next.typ || old.target != next.target {
			continue
		}
		switch v := cell.(type) {
		case *option:
			if o := moved[v]; o != nil {
				r.cells[old.slot] = o
			}
		case []*option:
			var kept []*option
			for _, o := range v {
				if moved[o] != nil {
					kept = append(kept, moved[o])
				}
			}
			if len(kept) > 0 {
				r.cells[old.slot] = kept
			}
		}
	}
}

func deleteField(c *call) (any, *failure) {
	return changeTable(c, func(b *base, t *table) (any, *failure) {
		f := t.fieldByID(c.params["field_id"])
		switch {
		case f == nil:
			return nil, fail(1254044)
		case f == t.primary():
			return nil, fail(1254046)
		}
		t.dropField(f)
		b.dropBack(f)
		return map[string]any{"field_id": f.id, "deleted": true}, nil
	})
}

// dropBack removes the other side of a duplex link; nothing for any other column.
func (b *base) dropBack(f *field) {
	if target := b.tables[f.target]; f.typ == typeDuplex && target != nil {
		if back := target.fieldByID(f.back); back != nil {
			target.dropField(back)
		}
	}
}

// dropField removes the column. Its slot stays unused, so the cells need no change.
func (t *table) dropField(f *field) {
	t.fields = slices.DeleteFunc(t.fields, func(x *field) bool { return x == f })
	delete(t.byName, f.name)
}
