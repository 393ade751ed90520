package outbox

// usage is what waits or is under way.
type usage struct{ entries, rows, bytes int }

func (u *usage) fits(e *entry, b Bound) bool {
	return u.entries == 0 || u.entries+1 <= b.Entries && u.rows+len(e.rows) <= b.Rows && u.bytes+e.bytes <= b.Bytes
}

// admits reports whether there is room for e in its lane, for its tenant, in all, and in the store; o.mu is held.
func (o *Outbox) admits(e *entry) bool {
	for _, at := range o.places(e) {
		if u := o.load[at.name]; u != nil && !u.fits(e, at.bound) {
			return false
		}
	}
	return o.kept.Entries < o.opts.Kept.Entries && o.kept.Bytes < o.opts.Kept.Bytes
}

type place struct {
	name  string
	bound Bound
}

func (o *Outbox) places(e *entry) [3]place {
	return [3]place{{"lane " + e.lane, o.opts.Lane}, {"tenant " + e.tenant, o.opts.Tenant}, {"", o.opts.Total}}
}

// count adds e to what waits; o.mu is held.
func (o *Outbox) count(e *entry) {
	for _, at := range o.places(e) {
		u := o.load[at.name]
		if u == nil {
			u = &usage{}
			o.load[at.name] = u
		}
		u.entries++
		u.rows += len(e.rows)
		u.bytes += e.bytes
	}
	o.kept.Entries++
	o.kept.Bytes += int64(e.bytes)
}

// forgotten takes e off what the store keeps; o.mu is held. Each Expire counts that anew.
func (o *Outbox) forgotten(e *entry) {
	o.kept.Entries--
	o.kept.Bytes -= int64(e.bytes)
}

// release takes e off what waits; o.mu is held.
func (o *Outbox) release(e *entry) {
	for _, at := range o.places(e) {
		u := o.load[at.name]
		u.entries--
		u.rows -= len(e.rows)
		u.bytes -= e.bytes
		if u.entries == 0 {
			delete(o.load, at.name)
		}
	}
}
