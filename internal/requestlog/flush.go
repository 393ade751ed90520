package requestlog

import (
	"context"
	"log/slog"
	"time"
)

// run stores lines in the background: at most once in flushEvery, so that a busy service stores thousands at a time.
func (r *Recorder) run(ctx context.Context) {
	defer close(r.ended)
	purge := time.NewTicker(purgeEvery)
	defer purge.Stop()
	r.purge(ctx)
	for {
		select {
		case <-r.quit:
			r.flush(ctx)
			return
		case <-purge.C:
			r.purge(ctx)
		case <-r.wake:
			pause := time.NewTimer(flushEvery)
			select {
			case <-pause.C:
			case <-r.hurry:
				pause.Stop()
			case <-r.quit:
				pause.Stop()
			}
			r.flush(ctx)
		}
	}
}

// pending returns the lines that are not stored yet, and how many of those were lost because the ring went round.
func (r *Recorder) pending() (lines []Line, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := max(r.stored, r.oldest())
	lost = from - r.stored
	for seq := from; seq < r.next; seq++ {
		lines = append(lines, r.ring[(seq-r.base)%Recent])
	}
	r.stored = r.next
	return lines, lost
}

// oldest returns the Seq of the oldest line in memory; the caller has mu.
func (r *Recorder) oldest() uint64 { return max(r.base, r.next-uint64(len(r.ring))) }

// flush stores what is pending. Lines that cannot be stored stay in memory and are counted as dropped.
func (r *Recorder) flush(ctx context.Context) {
	lines, lost := r.pending()
	if lost > 0 {
		r.dropped.Add(float64(lost))
		r.open = nil // the numbers of a block's lines follow one another
	}
	if len(lines) == 0 {
		return
	}
	if len(r.open) >= blockLines || len(r.open) > 0 && r.open[len(r.open)-1].Seq+1 != lines[0].Seq {
		r.open = nil
	}
	r.open = append(r.open, lines...)
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	block := Block{
		First: r.open[0].Seq, Lines: len(r.open), Last: time.Now(), Sealed: r.options.Keyring.Seal(Purpose, encode(r.open)),
	}
	if err := r.options.Store.PutBlock(ctx, block); err != nil {
		r.dropped.Add(float64(len(lines)))
		r.open = nil
		r.options.Logger.LogAttrs(ctx, slog.LevelWarn, "request log not stored", slog.Int("lines", len(lines)), slog.Any("error", err))
	}
	if len(r.open) >= blockLines {
		r.open = nil
	}
}

// purge keeps the store within its bounds.
func (r *Recorder) purge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	if err := r.options.Store.PurgeBlocks(ctx, time.Now().Add(-KeepFor), MaxLines, MaxBytes); err != nil {
		r.options.Logger.LogAttrs(ctx, slog.LevelWarn, "request log not purged", slog.Any("error", err))
	}
}

// read opens a block.
func (r *Recorder) read(block Block) ([]Line, error) {
	plain, err := r.options.Keyring.Open(Purpose, block.Sealed)
	if err != nil {
		return nil, err
	}
	return decode(plain, block.First)
}
