package sandbox

import (
	"slices"
	"time"
)

// openBase finds the base of the path and checks the app's right to it.
func openBase(c *call, write bool) (*base, *failure) {
	return openBaseOf(c, c.params["app_token"], write)
}

// openBaseOf finds a base by its app_token and checks the app's right to it.
func openBaseOf(c *call, token string, write bool) (*base, *failure) {
	if !appTokenShape.MatchString(token) {
		return nil, fail(1254003)
	}
	b := c.store.base(token)
	if b == nil {
		return nil, fail(91402) // a wiki token too
	}
	full := slices.Contains(b.spec.Collaborators, c.appID)
	switch {
	case !full && !slices.Contains(b.spec.Readers, c.appID):
		return nil, fail(91403)
	case b.spec.Copying:
		return nil, fail(1254036)
	case write && !full:
		return nil, fail(1254302)
	}
	return b, nil
}

// openTable finds the table of the path as well.
func openTable(c *call, write bool) (*base, *table, *failure) {
	b, f := openBase(c, write)
	if f != nil {
		return nil, nil, f
	}
	id := c.params["table_id"]
	if !tableIDShape.MatchString(id) {
		return nil, nil, fail(1254004)
	}
	b.mu.RLock()
	t := b.tables[id]
	b.mu.RUnlock()
	if t == nil || t.byAPI && time.Since(t.created) < c.opts.CreationLag {
		return nil, nil, fail(1254041)
	}
	return b, t, nil
}

// blind reports whether the app sees no rows: it may only read, and the base has advanced permissions.
func blind(c *call, b *base) bool {
	return b.spec.Advanced && !slices.Contains(b.spec.Collaborators, c.appID)
}
