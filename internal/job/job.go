package job

import (
	"errors"
	"time"
)

// Bounds of jobs.
const (
	MaxPayloadBytes = 1 << 20   // of one payload, before it is sealed
	MaxWaiting      = 200_000   // jobs that wait, in all
	MaxWaitingBytes = 512 << 20 // of their payloads as stored
	MaxKeyBytes     = 512       // of Key, Unique and Tenant

	MaxAhead = 7 * 24 * time.Hour  // how far ahead Due may be; later than that is a Schedule's
	MaxAge   = 14 * 24 * time.Hour // how old a job can become before it is dead, whatever its handler answers
)

// Errors of Enqueue and of the calls of a console.
var (
	ErrFull     = errors.New("too many jobs wait")
	ErrTooLarge = errors.New("the payload of the job is too large")
	ErrInvalid  = errors.New("the job is not complete or beyond a bound")
	ErrUnknown  = errors.New("there is no such kind of job")
	ErrNoJob    = errors.New("there is no such job")
	ErrState    = errors.New("the job is not in a state for that")
)

// State is where a job stands.
//
//	waiting ─► done        the handler answered Done
//	        ─► dead        it answered Dead, or the tries are at their end; Retry makes it waiting again
//	        ─► cancelled   Cancel; Retry makes it waiting again
//
// A job that is being worked on is waiting, too: whoever works may die.
type State string

// The states of a job.
const (
	Waiting   State = "waiting"
	Finished  State = "done"
	DeadState State = "dead"
	Cancelled State = "cancelled"
)

// Job is what Enqueue stores. Kind.Job makes one.
type Job struct {
	Kind    string
	Payload []byte // JSON; sealed before it is stored
	Tenant  string // whose it is: an opaque digest; "" for the service's own
	// Key orders: jobs of one kind and key are done one at a time, in the order of enqueueing. "" for none.
	Key string
	// Unique refuses a second job of the kind with the same text, for as long as the first is kept (Retention). "" for none.
	Unique string
	// Brief makes Unique hold only while the first job waits.
	Brief bool
	Due   time.Time // not before; zero for at once
}

// Receipt is what Enqueue answers for a job.
type Receipt struct {
	ID  string
	New bool // false: ID is that of the job which had Unique before
}

// Info is a job as a console shows it. It holds nothing of the payload.
type Info struct {
	ID, Kind, Tenant string
	State            State
	Working          bool   // a worker has its lane now
	Tries            int    // that failed
	Code             string // of the last failure
	Created, Due     time.Time
	Ended            time.Time // zero while it waits
}

// Filter says which jobs List returns; zero fields select everything.
type Filter struct {
	Kind, Tenant string
	State        State
	Before       string // the id of the last job of the page before
	Limit        int    // at most MaxList, which 0 stands for
}

// MaxList is how many jobs List returns at most.
const MaxList = 200
