package attachment

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/tool"
)

// source is one file and the lookups of all cells that name it.
type source struct {
	kind    bitable.PendingKind
	value   string
	name    string // that the caller gives it; "" for its own
	lookups []bitable.Pending
}

// sourcesOf returns the pending files of a plan, in order of rows.
func sourcesOf(plan *bitable.Plan) []*source {
	type key struct {
		kind        bitable.PendingKind
		value, name string
	}
	var sources []*source
	known := map[key]*source{}
	for _, l := range plan.Pending() {
		if l.Kind == bitable.PendingEmail || l.Kind == bitable.PendingMobile || l.Kind == bitable.PendingTitle {
			continue
		}
		k := key{l.Kind, l.Value, l.Name}
		s := known[k]
		if s == nil {
			s = &source{kind: l.Kind, value: l.Value, name: l.Name}
			known[k] = s
			sources = append(sources, s)
		}
		s.lookups = append(s.lookups, l)
	}
	return sources
}

// opened is a source with its file, or with the error of fetching it.
type opened struct {
	*source

	file *attachment.File
	err  error
}

// files fetches a few files at a time and passes them to keep one after another. Only the calling goroutine uses the plan; all
// other goroutines have ended when files returns.
func (r *Resolver) files(ctx context.Context, target tool.Target, plan *bitable.Plan, keep keep) error {
	sources := sourcesOf(plan)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := 0
	var failed error
	for o := range r.openAll(ctx, target, sources) {
		if failed == nil {
			if failed = settle(ctx, plan, o, keep); failed != nil {
				stop()
			}
			done++
		}
		if o.file != nil {
			o.file.Close()
		}
	}
	if isOver(failed) || failed == nil && done < len(sources) {
		return outOfTime(len(sources)).Because(failed)
	}
	return failed
}

// openAll fetches the sources, maxFetches at a time, until ctx ends; the channel must be read to its end.
func (r *Resolver) openAll(ctx context.Context, target tool.Target, sources []*source) <-chan opened {
	waiting := make(chan *source, len(sources))
	for _, s := range sources {
		waiting <- s
	}
	close(waiting)
	results := make(chan opened)
	go func() {
		defer close(results)
		var workers sync.WaitGroup
		for range min(maxFetches, len(sources)) {
			workers.Go(func() {
				for s := range waiting {
					if ctx.Err() != nil {
						return
					}
					file, err := r.open(ctx, target, s, len(waiting) > 0)
					results <- opened{s, file, err}
				}
			})
		}
		workers.Wait()
	}()
	return results
}

// open gets one file. While others wait for the same worker, an address may take no more than half of the time that is left,
// so that a few that hang do not fail the rest.
func (r *Resolver) open(ctx context.Context, target tool.Target, s *source, othersWait bool) (*attachment.File, error) {
	switch s.kind {
	case bitable.PendingURL:
		if deadline, ok := ctx.Deadline(); ok && othersWait {
			half, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
			defer cancel()
			ctx = half
		}
		return r.Fetcher.Fetch(ctx, target.Tenant, s.value)
	case bitable.PendingData:
		return attachment.FromDataURI(s.value)
	case bitable.PendingFile:
		return openPart(ctx, s.value)
	case bitable.PendingEmail, bitable.PendingMobile, bitable.PendingTitle:
	}
	return nil, errors.New("attachment: a lookup of a kind that is not a file")
}

// settle passes a file to keep and answers its lookups; its error concerns the whole request. A file that only bad rows name is
// skipped.
func settle(ctx context.Context, plan *bitable.Plan, o opened, keep keep) error {
	isBad := func(l bitable.Pending) bool { return plan.Bad(l.Row) }
	o.lookups = slices.DeleteFunc(o.lookups, isBad)
	if len(o.lookups) == 0 {
		return nil
	}
	var element any
	err := o.err
	if err == nil {
		o.file.Rename(o.name)
		element, err = keep(ctx, o.file)
	}
	failure, isFailure := errors.AsType[*attachment.Failure](err)
	if err != nil && !isFailure {
		return err
	}
	for _, l := range o.lookups {
		if isFailure {
			plan.Reject(l, attachmentFailed(failure))
			continue
		}
		if err := resolve(plan, l, element); err != nil {
			return err
		}
	}
	return nil
}

// isOver reports whether the time was too short: it ran out, or the rate limit would have delayed an upload past the deadline.
func isOver(err error) bool {
	if e, ok := errors.AsType[*feishu.Error](err); ok && e.Class != feishu.ClassRate {
		return false // no answer in time is Feishu's fault
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
