package outbox

import "fmt"

// MaxCellTries is maxCellTries.
const MaxCellTries = maxCellTries

// Observe lets f see every step of an entry or a batch, legal or not. It is called before Start.
func (o *Outbox) Observe(f func(kind, from, event string, legal bool)) { o.core.observe = f }

// Illegal is how many transitions were refused.
func (o *Outbox) Illegal() int {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	return o.core.illegal
}

// Steps are all legal steps, as Observe shows them.
func Steps() []string {
	var steps []string
	for s := range entryTable {
		steps = append(steps, "entry "+s.from.String()+": "+s.event.String())
	}
	for s := range batchTable {
		steps = append(steps, "batch "+s.from.String()+": "+s.event.String())
	}
	return steps
}

// Held is how many bytes of rows are counted as in memory, of entries that are not stored and of those that are.
func (o *Outbox) Held() (waiting, near int64) {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	near = o.core.near.used
	if e := o.core.near.over; e != nil {
		near += e.memory
	}
	return o.core.waiting.used, near
}

// Far is how many entries are in memory without their rows.
func (o *Outbox) Far() int {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	n := 0
	for _, e := range o.core.entries {
		if e.far {
			n++
		}
	}
	return n
}

// Miscounted says what is wrong with the counts of rows in memory; "" if they are those of the entries that are there.
func (o *Outbox) Miscounted() string {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	for name, p := range map[string]*pool{"waiting": o.core.waiting, "near": o.core.near} {
		used, over := int64(0), p.over == nil
		tenants := make(map[string]int64)
		for _, e := range o.core.entries {
			switch {
			case e.pool != p:
			case e == p.over:
				over = true
			default:
				used += e.counted
				tenants[e.tenant] += e.counted
			}
		}
		if used != p.used || !over || len(tenants) != len(p.tenants) {
			return fmt.Sprintf("%s: %d bytes of %d tenants are counted, not %d of %d; beyond the limit is one that is there: %v",
				name, p.used, len(p.tenants), used, len(tenants), over)
		}
	}
	return ""
}

// Learn has the lanes look at their batches of unknown outcome, as they do when another instance's entries are loaded.
func (o *Outbox) Learn() {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	for _, l := range o.runner.lanes {
		l.learn(nil)
	}
}
