package outbox

import (
	"crypto/rand"
	"encoding/hex"
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

// core is what accepting and running have in common: the entries in memory, the bounds, and the way to the store.
type core struct {
	// These never change after New.
	opts    Options
	journal *journal
	metrics *metrics
	observe func(kind, from, event string, legal bool) // sees every step; nil but in tests

	// mu guards what follows, and the state and the mutable fields of every entry, batch and lane. Outbox.mu in comments.
	mu      sync.Mutex
	phase   phase
	entries map[string]*entry     // by id: all that are admitted and not done
	keys    map[string]*entry     // by key
	answers map[string]*answering // by derived key: answers that are being written
	gone    map[string]bool       // ids whose deletion is on its way to the store
	load    map[string]*usage     // by lane and tenant digest; "" is the total
	kept    Kept
	crowds  map[string]bool // tenants of which the store keeps more than their share
	waiting *pool           // rows of entries that are not stored
	near    *pool           // rows of stored entries
	freed   func()          // tells that near has room again; mu is held
	stored  func(e *entry)  // decides whether the rows of a waiting entry that is stored now stay in memory; mu is held
	running int             // lanes that a goroutine works on
	idle    chan struct{}   // closed once when nothing is waiting or under way while the outbox drains
	isIdle  bool
	illegal int // refused transitions
}

// phase is where an outbox stands: it goes through the phases in this order.
type phase int

const (
	phaseNew      phase = iota // accepts nothing before Start
	phaseRunning               // accepts
	phaseDraining              // accepts nothing any more; works on what it has, until Stop ends it
)

func newCore(opts Options) *core {
	return &core{
		opts:    opts,
		journal: newJournal(&opts),
		entries: make(map[string]*entry),
		keys:    make(map[string]*entry),
		answers: make(map[string]*answering),
		gone:    make(map[string]bool),
		load:    make(map[string]*usage),
		waiting: newPool(opts.Memory.Waiting),
		near:    newPool(opts.Memory.Near),
		idle:    make(chan struct{}),
	}
}

// hold keeps e in memory and counts it; mu is held.
func (c *core) hold(e *entry) {
	c.entries[e.id] = e
	if e.key != "" {
		c.keys[e.key] = e
	}
	c.count(e)
	switch {
	case e.far:
	case e.journaled:
		c.near.add(e)
	case !e.keep: // a job is stored before it is queued, and counted then
		c.waiting.add(e)
	}
}

// drop removes e from memory; false if it is not there. mu is held.
func (c *core) drop(e *entry) bool {
	if c.entries[e.id] != e {
		return false
	}
	delete(c.entries, e.id)
	if c.keys[e.key] == e {
		delete(c.keys, e.key)
	}
	c.uncount(e)
	c.letGo(e)
	return true
}

// begin queues changes with the inserts of claimed, and returns where it will be said how that went. What was claimed is settled by
// then, and before anything that the store is given later is: nobody takes an entry for stored whose insert was refused.
func (c *core) begin(changes Changes, claimed claims) <-chan error {
	stored := make(chan error, 1)
	changes.Insert = claimed.inserts
	c.journal.add(&request{changes: changes, then: func(err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		claimed.settle(err)
		stored <- err
	}}, true)
	return stored
}

// checkIdle closes idle once a draining outbox has nothing waiting or under way; mu is held.
func (c *core) checkIdle() {
	if c.phase != phaseDraining || c.isIdle || c.running > 0 {
		return
	}
	for _, e := range c.entries {
		if !e.round.ended {
			return
		}
	}
	c.isIdle = true
	close(c.idle)
}

// releaseDelivered frees the derived key of an entry whose answer is stored and was delivered; the entry goes too, unless a job
// id was handed out or the delivery may be recalled. mu is held.
func (c *core) releaseDelivered(e *entry) {
	if !e.derived || !e.delivered {
		return
	}
	r := &request{frees: []string{e.key}, then: func(error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.gone, e.id)
	}}
	if e.keep || e.recalls {
		r.changes.Delivered = []string{e.id}
	} else {
		r.changes.Forget = []string{e.id}
		c.kept.Entries--
	}
	c.transition(e, EntryRelease)
	c.gone[e.id] = true
	c.journal.add(r, false)
}

// digest returns the hex MAC of parts under a purpose.
func (c *core) digest(purpose string, parts ...string) string {
	mac := c.opts.Keyring.MAC(purpose, parts...)
	return hex.EncodeToString(mac[:])
}

// laneDigest names the lane of a submission.
func (c *core) laneDigest(sub *Submission) string {
	return c.digest(digestLane, string(sub.Table.App.Brand), sub.Table.AppToken)
}

// newID makes a name that nobody can guess and that sorts by its time, so that the store appends instead of scattering its
// pages: prefix, 9 digits of the milliseconds since 1970 in base 36 (they last until year 5188), 85 random bits.
func newID(prefix string) string {
	at := strconv.FormatInt(time.Now().UnixMilli(), 36)
	return prefix + strings.ToUpper(strings.Repeat("0", max(0, 9-len(at)))+at) + rand.Text()[:17]
}
