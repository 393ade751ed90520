// Package disktest records what SQLite does to its files, and says what is left of them after a power cut. It serves tests and
// rowgate-bench; the program rowgate does not contain it.
//
// Watch makes a recording VFS the default of this process, through modernc.org/sqlite, and gives what is done to the files of one
// directory to a Recorder: a Disk in memory, or a Log in a file, which outlives a kill -9 of the process. An Image takes the events
// in order and holds what is on the disk and what is not there yet.
package disktest

// Kind is what was done.
type Kind byte

// The kinds of events. A sync has two, because what was written while it was under way need not be on the disk when it ends.
const (
	Wrote     Kind = iota + 1
	Truncated      // At is the new length
	Syncing
	Synced
	Removed
	Noted // somebody was told something; it concerns no file
)

// Event is one step of what was done to the files of a directory.
type Event struct {
	Kind Kind
	File string // its name without the directory; the text of Noted
	At   int64  // offset of a write, new length of a truncated file
	Data []byte // of a write
}

// Recorder is given the events of a directory one after another, a write and a truncation before they are done. It keeps no Data after
// it returns.
type Recorder interface {
	Record(e Event)
}
