package base

import (
	"slices"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Limits of a view's property.
const (
	MaxViewConditions = 50  // of its filter
	MaxHiddenFields   = 300 // columns that it hides
)

// property checks what a body sends as property, and completes the conditions of its filter.
func (check CheckFilter) property(c *core.Call, b *state.Base, t *state.Table, p *state.ViewProperty) *core.Failure {
	if p == nil {
		return nil
	}
	if len(p.Hidden) > MaxHiddenFields {
		return core.Violation("property.hidden_fields", "", "the max len is 300")
	}
	ids := slices.Clone(p.Hidden)
	if p.Hierarchy != nil && p.Hierarchy.FieldID != "" {
		ids = append(ids, p.Hierarchy.FieldID)
	}
	if filter := p.Filter; filter != nil {
		switch {
		case filter.Conjunction != "and" && filter.Conjunction != "or":
			return core.Violation("property.filter_info.conjunction", filter.Conjunction, "conjunction is and or or")
		case filter.Conditions == nil:
			return core.Violation("property.filter_info.conditions", "", "conditions is required")
		case len(filter.Conditions) > MaxViewConditions:
			return core.Violation("property.filter_info.conditions", "", "the max len is 50")
		}
		for i := range filter.Conditions {
			ids = append(ids, filter.Conditions[i].FieldID)
		}
	}
	for _, id := range ids {
		if t.FieldByID(id) == nil {
			return core.Fail(1254044)
		}
	}
	if p.Filter == nil {
		return nil
	}
	for i := range p.Filter.Conditions {
		condition := &p.Filter.Conditions[i]
		condition.ID, condition.FieldType = c.Store.NewID("con"), t.FieldByID(condition.FieldID).Type
	}
	return check(c, b, t, p.Filter)
}

// takeViewProperty gives v the members that p has.
func takeViewProperty(v *state.View, p *state.ViewProperty) {
	if p == nil {
		return
	}
	var next state.ViewProperty
	if v.Property != nil {
		next = *v.Property
	}
	if p.Filter != nil {
		next.Filter = p.Filter
	}
	if p.Hidden != nil {
		next.Hidden = p.Hidden
	}
	if p.Hierarchy != nil {
		next.Hierarchy = p.Hierarchy
	}
	v.Property = &next
}
