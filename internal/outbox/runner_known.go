package outbox

import (
	"maps"
	"slices"
	"time"
)

// maxKnown bounds the record ids that a lane remembers.
const maxKnown = 100_000

// creation is what a create of a lane has made.
type creation struct {
	at  time.Time // when that was known
	ids []string
}

// learn remembers records that a batch is known to have made, and forgets those that no batch of unknown outcome can be taken
// for any more; mu is held.
func (l *lane) learn(ids []string) {
	now := time.Now()
	oldest := now
	for b := range l.uncertain(nil) {
		if b.first.Before(oldest) {
			oldest = b.first
		}
	}
	l.known = append(l.known, creation{now, ids})
	l.knownIDs += len(ids)
	for len(l.known) > 1 && (l.knownIDs > maxKnown || l.known[0].at.Before(oldest.Add(-clockSlack))) {
		l.knownIDs -= len(l.known[0].ids)
		l.known = l.known[1:]
	}
}

// uncertain are the creates of unknown outcome that the lane went on without, except b; mu is held.
func (l *lane) uncertain(b *batch) map[*batch]bool {
	list := make(map[*batch]bool)
	for other := range l.pending {
		list[other] = true
	}
	for _, other := range l.resumed {
		list[other] = true
	}
	maps.DeleteFunc(list, func(other *batch, _ bool) bool { return other == b || !other.uncertain || other.op != OpCreate })
	return list
}

// circumstances are what the lane knows when the rows of b are looked for.
func (r *runner) circumstances(l *lane, b *batch, spent bool) circumstances {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := circumstances{others: make(map[string]bool, l.knownIDs), claims: make(map[string]int), spent: spent}
	for i := range l.known {
		for _, id := range l.known[i].ids {
			c.others[id] = true
		}
	}
	for other := range l.uncertain(b) {
		if other.lead().sub.Table.TableID != b.lead().sub.Table.TableID {
			continue
		}
		for i := range other.items {
			c.claims[string(other.items[i].fields)]++
		}
	}
	return c
}

// witness has the store keep what b makes for as long as a create of unknown outcome has rows of the same content: a restart must
// not take the records of one for those of the other. It returns the ids of the entries concerned; mu is held.
func (l *lane) witness(b *batch) []string {
	if b.op != OpCreate {
		return nil
	}
	var ids []string
	own := b.entries()
	for other := range l.uncertain(b) {
		if other.lead().sub.Table.TableID != b.lead().sub.Table.TableID || !shareContent(b, other) {
			continue
		}
		for _, e := range other.entries() {
			if !slices.Contains(own, e) && !slices.Contains(ids, e.id) {
				ids = append(ids, e.id)
			}
		}
	}
	b.witnessed = len(ids) > 0
	return ids
}

// shareContent reports whether two creates have a row in common.
func shareContent(b, other *batch) bool {
	contents := make(map[string]bool, len(b.items))
	for i := range b.items {
		contents[string(b.items[i].fields)] = true
	}
	return slices.ContainsFunc(other.items, func(it item) bool { return contents[string(it.fields)] })
}
