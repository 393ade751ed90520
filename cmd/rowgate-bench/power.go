package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rowgate/rowgate/internal/outbox/disktest"
)

// databaseFile is the name of a service's database in its directory.
const databaseFile = "rowgate.db"

// syncWithin is how long a power cut waits for the next sync; a service that syncs nothing for so long loses its power without one.
const syncWithin = 2 * time.Second

// diskLog is where a service that keeps its database in dir records what it does to the files.
func diskLog(dir string) string { return dir + ".disk" }

// outage is one way in which power is cut.
type outage struct {
	signal syscall.Signal
	rest   disktest.Tail
}

// outages are all ways: around a sync, and with each fate of what was not synced.
func outages() []outage {
	var all []outage
	for _, rest := range []disktest.Tail{disktest.TailLost, disktest.TailKept, disktest.TailTorn} {
		all = append(all, outage{cutBeforeSync, rest}, outage{cutAfterSync, rest})
	}
	return all
}

// power is the disk of a service whose power can be cut: it knows what was synced of the database's files. One goroutine uses it.
type power struct {
	service *process
	dir     string
	image   disktest.Image
	events  int // that the service recorded
	undone  int // writes that power cuts have undone
}

// read takes over what the service, which has ended, did to its files. It is called before the next start, which empties the log.
func (p *power) read() error {
	n, err := disktest.ReadLog(diskLog(p.dir), &p.image)
	p.events += n
	return err
}

// cut ends the service at its next sync as kill -9 does, and puts its files back to what a disk holds then.
func (p *power) cut(ctx context.Context, o outage) error {
	if err := p.service.command.Process.Signal(o.signal); err != nil {
		return err
	}
	timer := time.NewTimer(syncWithin)
	defer timer.Stop()
	select {
	case <-p.service.exited.done:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.service.kill()
	if err := p.read(); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(p.dir, databaseFile+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if o.rest != disktest.TailKept {
		p.undone += p.image.Unsynced()
	}
	return p.image.Cut(p.dir, o.rest)
}
