package postgres

import "time"

// Trusts reports whether the instance takes another one for dead whose lock is free.
func (o *Owner) Trusts() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hears && time.Since(o.heardFrom) > trustAfter
}
