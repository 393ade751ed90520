package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"hash/maphash"
	"math/bits"
	"sync"
)

// liveKeys tells, without a query, that no entry has a key: almost every submission is new, and asking the table whether it is a
// repeat costs a tenth of a small request. It never denies a key that an entry has; now and then it takes a new key for a known
// one, and the table says better. Only the store's own process writes the file, so what it inserted is all there is.
// It is safe for concurrent use.
type liveKeys struct {
	seed maphash.Seed

	mu     sync.RWMutex
	filter *keyFilter // nil: not known, the table has to be asked
	fresh  []uint64   // keys added since the reading of the table began
	reads  bool       // the table is being read
	stale  bool       // what is being read will not do
}

// Bounds of the filter of keys.
const (
	filterSpareKeys  = 1 << 16 // keys that may be added before the table is read anew, at least; one for each that is live else
	filterBitsPerKey = 16      // with filterProbes bits a key, fewer than 3 of 1,000 new keys are taken for known ones
	filterProbes     = 4
	filterMaxBytes   = 8 << 20 // 8 MiB: 4 million keys; over that more of the new keys are looked up
)

const scanLiveKeys = `SELECT tenant, key FROM entry WHERE key <> '' AND (derived = 0 OR delivered = 0 OR done_at IS NULL)`

func newLiveKeys() *liveKeys { return &liveKeys{seed: maphash.MakeSeed()} }

func (k *liveKeys) hash(tenant, key string) uint64 {
	return maphash.Comparable(k.seed, [2]string{tenant, key})
}

// mayHave is false only if no live entry has the key.
func (k *liveKeys) mayHave(tenant, key string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.filter == nil || k.filter.has(k.hash(tenant, key))
}

// add is called before the entry with the key can be seen in the table, by the one who has the store's turn.
func (k *liveKeys) add(tenant, key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	hash := k.hash(tenant, key)
	if k.filter != nil {
		k.filter.add(hash)
	}
	if k.reads {
		k.fresh = append(k.fresh, hash)
	}
}

// forget makes every answer the table's until it is read anew: a key may become live that was not.
func (k *liveKeys) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.filter, k.stale = nil, k.reads
}

// wanted reports whether the table has to be read, and takes that on. The caller has the store's turn, so that every key added
// before is in the table, and then calls read.
func (k *liveKeys) wanted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.reads || k.filter != nil && k.filter.spare > 0 {
		return false
	}
	k.reads, k.stale, k.fresh = true, false, nil
	return true
}

// read takes the keys that live in the table into a new filter. After an error the old one stays, or the table is asked.
func (k *liveKeys) read(ctx context.Context, scan *sql.Stmt) error {
	hashes, err := k.scan(ctx, scan)
	k.mu.Lock()
	defer k.mu.Unlock()
	hashes = append(hashes, k.fresh...)
	k.reads, k.fresh = false, nil
	if err != nil || k.stale {
		return err
	}
	k.filter = newKeyFilter(len(hashes))
	for _, hash := range hashes {
		k.filter.add(hash)
	}
	k.filter.spare = max(len(hashes), filterSpareKeys)
	return nil
}

func (k *liveKeys) scan(ctx context.Context, scan *sql.Stmt) (hashes []uint64, err error) {
	rows, err := scan.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var tenant, key string
		if err := rows.Scan(&tenant, &key); err != nil {
			return nil, err
		}
		hashes = append(hashes, k.hash(tenant, key))
	}
	return hashes, rows.Err()
}

// keyFilter is a Bloom filter of hashes.
type keyFilter struct {
	words []uint64
	spare int // hashes that may still be added before it takes too many for known
}

// newKeyFilter makes one for known hashes and as many again, at least filterSpareKeys.
func newKeyFilter(known int) *keyFilter {
	words := (known + max(known, filterSpareKeys)) * filterBitsPerKey / wordBits
	return &keyFilter{words: make([]uint64, min(1<<bits.Len(uint(words)), filterMaxBytes/wordBytes))}
}

const (
	wordBits  = 64
	wordBytes = 8
)

func (f *keyFilter) add(hash uint64) {
	for probe := range uint64(filterProbes) {
		word, bit := f.place(hash, probe)
		f.words[word] |= bit
	}
	f.spare--
}

func (f *keyFilter) has(hash uint64) bool {
	for probe := range uint64(filterProbes) {
		if word, bit := f.place(hash, probe); f.words[word]&bit == 0 {
			return false
		}
	}
	return true
}

// place is where the probe of a hash lies: the two halves of the hash make as many positions as are wanted (Kirsch, Mitzenmacher).
func (f *keyFilter) place(hash, probe uint64) (word, bit uint64) {
	position := hash + probe*(bits.RotateLeft64(hash, 32)|1)
	return position / wordBits % uint64(len(f.words)), 1 << (position % wordBits)
}
