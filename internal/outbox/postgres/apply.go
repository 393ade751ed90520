package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/outbox"
)

// conflictTries is how often a transaction is run that the server ended for another's sake (deadlock, serialization).
const conflictTries = 10

// reconnect is the wait between attempts to reach the server.
var reconnect = backoff.Policy{Base: 20 * time.Millisecond, Cap: 500 * time.Millisecond, Half: true}

// Apply implements outbox.Store. ctx bounds the wait for the writer's turn; a transaction that has begun is ended. While the server
// cannot be reached it is tried again for applyFor; what was sent and not answered is looked up, so that an error means that nothing
// was changed, unless the server stays away for longer.
func (s *Store) Apply(ctx context.Context, changes *outbox.Changes) (err error) {
	list, err := statements(changes)
	if err != nil {
		return fmt.Errorf("outbox store: %w", err)
	}
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	defer func() { s.note(err) }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyFor)
	defer cancel()
	for conflicts, lost := 0, 0; ; {
		err := s.send(ctx, changes.Volatile, list)
		switch {
		case err == nil:
			return nil
		case isConflict(err) && conflicts < conflictTries:
			conflicts++
		case !isLost(err):
			return fmt.Errorf("outbox store: %w", named(err))
		default:
			lost++
			committed, unknown := s.outcome(ctx, lost)
			if unknown != nil {
				return fmt.Errorf("outbox store: %w", errors.Join(err, unknown))
			}
			if committed {
				return nil
			}
		}
	}
}

// send runs the statements as one transaction in one round trip; the caller has the turn.
func (s *Store) send(ctx context.Context, lax bool, list []statement) error {
	var batch pgx.Batch
	batch.Queue(setSync, lax)
	batch.Queue(mark, s.writer, s.applied)
	for _, one := range list {
		batch.Queue(one.text, one.args...)
	}
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	s.applied++
	return nil
}

const (
	// setSync says how the transaction is committed. A server that asks for more than on (remote_apply) keeps that.
	setSync = `SELECT set_config('synchronous_commit', CASE WHEN $1::boolean THEN 'off'
WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, true)`

	// mark numbers the transaction; one that is late is refused.
	mark = `WITH marked AS (UPDATE rowgate.writer SET applied = $2::bigint + 1, used_at = now() WHERE id = $1 AND applied = $2 RETURNING 1)
SELECT rowgate.expect((SELECT count(*) FROM marked) = 1, '` + codeLate + `', 'the transaction is late')`

	// settleMark sees to it that the transaction after $2 can never commit, unless it has.
	settleMark = `INSERT INTO rowgate.writer AS writer (id, applied) VALUES ($1, $2::bigint + 2)
ON CONFLICT (id) DO UPDATE SET applied = excluded.applied WHERE writer.applied = $2`

	readMark = `SELECT applied FROM rowgate.writer WHERE id = $1`
)

// outcome tells whether the transaction that was sent last was committed; one that was not never will be. The caller has the turn.
// The error is that of ctx, or what the server says.
func (s *Store) outcome(ctx context.Context, attempt int) (committed bool, err error) {
	for {
		if wait := backoff.Wait(ctx, reconnect.Delay(attempt)); wait != nil {
			return false, errors.Join(wait, err)
		}
		attempt++
		var applied int64
		if _, err = s.pool.Exec(ctx, settleMark, s.writer, s.applied); err == nil {
			err = s.pool.QueryRow(ctx, readMark, s.writer).Scan(&applied)
		}
		switch {
		case err == nil:
			committed = applied == s.applied+1
			s.applied = applied
			return committed, nil
		case !isLost(err) && !isConflict(err):
			return false, err
		}
	}
}

// takeTurn waits until no other transaction writes; the caller ends the turn.
func (s *Store) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) endTurn() { <-s.turn }
