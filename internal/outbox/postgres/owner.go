package postgres

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/outbox"
)

// The times of an instance. Its leases end TTL after its last sign of life; by its own clock they end dropBefore earlier.
const (
	TTL        = 10 * time.Second
	renewEvery = 2 * time.Second
	dropBefore = time.Second
	retryEvery = 250 * time.Millisecond // of a sign of life that failed
	acquireFor = 10 * time.Second       // a lane that cannot be asked for by then is not acquired
	warmFor    = 2 * time.Second        // a lane that is given back stays with the instance for so long, in case it is taken again
	wantedFor  = time.Second            // or for so long, once somebody else has something for it
	maxWarm    = 1_000                  // lanes that stay so
	takenFor   = 500 * time.Millisecond // a lane that another instance has is not asked for again so soon, unless it is said to be free
	maxTaken   = 10_000                 // lanes of which that is remembered
)

// Owner decides by rows of the database which instance runs a lane, and carries notes between instances. An instance is a row with a
// time that it keeps moving; a lease is a row that names its instance, with a token that grows with each lease. While an instance shows
// signs of life, nobody takes a lane of it. It is an outbox.Owner.
//
// Notes come by LISTEN on a connection of its own. Where that does not work, other instances are heard of by polling: up to a second
// later.
type Owner struct {
	store   *Store
	options OwnerOptions
	quit    context.CancelFunc
	work    sync.WaitGroup
	wake    chan struct{} // there is something for the database
	settled chan struct{} // closed once it is known whether notes are heard

	mu        sync.Mutex // guards what follows
	number    int64      // of the instance; 0 while it is none
	alive     chan struct{}
	leases    map[string]*held
	taken     map[string]time.Time // lanes that another instance had, and until when that is believed
	listeners map[int]func(outbox.Note)
	next      int
	notes     map[outbox.Note]bool
	releases  []release
	alone     bool      // there is no other instance
	hears     bool      // notes come by LISTEN
	heardFrom time.Time // since when they do
	closed    bool
}

// OwnerOptions of an Owner.
type OwnerOptions struct {
	URL    string       // of a connection of its own; the database is that of the store
	Name   string       // of the instance, as others see it
	Keys   []string     // ids of the keys that it has; the first seals
	Logger *slog.Logger // needed
}

// held is a lane that this instance has in the database.
type held struct {
	token  int64
	active *lease    // nil while the lane is warm, or being acquired
	since  time.Time // when it became warm
	left   bool      // somebody stored something of it since it became warm
	asked  bool      // it is being acquired
}

// lease is the right to run a lane: an outbox.Lease.
type lease struct {
	owner  *Owner
	lane   string
	token  int64
	left   bool
	ctx    context.Context //nolint:containedctx // the life of the lease
	cancel context.CancelFunc
}

// release is a lane to be given back in the database.
type release struct {
	lane   string
	number int64
	token  int64
	left   bool
}

// NewOwner makes the instance known to the others and returns when it is. The caller closes the owner, before the store.
func NewOwner(ctx context.Context, store *Store, options OwnerOptions) (*Owner, error) {
	o := &Owner{
		store: store, options: options, wake: make(chan struct{}, 1), settled: make(chan struct{}), alive: make(chan struct{}),
		leases: make(map[string]*held), taken: make(map[string]time.Time),
		listeners: make(map[int]func(outbox.Note)), notes: make(map[outbox.Note]bool),
	}
	if err := o.register(ctx); err != nil {
		return nil, err
	}
	running, quit := context.WithCancel(context.WithoutCancel(ctx))
	o.quit = quit
	o.work.Go(func() { o.live(running) })
	o.work.Go(func() { o.hear(running) })
	o.work.Go(func() { o.watch(running) })
	o.work.Go(func() { o.tell(running) })
	select {
	case <-o.settled:
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), o.Close())
	}
	return o, nil
}

// Close gives all lanes back and takes the instance off. It may be called twice.
func (o *Owner) Close() error {
	o.mu.Lock()
	number := o.number
	o.closed = true
	o.mu.Unlock()
	o.quit()
	o.work.Wait()
	o.drop()
	if number == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return o.resign(ctx, number)
}

// Hears reports whether notes of other instances come by LISTEN; else they are polled for.
func (o *Owner) Hears() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hears
}

// live keeps the instance alive until ctx ends. One that was taken for dead, or could not say in time that it is not, begins anew,
// without lanes.
func (o *Owner) live(ctx context.Context) {
	ends := time.Now().Add(TTL - dropBefore) // of the leases, by this clock
	for wait := renewEvery; backoff.Wait(ctx, wait) == nil; {
		sent := time.Now()
		alive, err := o.renew(ctx, ends)
		if !alive && (err == nil || time.Now().After(ends)) {
			o.drop()
			err = o.register(ctx)
			alive = err == nil
		}
		if alive {
			ends, wait = sent.Add(TTL-dropBefore), renewEvery
			continue
		}
		wait = min(retryEvery, max(time.Millisecond, time.Until(ends)))
		if ctx.Err() == nil {
			o.options.Logger.WarnContext(ctx, "this instance cannot show the others that it is alive", slog.Any("error", err))
		}
	}
}

// drop ends all leases: others may have the lanes by now.
func (o *Owner) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range o.leases {
		if one.active != nil {
			one.active.cancel()
		}
	}
	if len(o.leases) > 0 && !o.closed {
		o.options.Logger.Warn("this instance was out of touch, and gave its lanes up", slog.Int("lanes", len(o.leases)))
	}
	clear(o.leases)
	o.releases = nil
	if o.number != 0 {
		o.number, o.alive = 0, make(chan struct{})
	}
}

// register makes the instance known under a new number.
func (o *Owner) register(ctx context.Context) error {
	number := rand.Int64() | 1 // not 0
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	if _, err := o.store.pool.Exec(ctx, insertInstance, number, o.options.Name, o.options.Keys, TTL); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.number == 0 {
		close(o.alive)
	}
	o.number = number
	return nil
}

// registered returns the number of the instance; it waits while there is none.
func (o *Owner) registered(ctx context.Context) (int64, error) {
	for {
		o.mu.Lock()
		number, alive := o.number, o.alive
		o.mu.Unlock()
		if number != 0 {
			return number, nil
		}
		select {
		case <-alive:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

const (
	insertInstance = `INSERT INTO rowgate.instance (number, name, keys, until) VALUES ($1, $2, $3, clock_timestamp() + $4::interval)`

	// moveTime is the sign of life of an instance. One whose time is over is dead, whatever it believes.
	moveTime = `UPDATE rowgate.instance SET until = clock_timestamp() + $2::interval WHERE number = $1 AND until > clock_timestamp()`

	// takeWanted returns the lanes of the instance that others want or have stored something of.
	takeWanted = `UPDATE rowgate.lease SET wanted = false WHERE holder = $1 AND wanted RETURNING lane`

	freeLanes      = `UPDATE rowgate.lease SET holder = NULL, wanted = false WHERE holder = $1`
	deleteInstance = `DELETE FROM rowgate.instance WHERE number = $1`
)

// renew shows that the instance is alive; without an error false says that it is not any more, in the eyes of the others. It ends in
// time for the leases to be dropped.
func (o *Owner) renew(ctx context.Context, ends time.Time) (alive bool, err error) {
	o.mu.Lock()
	number := o.number
	o.mu.Unlock()
	if number == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, min(renewEvery, max(time.Millisecond, time.Until(ends))))
	defer cancel()
	moved, err := o.store.pool.Exec(ctx, moveTime, number, TTL)
	if err != nil || moved.RowsAffected() == 0 {
		return false, err
	}
	if err := o.askWanted(ctx, number); err != nil {
		o.options.Logger.WarnContext(ctx, "this instance cannot ask what others want of it", slog.Any("error", err))
	}
	return true, nil
}

// cool gives back the warm lanes that nobody took for long enough: soon, if somebody else has something for them.
func (o *Owner) cool() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for lane, one := range o.leases {
		limit := warmFor
		if one.left {
			limit = wantedFor
		}
		if one.active == nil && !one.asked && time.Since(one.since) > limit {
			o.giveBack(lane, one, one.left)
		}
	}
}

// giveBack queues a lane to be given back; mu is held.
func (o *Owner) giveBack(lane string, one *held, left bool) {
	delete(o.leases, lane)
	o.releases = append(o.releases, release{lane: lane, number: o.number, token: one.token, left: left})
	signal(o.wake)
}

// resign takes the instance off.
func (o *Owner) resign(ctx context.Context, number int64) error {
	if _, err := o.store.pool.Exec(ctx, freeLanes, number); err != nil {
		return err
	}
	if _, err := o.store.pool.Exec(ctx, deleteInstance, number); err != nil {
		return err
	}
	open, err := o.orphans(ctx, 0)
	if err == nil && len(open) > 0 {
		notes := make([]outbox.Note, 0, len(open))
		for _, lane := range open {
			notes = append(notes, outbox.Note{Lane: lane, Kind: outbox.NoteFree})
		}
		err = o.publish(ctx, notes)
	}
	return err
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
