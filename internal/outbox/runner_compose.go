package outbox

import (
	"cmp"
	"slices"
)

// turn names a queue of a lane: order is kept within it, and nowhere else.
type turn struct {
	tenant, imported  string // of the submission
	credential, table string
}

// tenant is whose turn it is: its queues in a lane, whose turn within it comes first in front. It is guarded by Outbox.mu.
type tenant struct {
	name    string
	callers []*caller
}

// caller is one queue of a tenant: its entries for one table by one credential, or those of one import, in the order they came. It
// is guarded by Outbox.mu.
type caller struct {
	key    turn
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

// compose takes the rows of the next call from the lane, which must not be empty. The first queue of the first tenant in the ring
// decides the group. All queues whose next entry is of that group share the call, small demands first, so that each tenant gets
// the same number of rows as any other that wants more (max-min fairness), and so does each queue of a tenant; the rest goes to
// whoever has more.
func (l *lane) compose() []item {
	first := l.ring[0]
	head := first.callers[0]
	g := head.queue[0].group
	limit := maxRows(g.op)
	space := room{rows: limit, bytes: MaxBatchBytes, records: make(map[string]bool), options: make(map[option]bool), made: l.options}
	var items []item
	if head.passed {
		items = head.take(items, g, 1, &space) // a row, or an entry that stays together
	}
	for turns := ordered(l.ring, g, limit); len(turns) > 0 && space.rows > 0; {
		more := turns[:0] // who got rows and wants more: what others leave is shared out again
		share := max(1, space.rows/len(turns))
		for _, t := range turns {
			n := len(items)
			items = t.take(items, g, share, &space)
			if len(items) > n && t.demand(g, 1) > 0 {
				more = append(more, t)
			}
		}
		turns = more
	}
	head.passed = !slices.ContainsFunc(items, func(it item) bool { return it.entry.turn == head.key })
	if !head.passed {
		l.ring = append(l.ring[1:], first)
		l.last = first.name
		first.callers = append(first.callers[1:], head)
	}
	l.prune()
	return items
}

// prune removes queues and tenants that have nothing in them.
func (l *lane) prune() {
	l.ring = slices.DeleteFunc(l.ring, func(t *tenant) bool {
		t.callers = slices.DeleteFunc(t.callers, func(c *caller) bool {
			if len(c.queue) == 0 {
				delete(l.callers, c.key)
			}
			return len(c.queue) == 0
		})
		if len(t.callers) == 0 {
			delete(l.tenants, t.name)
		}
		return len(t.callers) == 0
	})
}

// taker is a tenant or one of its queues.
type taker interface {
	comparable
	demand(g group, limit int) int
}

// ordered are those of list whose next entry is of group g, small demands first.
func ordered[T taker](list []T, g group, limit int) []T {
	demands := make(map[T]int)
	var turns []T
	for _, t := range list {
		if demand := t.demand(g, limit); demand > 0 {
			demands[t] = demand
			turns = append(turns, t)
		}
	}
	slices.SortStableFunc(turns, func(a, b T) int { return cmp.Compare(demands[a], demands[b]) })
	return turns
}

// demand counts the rows that t could give to a call of group g, up to limit.
func (t *tenant) demand(g group, limit int) int {
	n := 0
	for _, c := range t.callers {
		if n >= limit {
			break
		}
		n += c.demand(g, limit)
	}
	return min(n, limit)
}

// take moves up to share rows of group g from the heads of t's queues to items, shared out among the queues.
func (t *tenant) take(items []item, g group, share int, space *room) []item {
	for turns := ordered(t.callers, g, share); len(turns) > 0 && share > 0 && space.rows > 0; {
		more := turns[:0]
		part := max(1, share/len(turns))
		for _, c := range turns {
			n := len(items)
			items = c.take(items, g, min(part, share), space)
			if share -= len(items) - n; len(items) > n && c.demand(g, 1) > 0 {
				more = append(more, c)
			}
		}
		turns = more
	}
	return items
}

// demand counts the rows that c could give to a call of group g, up to limit.
func (c *caller) demand(g group, limit int) int {
	n := 0
	for _, e := range c.queue {
		if e.group != g || e.far || n >= limit {
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
		if e.group != g || e.far {
			return items
		}
		whole := e.sub.Atomic && e.size <= maxRows(g.op)
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
			items = append(items, item{entry: e, pos: pos, id: row.RecordID, fields: row.Fields})
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
