package record

import (
	"encoding/json"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// CheckViewFilter refuses a filter that a view cannot have, by the rules of a search filter.
func CheckViewFilter(c *core.Call, b *state.Base, t *state.Table, filter *state.ViewFilter) *core.Failure {
	r := &reader{base: b, table: t, idType: "open_id", location: c.Options.LocationFilter}
	_, f := r.viewConditions(filter)
	if f != nil {
		return core.Fail(1254018) // a view's page lists no other code for it
	}
	return nil
}

// rowsOfView is the predicate of a view; nil for one that shows all rows, and for no view. People in its filter are open_ids.
func (r *reader) rowsOfView(id string) (predicate, *core.Failure) {
	if f := base.CheckView(r.table, id); f != nil || id == "" {
		return nil, f
	}
	view := *r
	view.idType = "open_id"
	for _, v := range r.table.Views {
		if v.ID == id && v.Property != nil && v.Property.Filter != nil {
			return view.viewConditions(v.Property.Filter)
		}
	}
	return nil, nil
}

// viewConditions reads the conditions of a view. A condition whose column is gone is left out.
func (r *reader) viewConditions(filter *state.ViewFilter) (predicate, *core.Failure) {
	list := make([]condition, 0, len(filter.Conditions))
	for _, c := range filter.Conditions {
		value := json.RawMessage(c.Value)
		if c.Value == "" {
			value = json.RawMessage("[]")
		}
		if !json.Valid(value) {
			return nil, core.Fail(1254018)
		}
		if field := r.table.FieldByID(c.FieldID); field != nil {
			list = append(list, condition{FieldName: field.Name, Operator: c.Operator, Value: value})
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	return r.conditions(filter.Conjunction, list, nil)
}
