package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Meta returns a value of the database, nil if there is none.
func (s *Store) Meta(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := s.read(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `SELECT value FROM rowgate.meta WHERE name = $1`, name).Scan(&value)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("outbox store: meta: %w", err)
	}
	return value, nil
}

// SetMeta stores values of the database by their names, all or none.
func (s *Store) SetMeta(ctx context.Context, values map[string][]byte) error {
	var names []string
	var data [][]byte
	for name, value := range values {
		names, data = append(names, name), append(data, notNil(value))
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO rowgate.meta (name, value) SELECT * FROM unnest($1::text[], $2::bytea[])
ON CONFLICT (name) DO UPDATE SET value = excluded.value`, names, data)
	if err != nil {
		return fmt.Errorf("outbox store: meta: %w", err)
	}
	return nil
}

// HasEntries reports whether anything was ever accepted that is still kept.
func (s *Store) HasEntries(ctx context.Context) (has bool, err error) {
	if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM rowgate.entry)`).Scan(&has); err != nil {
		return false, fmt.Errorf("outbox store: count: %w", err)
	}
	return has, nil
}
