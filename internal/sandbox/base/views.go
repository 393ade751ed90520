package base

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// CheckView checks a view id.
func CheckView(t *state.Table, id string) *core.Failure {
	switch {
	case id == "":
		return nil
	case !state.ViewIDShape.MatchString(id):
		return core.Fail(1254005)
	case !slices.ContainsFunc(t.Views, func(v state.View) bool { return v.ID == id }):
		return core.Fail(1254042)
	}
	return nil
}

func listViews(c *core.Call) (any, *core.Failure) {
	b, t, f := OpenTable(c, false)
	if f != nil {
		return nil, f
	}
	return listPage(c, b, func() []any { return core.MapSlice(t.Views, func(v state.View) any { return v }) })
}

func getView(c *core.Call) (any, *core.Failure) {
	id := c.Params["view_id"]
	if !state.ViewIDShape.MatchString(id) {
		return nil, core.Fail(1254005)
	}
	b, t, f := OpenTable(c, false)
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.RLock()
	defer b.RUnlock()
	for _, v := range t.Views {
		if v.ID == id {
			return map[string]any{"view": v}, nil
		}
	}
	return nil, core.Fail(1254042)
}

// Limits of views.
const (
	MaxViews         = 200 // per table: 1254101
	MaxViewNameChars = 100
)

var viewTypes = []string{"grid", "kanban", "gallery", "gantt", "form"}

type viewInput struct {
	Name     string              `json:"view_name"`
	Type     string              `json:"view_type"`
	Property *state.ViewProperty `json:"property"`
}

// checkViewName is for a new view (own "") or the new name of an old one.
func checkViewName(t *state.Table, name, own string) *core.Failure {
	switch {
	case name == "":
		return core.Fail(1254021)
	case utf8.RuneCountInString(name) > MaxViewNameChars || strings.ContainsAny(name, "[]"):
		return core.Fail(1254022)
	case slices.ContainsFunc(t.Views, func(v state.View) bool { return v.Name == name && v.ID != own }):
		return core.Fail(1254020)
	}
	return nil
}

func createView(c *core.Call) (any, *core.Failure) {
	var body viewInput
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	body.Type = cmp.Or(body.Type, viewTypes[0])
	return changeTable(c, func(_ *state.Base, t *state.Table) (any, *core.Failure) {
		if f := checkViewName(t, body.Name, ""); f != nil {
			return nil, f
		}
		switch {
		case !slices.Contains(viewTypes, body.Type):
			return nil, core.Fail(1254019)
		case len(t.Views) >= MaxViews:
			return nil, core.Fail(1254101)
		}
		made := state.View{ID: c.Store.NewID("vew"), Name: body.Name, Type: body.Type, Level: "Public"}
		t.Views = append(t.Views, made)
		return map[string]any{"view": made}, nil
	})
}

// CheckFilter tells what is wrong with the filter of a view; the caller holds the base's lock. The family of records knows filters.
type CheckFilter func(c *core.Call, b *state.Base, t *state.Table, filter *state.ViewFilter) *core.Failure

// updateView changes the members that the body has; a member that is null stays.
func (check CheckFilter) updateView(c *core.Call) (any, *core.Failure) {
	var body viewInput
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	return changeView(c, func(b *state.Base, t *state.Table, at int) (any, *core.Failure) {
		if f := check.property(c, b, t, body.Property); f != nil {
			return nil, f
		}
		if body.Name != "" {
			if f := checkViewName(t, body.Name, t.Views[at].ID); f != nil {
				return nil, f
			}
			t.Views[at].Name = body.Name
		}
		takeViewProperty(&t.Views[at], body.Property)
		return map[string]any{"view": t.Views[at]}, nil
	})
}

func deleteView(c *core.Call) (any, *core.Failure) {
	return changeView(c, func(_ *state.Base, t *state.Table, at int) (any, *core.Failure) {
		if len(t.Views) == 1 {
			return nil, core.Fail(1254023)
		}
		t.Views = slices.Delete(t.Views, at, at+1)
		return struct{}{}, nil
	})
}

// changeView runs a change to the view of the path.
func changeView(
	c *core.Call, change func(b *state.Base, t *state.Table, at int) (any, *core.Failure),
) (any, *core.Failure) {
	id := c.Params["view_id"]
	if !state.ViewIDShape.MatchString(id) {
		return nil, core.Fail(1254005)
	}
	return changeTable(c, func(b *state.Base, t *state.Table) (any, *core.Failure) {
		at := slices.IndexFunc(t.Views, func(v state.View) bool { return v.ID == id })
		if at < 0 {
			return nil, core.Fail(1254042)
		}
		return change(b, t, at)
	})
}
