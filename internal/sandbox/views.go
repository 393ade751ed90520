package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

func listViews(c *call) (any, *failure) {
	b, t, f := openTable(c, false)
	if f != nil {
		return nil, f
	}
	return listPage(c, b, func() []any { return mapSlice(t.views, func(v view) any { return v }) })
}

func getView(c *call) (any, *failure) {
	id := c.params["view_id"]
	if !viewIDShape.MatchString(id) {
		return nil, fail(1254005)
	}
	b, t, f := openTable(c, false)
	if f != nil {
		return nil, f
	}
	end, f := c.begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, v := range t.views {
		if v.ID == id {
			return map[string]any{"view": v}, nil
		}
	}
	return nil, fail(1254042)
}

const (
	maxViews         = 200 // per table: 1254101
	maxViewNameChars = 100
)

var viewTypes = []string{"grid", "kanban", "gallery", "gantt", "form"}

type viewInput struct {
	Name string `json:"view_name"`
	Type string `json:"view_type"`
	// Property is accepted: the sandbox's views show all rows.
	Property map[string]any `json:"property"`
}

// checkViewName is for a new view (own "") or the new name of an old one.
func checkViewName(t *table, name, own string) *failure {
	switch {
	case name == "":
		return fail(1254021)
	case utf8.RuneCountInString(name) > maxViewNameChars || strings.ContainsAny(name, "[]"):
		return fail(1254022)
	case slices.ContainsFunc(t.views, func(v view) bool { return v.Name == name && v.ID != own }):
		return fail(1254020)
	}
	return nil
}

func createView(c *call) (any, *failure) {
	var body viewInput
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	body.Type = cmp.Or(body.Type, viewTypes[0])
	return changeTable(c, func(_ *base, t *table) (any, *failure) {
		if f := checkViewName(t, body.Name, ""); f != nil {
			return nil, f
		}
		switch {
		case !slices.Contains(viewTypes, body.Type):
			return nil, fail(1254019)
		case len(t.views) >= maxViews:
			return nil, fail(1254101)
		}
		made := view{ID: c.store.newID("vew"), Name: body.Name, Type: body.Type, Level: "Public"}
		t.views = append(t.views, made)
		return map[string]any{"view": made}, nil
	})
}

func updateView(c *call) (any, *failure) {
	var body viewInput
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	return changeView(c, func(t *table, at int) (any, *failure) {
		if body.Name != "" {
			if f := checkViewName(t, body.Name, t.views[at].ID); f != nil {
				return nil, f
			}
			t.views[at].Name = body.Name
		}
		return map[string]any{"view": t.views[at]}, nil
	})
}

func deleteView(c *call) (any, *failure) {
	return changeView(c, func(t *table, at int) (any, *failure) {
		if len(t.views) == 1 {
			return nil, fail(1254023)
		}
		t.views = slices.Delete(t.views, at, at+1)
		return struct{}{}, nil
	})
}

// changeView runs a change to the view of the path.
func changeView(c *call, change func(t *table, at int) (any, *failure)) (any, *failure) {
	id := c.params["view_id"]
	if !viewIDShape.MatchString(id) {
		return nil, fail(1254005)
	}
	return changeTable(c, func(_ *base, t *table) (any, *failure) {
		at := slices.IndexFunc(t.views, func(v view) bool { return v.ID == id })
		if at < 0 {
			return nil, fail(1254042)
		}
		return change(t, at)
	})
}
