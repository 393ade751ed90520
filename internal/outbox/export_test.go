package outbox

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
