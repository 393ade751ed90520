package outbox_test

import (
	"context"
	"sync/atomic"

	"github.com/rowgate/rowgate/internal/outbox"
)

// shyOwner is an owner whose outbox gets no lane any more, once it is told so.
type shyOwner struct {
	*outbox.LocalOwner

	shy atomic.Bool
}

func (o *shyOwner) Acquire(ctx context.Context, lane string) (outbox.Lease, error) {
	if o.shy.Load() {
		return nil, outbox.ErrOwned
	}
	return o.LocalOwner.Acquire(ctx, lane)
}
