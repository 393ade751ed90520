package sandbox

import (
	"slices"
	"time"
)

// openBase finds the base of the path and checks the app's right to it.
func (c *call) openBase(write bool) (*base, *failure) {
	token := c.params["app_token"]
	if !appTokenShape.MatchString(token) {
		return nil, fail(1254003)
	}
	c.sb.mu.RLock()
	b := c.sb.bases[token]
	c.sb.mu.RUnlock()
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
func (c *call) openTable(write bool) (*base, *table, *failure) {
	b, f := c.openBase(write)
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
func (c *call) blind(b *base) bool {
	return b.spec.Advanced && !slices.Contains(b.spec.Collaborators, c.appID)
}
