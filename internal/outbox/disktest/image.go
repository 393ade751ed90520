package disktest

import (
	"bytes"
	"os"
	"path/filepath"
)

// Tail is what becomes of writes that were not synced when the power is cut.
type Tail int

// The possible fates of unsynced writes.
const (
	TailLost Tail = iota
	TailKept
	TailTorn // of each file only the first half of them, the last one cut in two
)

// Image is what a disk holds, and what was written and is not there yet. The memory that is shared for a WAL's index is never on a disk.
// The zero value is an empty disk. One goroutine uses it.
type Image struct {
	synced  map[string][]byte
	loose   map[string][]Event // writes and truncations since the last sync
	syncing map[string]int     // how many of them the sync under way has seen
}

// Record implements Recorder.
func (i *Image) Record(e Event) {
	if i.synced == nil {
		i.synced, i.loose, i.syncing = make(map[string][]byte), make(map[string][]Event), make(map[string]int)
	}
	switch e.Kind {
	case Wrote, Truncated:
		e.Data = bytes.Clone(e.Data)
		i.loose[e.File] = append(i.loose[e.File], e)
	case Syncing:
		i.syncing[e.File] = len(i.loose[e.File])
	case Synced:
		n := min(i.syncing[e.File], len(i.loose[e.File])) // the file may have been removed meanwhile
		i.synced[e.File] = written(i.synced[e.File], i.loose[e.File][:n])
		i.loose[e.File] = append([]Event(nil), i.loose[e.File][n:]...)
		i.syncing[e.File] = 0
	case Removed: // the name may go before anything else is on the disk
		delete(i.synced, e.File)
		delete(i.loose, e.File)
	case Noted:
	}
}

// Unsynced counts the writes that are not on the disk.
func (i *Image) Unsynced() int {
	n := 0
	for _, events := range i.loose {
		n += len(events)
	}
	return n
}

// Cut cuts the power: it writes the files as they are on the disk then to dir, and goes on from these. Other files of dir stay.
func (i *Image) Cut(dir string, rest Tail) error {
	for file, events := range i.loose {
		switch {
		case len(events) == 0 || rest == TailLost:
			continue
		case rest == TailTorn:
			events = events[:(len(events)+1)/2]
			last := &events[len(events)-1]
			last.Data = last.Data[:len(last.Data)/2]
		}
		i.synced[file] = written(i.synced[file], events)
	}
	clear(i.loose)
	clear(i.syncing)
	for file, data := range i.synced {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// written returns the content of a file after writes and truncations.
func written(content []byte, events []Event) []byte {
	for _, e := range events {
		if e.Kind == Truncated && e.At < int64(len(content)) {
			content = content[:e.At]
			continue
		}
		if grow := e.At + int64(len(e.Data)) - int64(len(content)); grow > 0 {
			content = append(content, make([]byte, grow)...)
		}
		copy(content[e.At:], e.Data)
	}
	return content
}
