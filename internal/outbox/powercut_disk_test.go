package outbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlitelib "modernc.org/sqlite/lib"
)

// diskEvent is what a program does to a file.
type diskEvent int

const (
	wrote diskEvent = iota
	truncated
	synced
	removed
	acknowledged // the test noted that somebody was told something
)

// event is one step of what was done to the files of a directory.
type event struct {
	kind diskEvent
	file string // its name without the directory
	at   int64  // offset of a write, new length of a truncated file
	data []byte
	note string
}

// disk records what SQLite does to the files in one directory. It is safe for concurrent use.
type disk struct {
	dir    string
	mu     sync.Mutex
	events []event
}

// record begins to record what is done in dir, through SQLite, by files opened from now on.
func record(dir string) *disk {
	recording()
	d := &disk{dir: dir}
	recorder.mu.Lock()
	defer recorder.mu.Unlock()
	recorder.disks[dir] = d
	return d
}

func (d *disk) add(e event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// note records that somebody was told something.
func (d *disk) note(text string) { d.add(event{kind: acknowledged, note: text}) }

// syncs counts the syncs so far.
func (d *disk) syncs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, e := range d.events {
		if e.kind == synced {
			n++
		}
	}
	return n
}

// tail is what becomes of writes that were not synced when the power was cut.
type tail int

const (
	tailLost tail = iota
	tailKept
	tailTorn // of each file only the first half of them, the last one cut in two
)

// replay writes to dir what a disk holds if the power is cut after the first n events. The memory that is shared for a WAL's index
// is never on a disk.
func (d *disk) replay(dir string, n int, rest tail) error {
	onDisk, loose := make(map[string][]byte), make(map[string][]event)
	for _, e := range d.events[:n] {
		switch e.kind {
		case wrote, truncated:
			loose[e.file] = append(loose[e.file], e)
		case synced:
			onDisk[e.file] = written(onDisk[e.file], loose[e.file])
			loose[e.file] = nil
		case removed: // the name may go before anything else is on the disk
			delete(onDisk, e.file)
			delete(loose, e.file)
		case acknowledged:
		}
	}
	for file, events := range loose {
		switch {
		case len(events) == 0 || rest == tailLost:
			continue
		case rest == tailTorn:
			events = append([]event(nil), events[:(len(events)+1)/2]...)
			last := &events[len(events)-1]
			last.data = last.data[:len(last.data)/2]
		}
		onDisk[file] = written(onDisk[file], events)
	}
	for file, data := range onDisk {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// written returns the content of a file after writes and truncations.
func written(content []byte, events []event) []byte {
	for _, e := range events {
		end := e.at + int64(len(e.data))
		if grow := end - int64(len(content)); grow > 0 {
			content = append(content, make([]byte, grow)...)
		}
		if e.kind == truncated {
			content = content[:e.at]
		}
		copy(content[min(e.at, int64(len(content))):], e.data)
	}
	return content
}

// recorder is the recording VFS: the default one with three methods of its files, and its removal of files, watched. SQLite calls
// them by address; these hold the addresses of the default's own.
var recorder struct {
	once               sync.Once
	vfs                uintptr
	openFile, deleting uintptr

	mu      sync.Mutex          // guards what follows
	disks   map[string]*disk    // by directory
	files   map[uintptr]string  // paths, by address of the open file
	methods map[uintptr]uintptr // watched table of methods, by the default's
	pinned  []any               // functions that SQLite calls
}

// address is where a function lies; recorder.mu is held.
func address[F any](f F) uintptr {
	p := new(F)
	*p = f
	recorder.pinned = append(recorder.pinned, p)
	return *(*uintptr)(unsafe.Pointer(p))
}

func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function makes a function of its address.
func function[F any](address uintptr) F {
	return *(*F)(unsafe.Pointer(&address))
}

type (
	openFunc     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	deleteFunc   = func(tls *libc.TLS, vfs, name uintptr, syncDir int32) int32
	writeFunc    = func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
	closeFunc    = func(tls *libc.TLS, file uintptr) int32
)

// recording makes the recording VFS the default of this process, once.
func recording() {
	recorder.once.Do(func() {
		recorder.mu.Lock()
		defer recorder.mu.Unlock()
		recorder.disks, recorder.files, recorder.methods = make(map[string]*disk), make(map[uintptr]string), make(map[uintptr]uintptr)
		tls := libc.NewTLS()
		original := sqlitelib.Xsqlite3_vfs_find(tls, 0)
		size := unsafe.Sizeof(sqlitelib.Tsqlite3_vfs{})
		own := libc.Xmalloc(tls, libc.Tsize_t(size))
		vfs := at[sqlitelib.Tsqlite3_vfs](own)
		*vfs = *at[sqlitelib.Tsqlite3_vfs](original)
		name, err := libc.CString("recording")
		if err != nil {
			panic(err)
		}
		recorder.openFile, recorder.deleting = vfs.FxOpen, vfs.FxDelete
		vfs.FzName, vfs.FpNext = name, 0
		vfs.FxOpen, vfs.FxDelete = address(watchedOpen), address(watchedDelete)
		if sqlitelib.Xsqlite3_vfs_register(tls, own, 1) != sqlitelib.SQLITE_OK {
			panic("cannot register a VFS")
		}
		recorder.vfs = own
	})
}

func watchedOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	rc := function[openFunc](recorder.openFile)(tls, vfs, name, file, flags, outFlags)
	if rc != sqlitelib.SQLITE_OK || name == 0 {
		return rc
	}
	path := libc.GoString(name)
	recorder.mu.Lock()
	defer recorder.mu.Unlock()
	if recorder.disks[filepath.Dir(path)] == nil || strings.Contains(filepath.Base(path), ".lock") {
		return rc
	}
	recorder.files[file] = path
	opened := at[sqlitelib.Tsqlite3_file](file)
	opened.FpMethods = watchedMethods(tls, opened.FpMethods)
	return rc
}

// watchedMethods returns the watched table for a table of the default's; recorder.mu is held.
func watchedMethods(tls *libc.TLS, original uintptr) uintptr {
	if known := recorder.methods[original]; known != 0 {
		return known
	}
	own := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlitelib.Tsqlite3_io_methods{})))
	table, plain := at[sqlitelib.Tsqlite3_io_methods](own), *at[sqlitelib.Tsqlite3_io_methods](original)
	*table = plain
	table.FxWrite = address(func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
		noteFile(file, event{kind: wrote, at: offset, data: append([]byte(nil), unsafe.Slice(at[byte](data), int(n))...)})
		return function[writeFunc](plain.FxWrite)(tls, file, data, n, offset)
	})
	table.FxTruncate = address(func(tls *libc.TLS, file uintptr, size int64) int32 {
		noteFile(file, event{kind: truncated, at: size})
		return function[truncateFunc](plain.FxTruncate)(tls, file, size)
	})
	table.FxSync = address(func(tls *libc.TLS, file uintptr, flags int32) int32 {
		rc := function[syncFunc](plain.FxSync)(tls, file, flags)
		noteFile(file, event{kind: synced})
		return rc
	})
	table.FxClose = address(func(tls *libc.TLS, file uintptr) int32 {
		recorder.mu.Lock()
		delete(recorder.files, file)
		recorder.mu.Unlock()
		return function[closeFunc](plain.FxClose)(tls, file)
	})
	recorder.methods[original] = own
	return own
}

func noteFile(file uintptr, e event) {
	recorder.mu.Lock()
	path := recorder.files[file]
	recorder.mu.Unlock()
	notePath(path, e)
}

// notePath records what is done to a file, if it lies in a directory that is recorded.
func notePath(path string, e event) {
	recorder.mu.Lock()
	d := recorder.disks[filepath.Dir(path)]
	recorder.mu.Unlock()
	if d != nil {
		e.file = filepath.Base(path)
		d.add(e)
	}
}

func watchedDelete(tls *libc.TLS, vfs, name uintptr, syncDir int32) int32 {
	notePath(libc.GoString(name), event{kind: removed})
	return function[deleteFunc](recorder.deleting)(tls, vfs, name, syncDir)
}
