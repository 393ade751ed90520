package outbox

// Observe lets f see every step of an entry or a batch, legal or not. It is called before Start.
func (o *Outbox) Observe(f func(kind, from, event string, legal bool)) { o.core.observe = f }

// Illegal is how many transitions were refused.
func (o *Outbox) Illegal() int {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	return o.core.illegal
}
