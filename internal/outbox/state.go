package outbox

import (
	"log/slog"
)

// step is a state and what happens in it.
type step[S, E comparable] struct {
	from  S
	event E
}

// table says which state follows each step. A step that is not in it is illegal.
type table[S, E comparable] map[step[S, E]]S

// transition is the only function that changes the state of an entry. Outbox.mu is held. It refuses a step that the table does
// not have: the state stays, the fault is logged and counted, and false is returned. That is a fault of the program; callers
// go on, so that the rows are still answered.
func (c *core) transition(e *entry, event EntryEvent) bool {
	from := e.state
	to, legal := entryTable[step[EntryState, EntryEvent]{from, event}]
	if legal {
		e.state = to
	}
	c.stepped("entry", e.id, from.String(), event.String(), legal)
	return legal
}

// transitionBatch is transition for a batch: the only function that changes its state. Outbox.mu is held.
func (c *core) transitionBatch(b *batch, event BatchEvent) bool {
	from := b.state
	to, legal := batchTable[step[BatchState, BatchEvent]{from, event}]
	if legal {
		b.state = to
	}
	c.stepped("batch", b.id, from.String(), event.String(), legal)
	return legal
}

// stepped logs and counts an illegal step.
func (c *core) stepped(kind, id, from, event string, legal bool) {
	if c.observe != nil {
		c.observe(kind, from, event, legal)
	}
	if !legal {
		c.illegal++
		c.opts.Logger.Error("illegal transition",
			slog.String("of", kind), slog.String("id", id), slog.String("state", from), slog.String("event", event))
	}
}
