package disktest

import (
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlitelib "modernc.org/sqlite/lib"
)

// Watch records what is done in dir, through SQLite, by files opened from now on, for as long as the process runs. The lock file of a
// store is left out.
func Watch(dir string, to Recorder) {
	watching()
	watch.mu.Lock()
	defer watch.mu.Unlock()
	watch.recorders[dir] = to
}

// watch is the recording VFS: the default one with three methods of its files, and its removal of files, watched. SQLite calls
// them by address; these hold the addresses of the default's own.
var watch struct {
	once               sync.Once
	openFile, deleting uintptr

	mu        sync.Mutex          // guards what follows
	recorders map[string]Recorder // by directory
	files     map[uintptr]string  // paths, by address of the open file
	methods   map[uintptr]uintptr // watched table of methods, by the default's
	pinned    []any               // functions that SQLite calls
}

// address is where a function lies; watch.mu is held.
func address[F any](f F) uintptr {
	p := new(F)
	*p = f
	watch.pinned = append(watch.pinned, p)
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

// watching makes the recording VFS the default of this process, once.
func watching() {
	watch.once.Do(func() {
		watch.mu.Lock()
		defer watch.mu.Unlock()
		watch.recorders, watch.files, watch.methods = make(map[string]Recorder), make(map[uintptr]string), make(map[uintptr]uintptr)
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
		watch.openFile, watch.deleting = vfs.FxOpen, vfs.FxDelete
		vfs.FzName, vfs.FpNext = name, 0
		vfs.FxOpen, vfs.FxDelete = address(watchedOpen), address(watchedDelete)
		if sqlitelib.Xsqlite3_vfs_register(tls, own, 1) != sqlitelib.SQLITE_OK {
			panic("cannot register a VFS")
		}
	})
}

func watchedOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	rc := function[openFunc](watch.openFile)(tls, vfs, name, file, flags, outFlags)
	if rc != sqlitelib.SQLITE_OK || name == 0 {
		return rc
	}
	path := libc.GoString(name)
	watch.mu.Lock()
	defer watch.mu.Unlock()
	if watch.recorders[filepath.Dir(path)] == nil || strings.Contains(filepath.Base(path), ".lock") {
		return rc
	}
	watch.files[file] = path
	opened := at[sqlitelib.Tsqlite3_file](file)
	opened.FpMethods = watchedMethods(tls, opened.FpMethods)
	return rc
}

// watchedMethods returns the watched table for a table of the default's; watch.mu is held.
func watchedMethods(tls *libc.TLS, original uintptr) uintptr {
	if known := watch.methods[original]; known != 0 {
		return known
	}
	own := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlitelib.Tsqlite3_io_methods{})))
	table, plain := at[sqlitelib.Tsqlite3_io_methods](own), *at[sqlitelib.Tsqlite3_io_methods](original)
	*table = plain
	table.FxWrite = address(func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
		recordFile(file, Event{Kind: Wrote, At: offset, Data: unsafe.Slice(at[byte](data), int(n))})
		return function[writeFunc](plain.FxWrite)(tls, file, data, n, offset)
	})
	table.FxTruncate = address(func(tls *libc.TLS, file uintptr, size int64) int32 {
		recordFile(file, Event{Kind: Truncated, At: size})
		return function[truncateFunc](plain.FxTruncate)(tls, file, size)
	})
	table.FxSync = address(func(tls *libc.TLS, file uintptr, flags int32) int32 {
		recordFile(file, Event{Kind: Syncing})
		rc := function[syncFunc](plain.FxSync)(tls, file, flags)
		if rc == sqlitelib.SQLITE_OK {
			recordFile(file, Event{Kind: Synced})
		}
		return rc
	})
	table.FxClose = address(func(tls *libc.TLS, file uintptr) int32 {
		watch.mu.Lock()
		delete(watch.files, file)
		watch.mu.Unlock()
		return function[closeFunc](plain.FxClose)(tls, file)
	})
	watch.methods[original] = own
	return own
}

func recordFile(file uintptr, e Event) {
	watch.mu.Lock()
	path := watch.files[file]
	watch.mu.Unlock()
	recordPath(path, e)
}

// recordPath records what is done to a file, if it lies in a directory that is watched.
func recordPath(path string, e Event) {
	watch.mu.Lock()
	to := watch.recorders[filepath.Dir(path)]
	watch.mu.Unlock()
	if to != nil {
		e.File = filepath.Base(path)
		to.Record(e)
	}
}

func watchedDelete(tls *libc.TLS, vfs, name uintptr, syncDir int32) int32 {
	recordPath(libc.GoString(name), Event{Kind: Removed})
	return function[deleteFunc](watch.deleting)(tls, vfs, name, syncDir)
}
