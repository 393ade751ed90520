package job

import (
	"context"
	"time"
)

// Times of the queue.
const (
	JobTimeout  = 60 * time.Second // no worker has a ticket for longer
	RescueAfter = 90 * time.Second // a ticket of a worker that never answered goes back to the queue
	// holdFor is how long a claim keeps others from a lane: a handler has ended by then.
	holdFor = JobTimeout
)

// Queue hands out tickets: each to one worker at a time, as far as it can tell. It may hand one out again that is being worked on,
// and may lose one: runs and lanes make up for both.
type Queue interface {
	// Add puts one ticket for each lane into the queue, when tx is committed, and returns their numbers in the same order.
	Add(ctx context.Context, tx Tx, lanes []Lane) ([]int64, error)
	// Start hands tickets of the kinds to work until Stop.
	Start(ctx context.Context, kinds []Pool, work func(context.Context, Claimed) Verdict) error
	// Stop hands out no more tickets, and waits for the work under way until ctx ends; then it ends that work's contexts and waits
	// for it still. It may be called more than once.
	Stop(ctx context.Context) error
}

// Keeper repairs what a queue cannot see by itself.
type Keeper interface {
	// Instance is the name under which this process takes tickets.
	Instance() string
	// Sweep gives the tickets back that the named instance had, or, without a name, all that are handed out, and returns them.
	Sweep(ctx context.Context, tx Tx, instance string) ([]int64, error)
	// Lost returns lanes whose ticket is not in the queue any more, at most limit.
	Lost(ctx context.Context, tx Tx, limit int) ([]Lane, error)
}

// Lane is a lane as the queue knows it.
type Lane struct {
	Name, Kind string
	Due        time.Time // zero for at once
	Ticket     int64     // the one that counts; of Lost
}

// Pool is a kind of tickets with the number of workers that are its own; 0 shares those of the others.
type Pool struct {
	Kind    string
	Workers int
}

// Claimed is a ticket in a worker's hands.
type Claimed struct {
	Ticket     int64
	Lane, Kind string
	// End takes the ticket out of the queue when tx is committed.
	End func(ctx context.Context, tx Tx) error
}

// Verdict is what becomes of a ticket.
type Verdict struct {
	Ended bool          // it is of no use any more
	After time.Duration // otherwise: hand it out again after this
}
