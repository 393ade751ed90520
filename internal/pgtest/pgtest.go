// Package pgtest starts a real, temporary PostgreSQL for tests: Database gives a test a fresh database in the cluster that the test
// binary shares, New a cluster of the test's own that it may restart and kill. Where there is no PostgreSQL, the test is skipped with
// one line.
//
// A cluster ends with its test binary, however that ends: a watchman process holds the other end of a pipe, and once the pipe closes it
// stops the server and deletes the files.
package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Missing is how the line begins that says why a test was skipped.
const Missing = "no PostgreSQL here (Debian: apt-get install postgresql)"

// shared is the cluster of this test binary, started by the first test that asks for a database.
var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Database returns the address of a fresh, empty database in the cluster that this test binary shares; it is dropped when the test ends.
// The cluster does not sync: it is for tests that do not crash it. It is safe for concurrent use.
func Database(tb testing.TB) string {
	tb.Helper()
	bin := bin(tb)
	shared.once.Do(func() { shared.cluster, shared.err = start(bin, Options{}) })
	if shared.err != nil {
		tb.Fatal("start PostgreSQL: ", shared.err)
	}
	return shared.cluster.Database(tb)
}

// Tool returns the path of one of PostgreSQL's programs, such as pg_dump, or skips the test.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join(bin(tb), name)
	if _, err := os.Stat(path); err != nil {
		tb.Skip(Missing + ": " + err.Error())
	}
	return path
}

// bin returns the directory of the server's programs, or skips the test.
func bin(tb testing.TB) string {
	tb.Helper()
	found, err := find()
	if err != nil {
		tb.Skip(Missing + ": " + err.Error())
	}
	return found
}

// find returns the directory with initdb and postgres: the one on PATH, else the newest of Debian's.
func find() (string, error) {
	path, err := exec.LookPath("initdb")
	if err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(debian) == 0 {
		return "", err
	}
	return filepath.Dir(slices.MaxFunc(debian, older)), nil
}

// older compares two paths by the numbers in them: .../9/... is older than .../15/....
func older(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
