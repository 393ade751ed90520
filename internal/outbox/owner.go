package outbox

import (
	"context"
	"errors"
)

// Owner decides which of several instances over one store runs a lane, and carries notes between them. LocalOwner is the
// implementation for outboxes of one process. All methods are safe for concurrent use and may be called with locks held: only
// Acquire may wait.
type Owner interface {
	// Acquire takes the lane, or returns ErrOwned if somebody has it already. The lease lasts until it is released, taken away
	// or ctx ends.
	Acquire(ctx context.Context, lane string) (Lease, error)
	// Notify tells all who listen. A note may be lost; who waits for one asks the store from time to time as well.
	Notify(note Note)
	// Listen calls f for each note from now on, each time on a goroutine of its own.
	Listen(f func(Note)) (stop func())
}

// Lease is the right to run a lane.
type Lease interface {
	// Token is the fencing token: it grows with each lease of a lane. A store refuses the changes of an older one.
	Token() int64
	// Left reports whether an earlier owner left entries in the store that are not done.
	Left() bool
	// Context ends with the lease.
	Context() context.Context
	// Release gives the lane back; left says whether entries that are not done stay in the store. It may be called twice.
	Release(left bool)
}

// ErrOwned is returned by Acquire for a lane that somebody has.
var ErrOwned = errors.New("the lane has an owner")

// ErrFenced is returned by a store for a change whose fencing token is older than another that it has seen for the lane.
var ErrFenced = errors.New("the lane has a newer owner")

// NoteKind is what a note says.
type NoteKind uint8

// The kinds of notes.
const (
	NoteStored   NoteKind = iota // somebody stored something of the lane that its owner has to load
	NoteAnswered                 // the owner stored answers
	NoteFree                     // the lane has no owner and entries that are not done
)

// Note is a word between instances about a lane.
type Note struct {
	Lane string
	Kind NoteKind
}

// Fence says on which lease a change rests.
type Fence struct {
	Lane  string
	Token int64
}
