package disktest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// Disk is a Recorder that keeps every event. The zero value is ready; it is safe for concurrent use.
type Disk struct {
	mu     sync.Mutex
	events []Event
}

// Record implements Recorder.
func (d *Disk) Record(e Event) {
	e.Data = bytes.Clone(e.Data)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// Note records that somebody was told something.
func (d *Disk) Note(text string) { d.Record(Event{Kind: Noted, File: text}) }

// Events returns the events so far; they are not to be changed.
func (d *Disk) Events() []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clip(d.events)
}

// Notes returns what was noted among the first n events with this prefix, without the prefix.
func (d *Disk) Notes(n int, prefix string) []string {
	var list []string
	for _, e := range d.Events()[:n] {
		if text, ok := strings.CutPrefix(e.File, prefix); ok && e.Kind == Noted {
			list = append(list, text)
		}
	}
	return list
}

// Syncs counts the syncs so far.
func (d *Disk) Syncs() int {
	n := 0
	for _, e := range d.Events() {
		if e.Kind == Synced {
			n++
		}
	}
	return n
}

// Restore writes to dir what the disk holds if the power is cut after the first n events.
func (d *Disk) Restore(dir string, n int, rest Tail) error {
	var image Image
	for _, e := range d.Events()[:n] {
		image.Record(e)
	}
	return image.Cut(dir, rest)
}
