package base

import (
	"slices"
	"strconv"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// openBase finds the base of the path and checks the app's right to it.
func openBase(c *core.Call, write bool) (*state.Base, *core.Failure) {
	return OpenBase(c, c.Params["app_token"], write)
}

// OpenBase finds a base by its app_token and checks the app's right to it.
func OpenBase(c *core.Call, token string, write bool) (*state.Base, *core.Failure) {
	if !state.AppTokenShape.MatchString(token) {
		return nil, core.Fail(1254003)
	}
	b := c.Store.Base(token)
	if b == nil {
		return nil, core.Fail(91402) // a wiki token too
	}
	writes := manages(c, b) || slices.Contains(b.Spec.Editors, c.AppID)
	switch {
	case !writes && !slices.Contains(b.Spec.Readers, c.AppID):
		return nil, core.Fail(91403)
	case b.Spec.Copying:
		return nil, core.Fail(1254036)
	case write && !writes:
		return nil, core.Fail(1254302)
	}
	return b, nil
}

// manages reports whether the caller may do everything in the base: a collaborating app, or the base's PersonalBaseToken.
func manages(c *core.Call, b *state.Base) bool {
	return slices.Contains(b.Spec.Collaborators, c.AppID) || b.Spec.PersonalToken != "" && c.AppID == b.Spec.PersonalCaller()
}

// OpenTable finds the table of the path as well.
func OpenTable(c *core.Call, write bool) (*state.Base, *state.Table, *core.Failure) {
	b, f := openBase(c, write)
	if f != nil {
		return nil, nil, f
	}
	id := c.Params["table_id"]
	if !state.TableIDShape.MatchString(id) {
		return nil, nil, core.Fail(1254004)
	}
	b.RLock()
	t := b.Tables[id]
	b.RUnlock()
	if t == nil || t.ByAPI && time.Since(t.Created) < c.Options.CreationLag {
		return nil, nil, core.Fail(1254041)
	}
	return b, t, nil
}

// SeesNoRows reports whether the app sees no rows: the base has advanced permissions, and the app may not manage it.
func SeesNoRows(c *core.Call, b *state.Base) bool {
	return b.Spec.Advanced && !manages(c, b)
}

// WriteLane is the lane that the call must take; nil when the rule of one write at a time does not hold for it.
func WriteLane(c *core.Call, b *state.Base, t *state.Table) (*state.WriteLane, *core.Failure) {
	value := c.Request.URL.Query().Get("ignore_consistency_check")
	ignore, err := strconv.ParseBool(value)
	if value != "" && err != nil {
		return nil, core.Violation("ignore_consistency_check", value, "ignore_consistency_check must be a boolean")
	}
	switch {
	case !c.Route.Locks || c.Options.ConflictScope == core.ScopeNone || ignore && c.Options.IgnoreConsistencyLifts:
		return nil, nil
	case c.Options.ConflictScope == core.ScopeBase:
		return &b.Lane, nil
	default:
		return &t.Lane, nil
	}
}

// maxTablesPage is the largest page_size of tables, columns and views.
const maxTablesPage = 100

// listPage answers one page of a short list; items runs under the base's read lock.
func listPage(c *core.Call, b *state.Base, items func() []any) (any, *core.Failure) {
	params := c.Request.URL.Query()
	size, f := core.PageSize(params.Get("page_size"), core.DefaultPage, maxTablesPage)
	if f != nil {
		return nil, f
	}
	at, f := core.Position(params.Get("page_token"))
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.RLock()
	all := items()
	b.RUnlock()
	from := min(int(at), len(all))
	to := min(from+size, len(all))
	// page_token is there on the last page too, as the official examples have it: only has_more tells.
	return map[string]any{"items": all[from:to], "has_more": to < len(all), "page_token": core.PageToken(int64(to)), "total": len(all)}, nil
}

// changeBase runs a change to the base's tables under its lock.
func changeBase(c *core.Call, change func(*state.Base) (any, *core.Failure)) (any, *core.Failure) {
	b, f := openBase(c, true)
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.Lock()
	defer b.Unlock()
	data, f := change(b)
	c.Committed = f == nil
	return data, f
}

// changeTable runs a change to one table under the write rule and the base's lock.
func changeTable(c *core.Call, change func(*state.Base, *state.Table) (any, *core.Failure)) (any, *core.Failure) {
	b, t, f := OpenTable(c, true)
	if f != nil {
		return nil, f
	}
	lane, f := WriteLane(c, b, t)
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(lane, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.Lock()
	defer b.Unlock()
	if b.Tables[t.ID] != t {
		return nil, core.Fail(1254041)
	}
	data, f := change(b, t)
	if f == nil {
		c.Committed = true
		t.Revision++
		b.Revision++
	}
	return data, f
}
