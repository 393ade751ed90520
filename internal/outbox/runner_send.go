package outbox

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// How often a call is made again, by what came back. Waits double from between firstWait/2 and firstWait up to
// longestWait, unless Feishu names the time.
const (
	conflictTries = 12 // write conflicts: about a minute
	rateTries     = 12
	freshTries    = 3 // something that was created a moment ago
	unknownTries  = 5 // until the outcome is given up for now

	firstWait   = time.Second
	longestWait = 8 * time.Second
	longestRate = time.Minute // a rate limit that asks for more than this is an answer
)

// waits are the waits between repeats where Feishu does not name the time.
var waits = backoff.Policy{Base: firstWait, Cap: longestWait, Half: true}

// verdict is what a batch's calls came to.
type verdict int

const (
	verdictWritten verdict = iota
	verdictRefused         // a row is to blame, nothing was written
	verdictFailed          // nothing was written
	verdictUnknown         // sent, and what became of it cannot be found out for now
	verdictStopped         // the outbox is stopping: the next start goes on
)

// attempt is one call and the repeats of it.
type attempt struct {
	batch     *batch
	uncertain bool // a call may have been carried out
	spent     bool // Feishu knows the client token
	tries     map[feishu.Class]int
	waits     int
}

// send makes the batch's call until its outcome is known or its tries are used up. why is nil only for verdictWritten.
func (r *runner) send(ctx context.Context, l *lane, b *batch) (ids []string, v verdict, why *feishu.Error) {
	r.mu.Lock()
	r.transitionBatch(b, BatchSend)
	r.mu.Unlock()
	a := &attempt{batch: b, uncertain: b.uncertain, tries: make(map[feishu.Class]int)}
	if b.uncertain && b.op != OpCreate {
		if r.find.readBack(ctx, b, nil) {
			return nil, verdictWritten, nil
		}
		if b.overtaken {
			return nil, verdictUnknown, &feishu.Error{Class: feishu.ClassReadBack}
		}
	}
	for {
		if a.uncertain && b.op == OpCreate {
			switch ids, seen := r.lookBefore(ctx, l, a); seen {
			case present:
				return ids, verdictWritten, nil
			case undecided:
				return nil, verdictUnknown, cmp.Or(why, &feishu.Error{Class: feishu.ClassReadBack})
			case absent:
			}
		}
		if ctx.Err() != nil { // the lane was lost during the look: its next owner sends the batch
			return nil, verdictStopped, cmp.Or(why, &feishu.Error{Class: feishu.ClassInterrupted})
		}
		if err := r.find.join(ctx, b); err != nil {
			return r.unread(ctx, a, feishuError(err))
		}
		room := r.opts.Sending.Hold()
		if room.Grow(ctx, b.bytes()) != nil {
			return nil, verdictStopped, cmp.Or(why, &feishu.Error{Class: feishu.ClassInterrupted})
		}
		var ids []string
		err := recovered(r.opts.Logger, func() (err error) {
			ids, err = r.call(ctx, b)
			return err
		})
		room.Release()
		garbled := err == nil && b.op == OpCreate && !distinct(ids, len(b.items))
		if garbled {
			err = &feishu.Error{Class: feishu.ClassReadBack}
		}
		if err == nil {
			return ids, verdictWritten, nil
		}
		why = feishuError(err)
		if why.Code != 0 {
			b.said = why.Problem().Feishu
			r.hear(b, b.said)
		}
		r.metrics.retry(why.Class)
		if a.refused(why) {
			if a.uncertain {
				if ids, written := r.wasWritten(ctx, l, a, why); written {
					return ids, verdictWritten, nil
				}
			}
			return nil, verdictRefused, why
		}
		if a.sent(why) && (b.op != OpCreate || tokenSpent(why) || garbled) {
			a.spent = a.spent || tokenSpent(why)
			if ids, written := r.wasWritten(ctx, l, a, why); written {
				return ids, verdictWritten, nil
			}
		}
		delay, again := a.next(why)
		again = again && r.affords(b, why)
		r.opts.Logger.InfoContext(ctx, "batch not written",
			slog.String("batch", b.id), slog.String("op", string(b.op)), slog.Int("rows", len(b.items)),
			slog.String("class", why.Class.String()), slog.Int("code", why.Code), slog.String("log_id", why.LogID),
			slog.Bool("again", again), slog.Duration("wait", delay))
		switch {
		case ctx.Err() != nil:
			return nil, verdictStopped, why
		case again:
			if backoff.Wait(ctx, delay) != nil {
				return nil, verdictStopped, why
			}
		case a.uncertain:
			return nil, verdictUnknown, why
		default:
			return nil, verdictFailed, why
		}
	}
}

// unread is what comes of a call that is not made because the cells that it adds to cannot be read.
func (*runner) unread(ctx context.Context, a *attempt, why *feishu.Error) ([]string, verdict, *feishu.Error) {
	switch {
	case ctx.Err() != nil:
		return nil, verdictStopped, why
	case a.uncertain:
		return nil, verdictUnknown, why
	}
	return nil, verdictFailed, why
}

// hear notes what Feishu answered last to a call of b's entries.
func (r *runner) hear(b *batch, said *problem.Feishu) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range b.entries() {
		e.heard = said
	}
}

// lookBefore looks for the rows of a create before it is sent again. absent means that it may be sent: the rows are not there, or
// the client token alone still keeps it from being carried out twice.
func (r *runner) lookBefore(ctx context.Context, l *lane, a *attempt) ([]string, sighting) {
	ids, seen := r.find.created(ctx, a.batch, r.circumstances(l, a.batch, a.spent))
	switch {
	case seen == present:
		return ids, present
	case a.batch.overtaken && !r.find.isFree(ctx, a.batch):
		return nil, undecided
	case seen == undecided && time.Since(a.batch.first) <= trustToken:
		return nil, absent
	}
	return nil, seen
}

// wasWritten finds out from the table whether a batch was carried out, after the answer why; ids are those of created records.
func (r *runner) wasWritten(ctx context.Context, l *lane, a *attempt, why *feishu.Error) (ids []string, written bool) {
	if a.batch.op != OpCreate {
		return nil, r.find.readBack(ctx, a.batch, why)
	}
	ids, seen := r.find.created(ctx, a.batch, r.circumstances(l, a.batch, a.spent))
	return ids, seen == present
}

// distinct reports whether ids are n record ids, none empty and none twice.
func distinct(ids []string, n int) bool {
	seen := make(map[string]bool, n)
	for _, id := range ids {
		if id == "" || seen[id] {
			return false
		}
		seen[id] = true
	}
	return len(ids) == n
}

// affords reports whether a batch may be sent again that Feishu did not answer: only within the share of repeats that all calls
// to its host have, so that a Feishu that is down is not sent more than one that works. What is not repeated now is taken up
// again by a repeat of the request, or by the janitor.
func (r *runner) affords(b *batch, why *feishu.Error) bool {
	unanswered := why.Code == 0 && (why.Class == feishu.ClassServer || why.Class == feishu.ClassInterrupted)
	return !unanswered || r.opts.AllowRetry(b.lead().sub.Table.App)
}

// refused reports whether a row is to blame. Then nothing was written by this call. An earlier one may have been carried out
// all the same: it may have deleted the record that is not there now, or the table may have changed since.
func (a *attempt) refused(why *feishu.Error) bool {
	return why.Class == feishu.ClassData || why.Code == feishu.CodeRecordNotFound && a.batch.op != OpCreate
}

// sent notes whether the call may have been carried out, and reports whether this call or one before it was.
func (a *attempt) sent(why *feishu.Error) bool {
	switch why.Class {
	case feishu.ClassServer, feishu.ClassInterrupted, feishu.ClassReadBack:
		a.uncertain = true
	case feishu.ClassData, feishu.ClassConflict, feishu.ClassFresh, feishu.ClassToken, feishu.ClassAccess, feishu.ClassCapacity,
		feishu.ClassRate, feishu.ClassUnreachable, feishu.ClassOpen:
	}
	return a.uncertain
}

// tokenSpent reports whether Feishu knows the client token from an earlier call.
func tokenSpent(why *feishu.Error) bool {
	return why.Code == feishu.CodeClientTokenUsed || why.Code == feishu.CodeRequestRepeated
}

// next decides whether the same call is made again, and after how long.
func (a *attempt) next(why *feishu.Error) (time.Duration, bool) {
	a.tries[why.Class]++
	tries := a.tries[why.Class]
	switch why.Class {
	case feishu.ClassConflict:
		return max(a.delay(), why.RetryAfter), tries < conflictTries && why.RetryAfter <= longestRate
	case feishu.ClassRate:
		if why.RetryAfter > 0 {
			return why.RetryAfter, tries < rateTries && why.RetryAfter <= longestRate
		}
		return a.delay(), tries < rateTries
	case feishu.ClassFresh:
		return a.delay(), tries < freshTries
	case feishu.ClassServer, feishu.ClassInterrupted, feishu.ClassReadBack:
		return a.delay(), tries < unknownTries
	case feishu.ClassUnreachable, feishu.ClassOpen, // deferred by deferBatch
		feishu.ClassData, feishu.ClassToken, feishu.ClassAccess, feishu.ClassCapacity:
	}
	return 0, false
}

// delay returns the next wait where Feishu does not name one.
func (a *attempt) delay() time.Duration {
	a.waits++
	return waits.Delay(a.waits)
}

// feishuError returns err as the client's error; anything else means that nobody knows what became of the call.
func feishuError(err error) *feishu.Error {
	if e, ok := errors.AsType[*feishu.Error](err); ok {
		return e
	}
	return &feishu.Error{Class: feishu.ClassInterrupted}
}
