package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// SharedConnections bounds the pool that Share returns.
const SharedConnections = 6

// Share returns a second pool on the store's database, for what is kept beside the outbox: whatever it does, the outbox has connections
// of its own. The store closes it; whoever uses it stops before that. It is not safe for concurrent use.
func (s *Store) Share(ctx context.Context) (*pgxpool.Pool, error) {
	if s.shared != nil {
		return s.shared, nil
	}
	config := s.pool.Config()
	config.MaxConns = SharedConnections
	shared, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s.shared = shared
	return shared, nil
}
