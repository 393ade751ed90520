package base

import (
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// fieldInput is a column in the body of field and table creation.
type fieldInput struct {
	FieldName   string             `json:"field_name"`
	Type        int                `json:"type"`
	UIType      string             `json:"ui_type"`
	Property    map[string]any     `json:"property"`
	Description *state.Description `json:"description"`
}

func (in fieldInput) spec() state.FieldSpec {
	return state.FieldSpec{Name: in.FieldName, Type: in.Type, UIType: in.UIType, Property: in.Property}
}

func fieldBody(c *core.Call) (fieldInput, *core.Failure) {
	var body fieldInput
	if f := c.Decode(&body); f != nil {
		return body, f
	}
	switch {
	case body.FieldName == "":
		return body, core.Violation("field_name", "", "field_name is required")
	case body.Type == 0:
		return body, core.Violation("type", "", "type is required")
	}
	return body, nil
}

func listFields(c *core.Call) (any, *core.Failure) {
	params := c.Request.URL.Query()
	asArray := false
	if f := core.BoolParam(params.Get("text_field_as_array"), "text_field_as_array", &asArray); f != nil {
		return nil, f
	}
	b, t, f := OpenTable(c, false)
	if f != nil {
		return nil, f
	}
	b.RLock()
	f = CheckView(t, params.Get("view_id"))
	b.RUnlock()
	if f != nil {
		return nil, f
	}
	return listPage(c, b, func() []any {
		items := []any{}
		for _, field := range t.Fields {
			if field.ByAPI && time.Since(field.Created) < c.Options.CreationLag {
				continue
			}
			items = append(items, describeListed(field, b, t, asArray))
		}
		return items
	})
}

func createField(c *core.Call) (any, *core.Failure) {
	body, f := fieldBody(c)
	if f != nil {
		return nil, f
	}
	if f := c.ReadClientToken(); f != nil {
		return nil, f
	}
	hash := c.Hash()
	return changeTable(c, func(b *state.Base, t *state.Table) (any, *core.Failure) {
		if data, f := c.Repeated(hash); data != nil || f != nil {
			return data, f
		}
		switch {
		case t.ByName[body.FieldName] != nil:
			return nil, core.Fail(1254014)
		case len(t.Fields) >= MaxFields:
			return nil, core.Fail(1254105)
		}
		created, f := newField(c.Store, b, body.spec(), false)
		if f != nil {
			return nil, f
		}
		created.Description = body.Description
		t.AddField(created)
		if created.Type == state.TypeDuplex {
			addBack(c.Store, b, t, created)
		}
		data := map[string]any{"field": describeMade(created, b, t)}
		c.Keep(hash, core.Encode(data))
		return data, nil
	})
}

// updateField replaces the whole definition: options that are not sent are deleted, and cells lose them; another type clears the column.
func updateField(c *core.Call) (any, *core.Failure) {
	body, f := fieldBody(c)
	if f != nil {
		return nil, f
	}
	return changeTable(c, func(b *state.Base, t *state.Table) (any, *core.Failure) {
		old := t.FieldByID(c.Params["field_id"])
		if old == nil {
			return nil, core.Fail(1254044)
		}
		if other := t.ByName[body.FieldName]; other != nil && other != old {
			return nil, core.Fail(1254014)
		}
		if t.Primary() == old && !Kinds[body.Type].primary {
			return nil, core.Fail(1254012)
		}
		next, f := newField(c.Store, b, body.spec(), false, old.Options...)
		if f != nil {
			return nil, f
		}
		if next.Type == old.Type {
			next.Fixed, next.Computed = old.Fixed, old.Computed
		}
		next.ID, next.Created, next.ByAPI, next.Slot, next.Back = old.ID, old.Created, old.ByAPI, old.Slot, old.Back
		if old.Type == state.TypeDuplex && (next.Type != state.TypeDuplex || next.Target != old.Target) {
			next.Back = ""
			b.DropBack(old)
		}
		next.Description = body.Description
		if next.Type != old.Type || next.Target != old.Target || next.Type == state.TypeSingleSelect || next.Type == state.TypeMultiSelect {
			replaceCells(t, old, next)
		}
		t.Fields[slices.Index(t.Fields, old)] = next
		delete(t.ByName, old.Name)
		t.ByName[next.Name] = next
		if next.Type == state.TypeDuplex && next.Back == "" {
			addBack(c.Store, b, t, next)
		}
		return map[string]any{"field": describeMade(next, b, t)}, nil
	})
}

// replaceCells moves the column's cells to its new definition: options by id, else by name; cells of another type are emptied.
func replaceCells(t *state.Table, old, next *state.Field) {
	moved := map[*state.Option]*state.Option{}
	for _, was := range old.Options {
		for _, is := range next.Options {
			if was.ID == is.ID {
				moved[was] = is
			}
		}
		if moved[was] == nil && next.ByOption[was.Name] != nil {
			moved[was] = next.ByOption[was.Name]
		}
	}
	for _, r := range t.Order {
		cell := r.Cell(old)
		if cell == nil {
			continue
		}
		r.Cells = slices.Clone(r.Cells)
		r.Cells[old.Slot] = nil
		if old.Type != next.Type || old.Target != next.Target {
			continue
		}
		switch v := cell.(type) {
		case *state.Option:
			if o := moved[v]; o != nil {
				r.Cells[old.Slot] = o
			}
		case []*state.Option:
			var kept []*state.Option
			for _, o := range v {
				if moved[o] != nil {
					kept = append(kept, moved[o])
				}
			}
			if len(kept) > 0 {
				r.Cells[old.Slot] = kept
			}
		}
	}
}

func deleteField(c *core.Call) (any, *core.Failure) {
	return changeTable(c, func(b *state.Base, t *state.Table) (any, *core.Failure) {
		f := t.FieldByID(c.Params["field_id"])
		switch {
		case f == nil:
			return nil, core.Fail(1254044)
		case f == t.Primary():
			return nil, core.Fail(1254046)
		}
		t.DropField(f)
		b.DropBack(f)
		return map[string]any{"field_id": f.ID, "deleted": true}, nil
	})
}
