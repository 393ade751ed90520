package requestlog

import (
	"context"
	"time"
)

// blocksAtOnce is how many blocks a search reads from the store at a time.
const blocksAtOnce = 16

// List returns up to n lines that match, the newest first, from those whose Seq is below before (0: all). Blocks that no key of the ring
// opens any more are passed over.
func (r *Recorder) List(ctx context.Context, filter Filter, before uint64, n int) ([]Line, error) {
	if before == 0 {
		before = maxSeq
	}
	lines, older := r.inMemory(&filter, before, n)
	for len(lines) < n {
		blocks, err := r.options.Store.BlocksBefore(ctx, older, blocksAtOnce)
		if err != nil || len(blocks) == 0 {
			return lines, err
		}
		for _, block := range blocks {
			found, err := r.read(block)
			if err != nil {
				continue
			}
			for i := len(found) - 1; i >= 0 && len(lines) < n; i-- {
				if line := &found[i]; line.Seq < min(before, older) && filter.Match(line) {
					lines = append(lines, *line)
				}
			}
			older = block.First
		}
		older = blocks[len(blocks)-1].First
	}
	return lines, nil
}

// inMemory is List for the lines in memory; older is the Seq of the oldest of those, below which only the store knows.
func (r *Recorder) inMemory(filter *Filter, before uint64, n int) (lines []Line, older uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	older = r.oldest()
	for seq := min(before, r.next); seq > older && len(lines) < n; seq-- {
		if line := &r.ring[(seq-1-r.base)%Recent]; filter.Match(line) {
			lines = append(lines, *line)
		}
	}
	return lines, older
}

// Count returns how many lines in memory that match have a Seq of at least from.
func (r *Recorder) Count(filter Filter, from uint64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := 0
	for seq := r.next; seq > max(r.oldest(), from); seq-- {
		if filter.Match(&r.ring[(seq-1-r.base)%Recent]) {
			count++
		}
	}
	return count
}

// Next returns the Seq of the next line, and a channel that is closed when one comes.
func (r *Recorder) Next() (uint64, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waited = true
	return r.next, r.changed
}

// Reseal seals by the first key what other keys of the ring sealed.
func (r *Recorder) Reseal(ctx context.Context) error {
	for older := uint64(maxSeq); ; {
		blocks, err := r.options.Store.BlocksBefore(ctx, older, blocksAtOnce)
		if err != nil || len(blocks) == 0 {
			return err
		}
		for _, block := range blocks {
			older = block.First
			if r.isOpen(block) {
				continue // it is of this run: the first key sealed it
			}
			plain, err := r.options.Keyring.Open(Purpose, block.Sealed)
			if err != nil {
				continue
			}
			block.Sealed = r.options.Keyring.Seal(Purpose, plain)
			if err := r.options.Store.PutBlock(ctx, block); err != nil {
				return err
			}
		}
	}
}

// isOpen reports whether a block is of this run, so that the recorder may still add to it.
func (r *Recorder) isOpen(block Block) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return block.First >= r.base
}

// Minute is what happened within one minute.
type Minute struct {
	At       time.Time
	Requests int
	Failures int // refused or failed
	Rows     int
	Calls    int // to Feishu
	Slowest  time.Duration
	Total    time.Duration // of all, for the mean
}

// Minutes adds up the lines of a caller by minute over the last n minutes, the oldest first, and the problem codes among them. It reads
// what the store has of that time, up to maxCounted lines.
func (r *Recorder) Minutes(ctx context.Context, caller string, n int) (minutes []Minute, codes map[string]int, err error) {
	const maxCounted = 20_000
	now := time.Now().Truncate(time.Minute)
	minutes, codes = make([]Minute, n), map[string]int{}
	for i := range minutes {
		minutes[i].At = now.Add(time.Duration(i-n+1) * time.Minute)
	}
	from, before := minutes[0].At, uint64(0)
	for counted := 0; counted < maxCounted; {
		lines, err := r.List(ctx, Filter{Caller: caller}, before, blockLines)
		if err != nil || len(lines) == 0 {
			return minutes, codes, err
		}
		for i := range lines {
			l := &lines[i]
			if l.At.Before(from) {
				return minutes, codes, nil
			}
			m := &minutes[min(n-1, int(l.At.Sub(from)/time.Minute))]
			m.Requests++
			m.Rows += l.Rows
			m.Calls += l.Calls
			m.Total += l.Took
			m.Slowest = max(m.Slowest, l.Took)
			if l.Code != "" {
				m.Failures++
				codes[l.Code]++
			}
		}
		counted += len(lines)
		before = lines[len(lines)-1].Seq
	}
	return minutes, codes, nil
}
