package outbox

import (
	"cmp"
	"slices"
)

// caller is whose turn it is: the entries of one caller in a lane, in the order they came. It is guarded by Outbox.mu.
type caller struct {
	name   string
	queue  []*entry
	passed bool // was first in the ring and got nothing: goes before all next time
}

// room is what a call still has space for.
type room struct {
	rows, bytes int
	records     map[string]bool // updates and deletes: a record may be named once in a call
	options     map[option]bool // a new option too
	made        map[option]bool // options that are not new any more
	used        bool
}

// compose takes the rows of the next call from the lane, which must not be empty. The first caller in the ring decides the
// group. All callers whose next entry is of that group share the call, small demands first, so that each gets the
// same number of rows as any other that wants more (max-min fairness); the rest goes to whoever has more.
func (l *lane) compose() []item {
	head := l.ring[0]
	g := head.queue[0].group
	limit := maxRows(g.op)
	space := room{rows: limit, bytes: MaxBatchBytes, records: make(map[string]bool), options: make(map[option]bool), made: l.options}
	var items []item
	if head.passed {
		items = head.take(items, g, 1, &space) // a row, or an entry that stays together
	}
	for turns := l.turns(g, limit); len(turns) > 0 && space.rows > 0; {
		more := turns[:0] // who got rows and wants more: what others leave is shared out again
		share := max(1, space.rows/len(turns))
		for _, c := range turns {
			n := len(items)
			items = c.take(items, g, share, &space)
			if len(items) > n && c.demand(g, 1) > 0 {
				more = append(more, c)
			}
		}
		turns = more
	}
	head.passed = !slices.ContainsFunc(items, func(it item) bool { return it.e.sub.Caller == head.name })
	if !head.passed {
		l.ring = append(l.ring[1:], head)
	}
	l.ring = slices.DeleteFunc(l.ring, func(c *caller) bool {
		if len(c.queue) == 0 {
			delete(l.callers, c.name)
			return true
		}
		return false
	})
	return items
}

// turns are the callers whose next entry is of group g, small demands first.
func (l *lane) turns(g group, limit int) []*caller {
	demands := make(map[*caller]int)
	var turns []*caller
	for _, c := range l.ring {
		if demand := c.demand(g, limit); demand > 0 {
			demands[c] = demand
			turns = append(turns, c)
		}
	}
	slices.SortStableFunc(turns, func(a, b *caller) int { return cmp.Compare(demands[a], demands[b]) })
	return turns
}

// demand counts the rows that c could give to a call of group g, up to limit.
func (c *caller) demand(g group, limit int) int {
	n := 0
	for _, e := range c.queue {
		if e.group != g || n >= limit {
			break
		}
		n += len(e.todo)
	}
	return min(n, limit)
}

// take moves up to share rows of group g from the head of c's queue to items. An entry that must stay together and fits into
// one call goes whole, beyond the share if there is space, or not at all.
func (c *caller) take(items []item, g group, share int, space *room) []item {
	for len(c.queue) > 0 && share > 0 && space.rows > 0 {
		e := c.queue[0]
		if e.group != g {
			return items
		}
		whole := e.sub.Atomic && len(e.rows) <= maxRows(g.op)
		want := min(share, len(e.todo))
		if whole {
			want = len(e.todo)
		}
		n := space.fit(e, want)
		if n == 0 || whole && n < want && space.used {
			return items
		}
		for _, pos := range e.todo[:n] {
			row := &e.sub.Rows[pos]
			items = append(items, item{e: e, pos: pos, id: row.RecordID, fields: row.Fields})
			space.take(e, pos)
		}
		e.todo = e.todo[n:]
		e.out += n
		share -= n
		if len(e.todo) > 0 {
			return items
		}
		c.queue = c.queue[1:]
	}
	return items
}

// fit counts the leading rows of e, up to want, that fit: at least one if the call is empty.
func (r *room) fit(e *entry, want int) int {
	bytes := r.bytes
	var named map[string]bool
	if e.group.op == OpUpdate || e.group.op == OpDelete {
		named = make(map[string]bool)
	}
	options := make(map[option]bool)
	for n, pos := range e.todo[:want] {
		row := &e.sub.Rows[pos]
		bytes -= rowBytes(row)
		if n >= r.rows || bytes < 0 && (r.used || n > 0) {
			return n
		}
		for _, o := range e.options[pos] {
			if r.options[o] || options[o] {
				return n
			}
			options[o] = !r.made[o]
		}
		if named != nil {
			if r.records[row.RecordID] || named[row.RecordID] {
				return n
			}
			named[row.RecordID] = true
		}
	}
	return want
}

// take counts the row of e at pos in.
func (r *room) take(e *entry, pos int) {
	row := &e.sub.Rows[pos]
	r.used = true
	r.rows--
	r.bytes -= rowBytes(row)
	if e.group.op == OpUpdate || e.group.op == OpDelete {
		r.records[row.RecordID] = true
	}
	for _, o := range e.options[pos] {
		r.options[o] = !r.made[o]
	}
}
