package outbox

import (
	"context"
	"time"
)

// usage is what waits or is under way.
type usage struct{ entries, rows, bytes int }

func (u *usage) fits(e *entry, b Bound) bool {
	return u.entries == 0 || u.entries+1 <= b.Entries && u.rows+e.size <= b.Rows && u.bytes+e.bytes <= b.Bytes
}

// admits reports whether there is room for e in its lane, for its tenant, in all, and in the store; mu is held.
func (c *core) admits(e *entry) bool {
	for _, at := range c.scopes(e) {
		if u := c.load[at.name]; u != nil && !u.fits(e, at.bound) {
			return false
		}
	}
	if !e.keep && !c.waiting.fits(e.tenant, e.memory+int64(e.bytes)) {
		return false
	}
	return !c.crowds[e.tenant] && c.kept.Entries < c.opts.Kept.Entries && c.kept.Bytes < c.opts.Kept.Bytes
}

type scope struct {
	name  string
	bound Bound
}

func (c *core) scopes(e *entry) [4]scope {
	return [4]scope{
		{"lane " + e.lane, c.opts.Lane},
		{"turn " + e.lane + " " + e.turn.tenant, c.opts.Lane.share()},
		{"tenant " + e.tenant, c.opts.Tenant},
		{"", c.opts.Total},
	}
}

// share is the part of a lane's bound that one tenant may take up.
func (b Bound) share() Bound {
	return Bound{Entries: b.Entries * shareOf / shareIn, Rows: b.Rows * shareOf / shareIn, Bytes: b.Bytes * shareOf / shareIn}
}

// count adds e to what waits; mu is held.
func (c *core) count(e *entry) {
	for _, at := range c.scopes(e) {
		u := c.load[at.name]
		if u == nil {
			u = &usage{}
			c.load[at.name] = u
		}
		u.entries++
		u.rows += e.size
		u.bytes += e.bytes
	}
	c.kept.Entries++
	c.kept.Bytes += int64(e.bytes)
}

// expire deletes the store's answers of before KeepFor and notes what it keeps.
func (c *core) expire(ctx context.Context) error {
	kept, crowding, err := c.opts.Store.Expire(ctx, time.Now().Add(-KeepFor), c.opts.Kept.share())
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.crowds = kept, make(map[string]bool, len(crowding))
	for _, tenant := range crowding {
		c.crowds[tenant] = true
	}
	return nil
}

// forgotten takes e off what the store keeps; mu is held. Each Expire counts that anew.
func (c *core) forgotten(e *entry) {
	c.kept.Entries--
	c.kept.Bytes -= int64(e.bytes)
}

// uncount takes e off what waits; mu is held.
func (c *core) uncount(e *entry) {
	for _, at := range c.scopes(e) {
		u := c.load[at.name]
		u.entries--
		u.rows -= e.size
		u.bytes -= e.bytes
		if u.entries == 0 {
			delete(c.load, at.name)
		}
	}
}
