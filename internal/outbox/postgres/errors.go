package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rowgate/rowgate/internal/outbox"
)

// SQLSTATEs of rowgate.expect: a class that the server does not use.
const (
	codeDuplicate = "RG001"
	codeFenced    = "RG002"
	codeMissing   = "RG003"
	codeLate      = "RG004"
)

// named returns the error of the outbox that a code of ours stands for.
func named(err error) error {
	failed, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch failed.Code {
	case codeDuplicate:
		return outbox.ErrDuplicate
	case codeFenced:
		return outbox.ErrFenced
	}
	return err
}

// isConflict reports whether the server ended a transaction for another's sake; it may be run again.
// Source: https://www.postgresql.org/docs/15/errcodes-appendix.html
func isConflict(err error) bool {
	failed, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (failed.Code == "40001" || failed.Code == "40P01")
}

// isLost reports whether the server could not be reached, or the connection ended: what was sent may have been done or not. A server
// that starts, stops, or has too many connections counts as one that cannot be reached.
func isLost(err error) bool {
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(failed.Code, "57P") || strings.HasPrefix(failed.Code, "08") || failed.Code == "53300"
	}
	return !errors.Is(err, pgx.ErrNoRows) && !errors.Is(err, context.Canceled) && !errors.Is(err, errReseal)
}
