package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// superuser is the role that owns a cluster and its databases. It has no password: only this machine's loopback reaches it.
const superuser = "rowgate"

// Bounds of what a cluster may take to start, stop and answer. They are generous: test machines are busy.
const (
	startTimeout = 2 * time.Minute
	pollEvery    = 10 * time.Millisecond
	startTries   = 5 // each on another port
)

// Options say how a cluster differs from the default one.
type Options struct {
	Sync     bool     // fsync on, for tests that kill the server and count what was acknowledged
	Settings []string // name=value, as in postgresql.conf
}

// Cluster is a server with files of its own. Its methods are for one goroutine at a time, but for Database and Admin.
type Cluster struct {
	bin, dir string
	port     int
	settings []string
	account  *account // whose the server is; nil for the user of the test
	server   *exec.Cmd
	watchman *watchman
	made     atomic.Int64 // databases
}

// New starts a cluster of the test's own, which the test may stop, kill and start; it ends with the test.
func New(tb testing.TB, options Options) *Cluster {
	tb.Helper()
	cluster, err := start(bin(tb), options)
	if err != nil {
		tb.Fatal("start PostgreSQL: ", err)
	}
	tb.Cleanup(func() { cluster.close(tb) })
	return cluster
}

// ErrMissing is returned by Start where there is no PostgreSQL.
var ErrMissing = errors.New(Missing)

// Start is New for a program that is no test: the caller ends the cluster.
func Start(options Options) (*Cluster, error) {
	bin, err := find()
	if err != nil {
		return nil, errors.Join(ErrMissing, err)
	}
	return start(bin, options)
}

// End stops the server and deletes its files.
func (c *Cluster) End() error { return c.watchman.end() }

// start makes and starts a cluster under the temporary directory.
func start(bin string, options Options) (*Cluster, error) {
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "rowgate-pg-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, account: account}
	c.settings = append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=" + dir, "max_connections=200", "shared_buffers=32MB",
		"logging_collector=off", "fsync=" + onOff(options.Sync), "full_page_writes=" + onOff(options.Sync),
	}, options.Settings...)
	if c.watchman, err = watch(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err = c.initialise(); err == nil {
		err = c.startAnywhere()
	}
	if err != nil {
		return nil, errors.Join(err, c.watchman.end())
	}
	return c, nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// initialise makes the files of the cluster.
func (c *Cluster) initialise() error {
	if c.account != nil {
		if err := os.Chown(c.dir, c.account.uid, c.account.gid); err != nil {
			return err
		}
	}
	args := []string{"-D", c.data(), "-U", superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"}
	cmd := exec.CommandContext(context.Background(), filepath.Join(c.bin, "initdb"), args...) //nolint:gosec // a test's own
	cmd.Dir, cmd.SysProcAttr = c.dir, c.account.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// startAnywhere starts the server on a free port.
func (c *Cluster) startAnywhere() (err error) {
	for range startTries {
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.run(); err == nil {
			return nil
		}
	}
	return err
}

func freePort() (int, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, err := netip.ParseAddrPort(listener.Addr().String())
	return int(address.Port()), errors.Join(err, listener.Close())
}

// run starts the server and waits until it takes connections.
func (c *Cluster) run() error {
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.port)}
	for _, setting := range c.settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.CommandContext(context.Background(), filepath.Join(c.bin, "postgres"), args...) //nolint:gosec // a test's own
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = c.dir, log, log, c.account.attributes()
	if err := cmd.Start(); err != nil {
		return err
	}
	c.server = cmd
	if err := c.awaitReady(); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		text, _ := os.ReadFile(c.logFile())
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

// awaitReady waits until a connection can be made, or the server has exited.
func (c *Cluster) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.Admin())
		if err == nil {
			return conn.Close(ctx)
		}
		var status syscall.WaitStatus
		if pid, _ := syscall.Wait4(c.server.Process.Pid, &status, syscall.WNOHANG, nil); pid == c.server.Process.Pid {
			return fmt.Errorf("the server exited with %d", status.ExitStatus())
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
}

func (c *Cluster) data() string    { return filepath.Join(c.dir, "data") }
func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

// Admin returns the address of the database postgres, as the superuser.
func (c *Cluster) Admin() string { return c.address("postgres") }

func (c *Cluster) address(database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", superuser, c.port, database)
}

// Socket returns the directory of the server's unix socket, and its port.
func (c *Cluster) Socket() (dir string, port int) { return c.dir, c.port }

// Database returns the address of a fresh, empty database, which is dropped when the test ends. It is safe for concurrent use.
func (c *Cluster) Database(tb testing.TB) string {
	tb.Helper()
	name, err := c.create()
	if err != nil {
		tb.Fatal("create a database: ", err)
	}
	tb.Cleanup(func() {
		if c.server != nil {
			Exec(tb, c.Admin(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		}
	})
	return c.address(name)
}

// Create is Database for a program that is no test; the database ends with the cluster.
func (c *Cluster) Create() (string, error) {
	name, err := c.create()
	return c.address(name), err
}

func (c *Cluster) create() (name string, err error) {
	name = "t" + strconv.FormatInt(c.made.Add(1), 10)
	return name, execute(c.Admin(), "CREATE DATABASE "+name)
}

// Exec runs statements in the database at address.
func Exec(tb testing.TB, address, statements string) {
	tb.Helper()
	if err := execute(address, statements); err != nil {
		tb.Fatalf("%s: %v", strings.ToLower(statements), err)
	}
}

func execute(address, statements string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statements)
	return errors.Join(err, conn.Close(ctx))
}
