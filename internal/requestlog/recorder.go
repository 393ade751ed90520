package requestlog

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/secret"
)

// Bounds of the log.
const (
	KeepFor     = 7 * 24 * time.Hour
	MaxLines    = 100_000  // in the store
	MaxBytes    = 64 << 20 // of sealed blocks in the store
	Recent      = 2_048    // lines in memory
	blockLines  = 128      // a block with as many is not added to any more
	flushEvery  = time.Second
	purgeEvery  = time.Hour
	flushWithin = 30 * time.Second // the store's time for one block
)

// Purpose is what blocks are sealed for.
const Purpose = "request log"

// Block is a run of lines as the store keeps them.
type Block struct {
	First  uint64 // Seq of its first line, which names it
	Lines  int
	Last   time.Time // when its last line was recorded
	Sealed []byte
}

// Store keeps blocks. It is safe for concurrent use.
type Store interface {
	// PutBlock stores a block, in place of one of the same name.
	PutBlock(ctx context.Context, block Block) error
	// BlocksBefore returns up to n blocks whose names are below first, the newest first.
	BlocksBefore(ctx context.Context, first uint64, n int) ([]Block, error)
	// PurgeBlocks deletes what is older than before, and the oldest beyond lines and bytes.
	PurgeBlocks(ctx context.Context, before time.Time, lines int, bytes int64) error
}

// Options of a Recorder.
type Options struct {
	Store   Store
	Keyring *secret.Keyring
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

// Recorder takes lines and answers questions about them. It is safe for concurrent use.
type Recorder struct {
	options Options
	dropped prometheus.Counter
	wake    chan struct{} // holds one token: there is something to store
	hurry   chan struct{} // holds one token: half of the ring is not stored
	quit    chan struct{}
	ended   chan struct{}

	mu      sync.Mutex
	ring    []Line        // the last lines; that of Seq is at (Seq - base) % Recent
	next    uint64        // Seq of the next line
	stored  uint64        // lines below are in the store
	changed chan struct{} // closed and replaced when a line comes and somebody waits
	waited  bool          // somebody waits for changed

	base uint64 // Seq of the first line of this run; does not change
	open []Line // of the newest block of this run, which is written again until it is full; owned by run
}

// Open returns a recorder whose lines follow those of the store. Close it.
func Open(ctx context.Context, o Options) (*Recorder, error) {
	r := &Recorder{
		options: o, wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
		changed: make(chan struct{}), next: 1,
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rowgate_request_log_dropped_total", Help: "Lines of the request log that were not stored.",
		}),
	}
	o.Metrics.MustRegister(r.dropped)
	newest, err := o.Store.BlocksBefore(ctx, maxSeq, 1)
	if err != nil {
		return nil, err
	}
	for _, block := range newest {
		r.next = block.First + uint64(block.Lines) //nolint:gosec // not below 0
	}
	r.stored, r.base = r.next, r.next
	go r.run(context.WithoutCancel(ctx))
	return r, nil
}

// maxSeq is above the name of every block, and fits the integers of SQLite.
const maxSeq = 1<<63 - 1

// Close stores what is left and ends the recorder.
func (r *Recorder) Close() {
	close(r.quit)
	<-r.ended
}

// Record takes a line. It never waits: what the store cannot take in time is counted and dropped.
func (r *Recorder) Record(line Line) {
	r.mu.Lock()
	line.Seq = r.next
	r.next++
	if len(r.ring) < Recent {
		r.ring = append(r.ring, line)
	} else {
		r.ring[(line.Seq-r.base)%Recent] = line
	}
	if r.waited {
		close(r.changed)
		r.changed, r.waited = make(chan struct{}), false
	}
	hurry := r.next-r.stored == Recent/2
	r.mu.Unlock()
	signal(r.wake)
	if hurry {
		signal(r.hurry)
	}
}

// signal puts a token into a channel that holds one.
func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
