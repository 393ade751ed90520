package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Inspection is what Inspect finds of a store that may be open elsewhere.
type Inspection struct {
	Exists bool
	InUse  bool              // another program has it open
	Meta   map[string][]byte // what is kept of the database itself, by name
}

// ErrUnwritable is returned by Inspect where Open could not make or change the file.
var ErrUnwritable = errors.New("the database file or its directory cannot be written")

// Inspect looks at the store at path without changing it: whether Open would succeed, and what is kept of it. Errors:
// ErrUnwritable, ErrCorrupt, or what the system says.
func Inspect(ctx context.Context, path string) (found Inspection, err error) {
	if path == Memory {
		return Inspection{}, nil
	}
	if path, err = filepath.Abs(path); err != nil {
		return Inspection{}, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Inspection{}, writableDir(filepath.Dir(path))
	case err != nil:
		return Inspection{}, errors.Join(ErrUnwritable, err)
	}
	found.Exists = true
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator names the path
	if err != nil {
		return found, errors.Join(ErrUnwritable, err)
	}
	if err := file.Close(); err != nil {
		return found, err
	}
	if err := writableDir(filepath.Dir(path)); err != nil {
		return found, err
	}
	if _, err := os.Stat(path + ".lock"); err == nil {
		lock, err := lockFile(ctx, path+".lock")
		found.InUse = errors.Is(err, ErrInUse)
		if err != nil && !found.InUse {
			return found, err
		}
		if err := lock.release(); err != nil {
			return found, err
		}
	}
	if info.Size() == 0 {
		return found, nil
	}
	found.Meta, err = readAllMeta(ctx, path)
	return found, err
}

// readAllMeta reads by a connection that cannot write.
func readAllMeta(ctx context.Context, path string) (_ map[string][]byte, err error) {
	db, err := sql.Open(driver, dsn(path, url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)"}}))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := check(ctx, db); err != nil {
		return nil, err
	}
	var has bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'meta')`).Scan(&has); err != nil {
		return nil, named(err)
	}
	if !has {
		return map[string][]byte{}, nil
	}
	rows, err := db.QueryContext(ctx, `SELECT name, value FROM meta`)
	if err != nil {
		return nil, named(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	meta := map[string][]byte{}
	for rows.Next() {
		var name string
		var value []byte
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		meta[name] = value
	}
	return meta, rows.Err()
}

// writableDir reports whether files can be made in dir, or in the nearest directory above it that exists.
func writableDir(dir string) error {
	for {
		_, err := os.Stat(dir)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	probe, err := os.CreateTemp(dir, ".rowgate-check-")
	if err != nil {
		return errors.Join(ErrUnwritable, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}
