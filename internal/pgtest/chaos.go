package pgtest

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// Stop shuts the server down in an orderly way: it cuts connections and rolls back what is under way.
func (c *Cluster) Stop(tb testing.TB) {
	tb.Helper()
	c.end(tb, syscall.SIGINT)
}

// Kill ends the server without a checkpoint, as a crash does: the next Start recovers from the log. With Options.Sync nothing
// that was acknowledged is lost.
func (c *Cluster) Kill(tb testing.TB) {
	tb.Helper()
	c.end(tb, syscall.SIGQUIT)
}

// Start starts the server that Stop or Kill ended, on the same port.
func (c *Cluster) Start(tb testing.TB) {
	tb.Helper()
	if err := c.run(); err != nil {
		tb.Fatal("start PostgreSQL again: ", err)
	}
}

// Restart is Stop and Start.
func (c *Cluster) Restart(tb testing.TB) {
	tb.Helper()
	c.Stop(tb)
	c.Start(tb)
}

// end signals the server and waits for its exit; its exit code does not matter.
func (c *Cluster) end(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if c.server == nil {
		return
	}
	if err := c.server.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Fatal("signal PostgreSQL: ", err)
	}
	_ = c.server.Wait()
	c.server = nil
}

// close stops the server and deletes its files.
func (c *Cluster) close(tb testing.TB) {
	tb.Helper()
	c.end(tb, syscall.SIGQUIT)
	if err := c.watchman.end(); err != nil {
		tb.Error("delete the cluster: ", err)
	}
}
