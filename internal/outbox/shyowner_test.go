package outbox_test

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/rowgate/rowgate/internal/outbox"
)

// shyOwner is an owner whose outbox gets no lane any more, once it is told so: it leaves those that nobody has to the others.
type shyOwner struct {
	*outbox.LocalOwner

	shy atomic.Bool
}

func (o *shyOwner) Acquire(ctx context.Context, lane string) (outbox.Lease, error) {
	if o.shy.Load() {
		if !slices.Contains(o.Lanes(), lane) {
			o.Notify(outbox.Note{Lane: lane, Kind: outbox.NoteFree})
		}
		return nil, outbox.ErrOwned
	}
	return o.LocalOwner.Acquire(ctx, lane)
}
