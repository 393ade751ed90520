package pgtest_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rowgate/rowgate/internal/pgtest"
)

// holdEnv makes this test binary start a cluster, say at its third file where it is, and wait to be killed.
const holdEnv = "PGTEST_HOLD"

func TestDatabase(t *testing.T) {
	t.Parallel()
	one, other := connect(t, pgtest.Database(t)), connect(t, pgtest.Database(t))
	exec1(t, one, "CREATE TABLE kept (n int)")
	if _, err := other.Exec(t.Context(), "SELECT n FROM kept"); err == nil {
		t.Error("two databases share a table")
	}
}

func TestKill(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{Sync: true})
	url := cluster.Database(t)
	conn := connect(t, url)
	exec1(t, conn, "CREATE TABLE kept (n int)")
	exec1(t, conn, "INSERT INTO kept VALUES (7)")
	cluster.Kill(t)
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a connection outlived the server")
	}
	if _, err := pgconn.Connect(t.Context(), url); err == nil {
		t.Error("a killed server takes connections")
	}
	cluster.Start(t)
	cluster.Restart(t)
	var n int
	if err := connect(t, url).QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n); err != nil || n != 7 {
		t.Errorf("after a crash and a restart: %d, %v, want the acknowledged row", n, err)
	}
}

// TestOrphan kills a test binary that has a cluster: the cluster ends, and its files are deleted.
func TestOrphan(t *testing.T) {
	t.Parallel()
	pgtest.Tool(t, "postgres")
	temp := t.TempDir()
	if err := os.Chmod(filepath.Dir(temp), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHold$")
	cmd.Env = append(os.Environ(), holdEnv+"=1", "TMPDIR="+temp)
	said, say, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{say}
	if err := errors.Join(cmd.Start(), say.Close()); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url = strings.TrimSpace(url)
	if conn, err := pgconn.Connect(t.Context(), url); err != nil {
		t.Fatalf("%q: %v", url, err)
	} else if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		left, _ := filepath.Glob(filepath.Join(temp, "rowgate-pg-*"))
		if len(left) == 0 {
			break
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("left behind: ", left)
		}
	}
	if _, err := pgconn.Connect(t.Context(), url); err == nil {
		t.Error("the server outlived its test binary")
	}
}

// TestHold is the child of TestOrphan.
func TestHold(t *testing.T) {
	if os.Getenv(holdEnv) == "" {
		t.Skip("the child of TestOrphan")
	}
	parent := os.NewFile(3, "parent")
	_, err := parent.WriteString(pgtest.Database(t) + "\n")
	if err = errors.Join(err, parent.Close()); err != nil {
		t.Fatal(err)
	}
	<-t.Context().Done()
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec1(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
