package postgres

import (
	"context"
	"errors"

	"github.com/rowgate/rowgate/internal/outbox"
)

// probe is a write that changes nothing that matters.
const probe = `INSERT INTO rowgate.meta (name, value) VALUES ('probe', '\x00') ON CONFLICT (name) DO UPDATE SET value = excluded.value`

// Ping reports whether the store can be read and stores: the last write succeeded, or a probe of one does now.
func (s *Store) Ping(ctx context.Context) error {
	text := `SELECT 1 FROM rowgate.meta LIMIT 1`
	if s.broken.Load() {
		text = probe
	}
	_, err := s.pool.Exec(ctx, text)
	if err == nil {
		s.broken.Store(false)
	}
	return err
}

// note remembers whether the last write was stored. What a write itself is to blame for says nothing of the store.
func (s *Store) note(err error) {
	switch {
	case err == nil:
		s.broken.Store(false)
	case errors.Is(err, outbox.ErrDuplicate), errors.Is(err, outbox.ErrFenced), errors.Is(err, context.Canceled):
	default:
		s.broken.Store(true)
	}
}
