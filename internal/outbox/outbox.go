package outbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

// purposes of the digests; the keyring gives each a key of its own.
const (
	digestLane = "outbox lane"
	digestKey  = "outbox key"
)

// Outbox is the one write path. Make it with New, Start it before the first Submit, Stop it at the end. It is safe for
// concurrent use.
type Outbox struct {
	opts Options

	ctx     context.Context //nolint:containedctx // the life of the lanes, between Start and Stop
	cancel  context.CancelFunc
	store   *storeWriter
	metrics *metrics
	work    sync.WaitGroup // lanes and the janitor

	mu       sync.Mutex
	state    state
	lanes    map[string]*lane
	entries  map[string]*entry // by id: waiting, under way, parked
	keys     map[string]*entry // by key
	gone     map[string]bool   // ids whose deletion is on its way to the store
	load     map[string]*usage // by lane and tenant digest; "" is the total
	kept     Kept
	idle     chan struct{} // closed when nothing is waiting or under way while the outbox drains
	isIdle   bool
	stopOnce sync.Once
	stopped  chan struct{}
}

type state int

const (
	stateNew state = iota
	stateRunning
	stateDraining
)

// New returns an outbox that accepts nothing before Start.
func New(opts Options) (*Outbox, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	o := &Outbox{
		opts:    opts,
		store:   newStoreWriter(opts.Store, opts.Logger),
		lanes:   make(map[string]*lane),
		entries: make(map[string]*entry),
		keys:    make(map[string]*entry),
		gone:    make(map[string]bool),
		load:    make(map[string]*usage),
		idle:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.metrics = newMetrics(o)
	return o, nil
}

// Start loads what an earlier run left unfinished, goes on with it in the background, and accepts submissions. ctx
// bounds the loading. It may be called once.
func (o *Outbox) Start(ctx context.Context) error {
	kept, err := o.opts.Store.Expire(ctx, time.Now().Add(-KeepFor))
	if err != nil {
		return err
	}
	entries, batches, err := o.opts.Store.Load(ctx)
	if err != nil {
		return err
	}
	go o.store.run()
	o.mu.Lock()
	o.kept = kept
	o.state = stateRunning
	rest := o.resume(entries, batches)
	o.mu.Unlock()
	for _, r := range rest {
		o.answer(r, Changes{})
	}
	o.work.Go(func() { o.janitor(o.ctx) })
	return nil
}

// Stop refuses new submissions, waits until the lanes are empty, but no longer than the drain time or ctx allow, and then ends.
// What is left stays in the store for the next start; who waits for it is told so. It returns ctx's error if that cut it
// short. It may be called any number of times; each call returns after the first has ended.
func (o *Outbox) Stop(ctx context.Context) error {
	var err error
	o.stopOnce.Do(func() {
		defer close(o.stopped)
		o.mu.Lock()
		started := o.state != stateNew
		o.state = stateDraining
		o.checkIdle()
		o.mu.Unlock()
		if !started {
			o.cancel()
			return
		}
		timer := time.NewTimer(o.opts.Drain)
		defer timer.Stop()
		select {
		case <-o.idle:
		case <-timer.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
		o.cancel()
		o.work.Wait()
		o.store.stop()
		o.sendAway()
	})
	<-o.stopped
	return err
}

// sendAway tells all who still wait that the outbox ends.
func (o *Outbox) sendAway() {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := 0
	for _, e := range o.entries {
		if e.round.ended {
			continue
		}
		left++
		if e.claimed {
			e.round.end(nil, drainingUnfinished())
		} else {
			e.round.end(nil, draining())
		}
	}
	o.opts.Logger.Info("outbox stopped", slog.Int("unfinished", left))
}

// checkIdle closes idle once a draining outbox has nothing waiting or under way; o.mu is held.
func (o *Outbox) checkIdle() {
	if o.state != stateDraining || o.isIdle {
		return
	}
	for _, l := range o.lanes {
		if l.running {
			return
		}
	}
	for _, e := range o.entries {
		if !e.round.ended {
			return
		}
	}
	o.isIdle = true
	close(o.idle)
}

// drop forgets e in memory; o.mu is held.
func (o *Outbox) drop(e *entry) {
	if o.entries[e.id] != e {
		return
	}
	delete(o.entries, e.id)
	if o.keys[e.key] == e {
		delete(o.keys, e.key)
	}
	o.release(e)
	if l := o.lanes[e.lane]; l != nil {
		l.entries--
		if l.entries == 0 && !l.running {
			delete(o.lanes, l.id)
		}
	}
}

// hold keeps e in memory and counts it; o.mu is held.
func (o *Outbox) hold(e *entry) *lane {
	o.entries[e.id] = e
	if e.key != "" {
		o.keys[e.key] = e
	}
	o.count(e)
	l := o.laneOf(e.lane)
	l.entries++
	return l
}

// digest returns the hex MAC of parts under a purpose.
func (o *Outbox) digest(purpose string, parts ...string) string {
	mac := o.opts.Keyring.MAC(purpose, parts...)
	return hex.EncodeToString(mac[:])
}

// newID makes a name that nobody can guess and that sorts by its time, so that the store appends instead of scattering its
// pages: prefix, 9 digits of the milliseconds since 1970 in base 36 (they last until year 5188), 85 random bits.
func newID(prefix string) string {
	at := strconv.FormatInt(time.Now().UnixMilli(), 36)
	return prefix + strings.ToUpper(strings.Repeat("0", max(0, 9-len(at)))+at) + rand.Text()[:17]
}
