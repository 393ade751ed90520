package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/rowgate/rowgate/internal/requestlog"
)

// PutContents implements requestlog.Contents.
func (s *Store) PutContents(ctx context.Context, contents []requestlog.SealedContent) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	for _, one := range contents {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO content (request_id, at, sealed) VALUES (?, ?, ?)`,
			one.RequestID, one.At.UnixMilli(), one.Sealed); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Content implements requestlog.Contents.
func (s *Store) Content(ctx context.Context, requestID string) ([]byte, error) {
	var sealed []byte
	err := s.db.QueryRowContext(ctx, `SELECT sealed FROM content WHERE request_id = ?`, requestID).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return sealed, err
}

// PurgeContents implements requestlog.Contents.
func (s *Store) PurgeContents(ctx context.Context, before time.Time, bytes int64) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM content WHERE at < ? OR request_id IN (
		SELECT request_id FROM (
			SELECT request_id, SUM(LENGTH(sealed)) OVER (ORDER BY at DESC, request_id) AS size FROM content
		) WHERE size > ?)`, before.UnixMilli(), bytes)
	return err
}
