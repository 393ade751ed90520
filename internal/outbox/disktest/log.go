package disktest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// A record of a Log is its header (kind, length of the name, offset, length of the data), the name and the data.
const headerBytes = 1 + 1 + 8 + 4

// Moment is when Log.CutAt ends the process.
type Moment int32

// Around a sync.
const (
	never Moment = iota
	BeforeSync
	AfterSync
)

// Log is a Recorder that appends the events to a file. What it was given is in the file, whenever and however the process ends. It is
// safe for concurrent use.
type Log struct {
	mu     sync.Mutex
	file   *os.File
	buffer []byte
	cutAt  atomic.Int32
}

// CreateLog makes the file at path, or empties it. It stays open until the process ends.
func CreateLog(path string) (*Log, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the caller's own path
	return &Log{file: file}, err
}

// CutAt lets this process end as by kill -9 when the next sync is about to begin or has just ended.
func (l *Log) CutAt(m Moment) { l.cutAt.Store(int32(m)) }

// Record implements Recorder. An event that cannot be written ends the process: what is done to the files after it would be missing.
func (l *Log) Record(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer = appendEvent(l.buffer[:0], e)
	if _, err := l.file.Write(l.buffer); err != nil {
		end()
	}
	switch at := Moment(l.cutAt.Load()); {
	case at == BeforeSync && e.Kind == Syncing, at == AfterSync && e.Kind == Synced:
		end()
	}
}

// end kills this process and does not return.
func end() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

func appendEvent(to []byte, e Event) []byte {
	to = append(to, byte(e.Kind), byte(len(e.File)))               //nolint:gosec // names of files are short
	to = binary.LittleEndian.AppendUint64(to, uint64(e.At))        //nolint:gosec // never below 0
	to = binary.LittleEndian.AppendUint32(to, uint32(len(e.Data))) //nolint:gosec // a page at most
	to = append(to, e.File...)
	return append(to, e.Data...)
}

// ReadLog gives the events of the file at path to a Recorder and returns how many they are. An event that is not whole, because the
// process ended while it was written, is left out: it was not done.
func ReadLog(path string, to Recorder) (n int, err error) {
	file, err := os.Open(path) //nolint:gosec // the caller's own path
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for from := bufio.NewReader(file); ; n++ {
		e, err := readEvent(from)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return n, nil
		case err != nil:
			return n, err
		}
		to.Record(e)
	}
}

func readEvent(from io.Reader) (Event, error) {
	var header [headerBytes]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return Event{}, err
	}
	name := make([]byte, header[1])
	if _, err := io.ReadFull(from, name); err != nil {
		return Event{}, err
	}
	data := make([]byte, binary.LittleEndian.Uint32(header[10:]))
	if _, err := io.ReadFull(from, data); err != nil {
		return Event{}, err
	}
	at := int64(binary.LittleEndian.Uint64(header[2:])) //nolint:gosec // as it was written
	return Event{Kind: Kind(header[0]), File: string(name), At: at, Data: data}, nil
}
