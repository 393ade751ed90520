package postgres

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/outbox"
)

// Bounds of what one transaction of Reseal looks at: values, so that it delays an Apply by milliseconds only, and bytes of them, since
// they are in memory together. One value may be larger.
const (
	resealChunk = 50
	resealBytes = 1 << 20
)

// sealedColumn is a column of sealed values, walked in the order of its table's key.
type sealedColumn struct {
	kind         outbox.Sealed
	read, update string
}

// The updates compare the old value, so that one that was changed meanwhile stays.
var sealedColumns = []sealedColumn{
	{
		outbox.SealedPayload, `SELECT seq, payload FROM rowgate.entry WHERE seq > $1 AND payload IS NOT NULL ORDER BY seq LIMIT $2`,
		`UPDATE rowgate.entry SET payload = $2 WHERE seq = $1 AND payload = $3`,
	},
	{
		outbox.SealedPlan, `SELECT number, plan FROM rowgate.batch WHERE number > $1 ORDER BY number LIMIT $2`,
		`UPDATE rowgate.batch SET plan = $2 WHERE number = $1 AND plan = $3`,
	},
	{
		outbox.SealedResult, `SELECT number, result FROM rowgate.batch WHERE number > $1 AND result IS NOT NULL ORDER BY number LIMIT $2`,
		`UPDATE rowgate.batch SET result = $2 WHERE number = $1 AND result = $3`,
	},
	{
		outbox.SealedResult, `SELECT seq, result FROM rowgate.entry WHERE seq > $1 AND result IS NOT NULL ORDER BY seq LIMIT $2`,
		`UPDATE rowgate.entry SET result = $2 WHERE seq = $1 AND result = $3`,
	},
}

// Reseal replaces every sealed value by what reseal makes of it, in short transactions. What is stored while it runs may be passed by.
// It stops at the first error. Several instances may do so at once.
func (s *Store) Reseal(ctx context.Context, reseal func(outbox.Sealed, []byte) ([]byte, error)) error {
	for _, column := range sealedColumns {
		for last, more := int64(0), true; more; {
			err := s.read(ctx, func(ctx context.Context) error {
				next, rest, err := column.chunk(ctx, s, last, reseal)
				if err == nil {
					last, more = next, rest
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// chunk reseals what follows last; more is false at the end.
func (c sealedColumn) chunk(
	ctx context.Context, s *Store, last int64, reseal func(outbox.Sealed, []byte) ([]byte, error),
) (next int64, more bool, err error) {
	rows, err := s.pool.Query(ctx, c.read, last, resealChunk)
	if err != nil {
		return 0, false, err
	}
	type value struct {
		key  int64
		data []byte
	}
	var values []value
	size := 0
	for size < resealBytes && rows.Next() {
		var one value
		if err := rows.Scan(&one.key, &one.data); err != nil {
			rows.Close()
			return 0, false, err
		}
		values = append(values, one)
		size += len(one.data)
	}
	if rows.Close(); rows.Err() != nil { // a read that broke off is not the end of the rows
		return 0, false, rows.Err()
	}
	var changes pgx.Batch
	for _, one := range values {
		last = one.key
		fresh, err := reseal(c.kind, one.data)
		if err != nil {
			return 0, false, errors.Join(errReseal, err)
		}
		if !bytes.Equal(fresh, one.data) {
			changes.Queue(c.update, one.key, fresh, one.data)
		}
	}
	if changes.Len() > 0 {
		if err := s.pool.SendBatch(ctx, &changes).Close(); err != nil {
			return 0, false, err
		}
	}
	return last, len(values) == resealChunk || size >= resealBytes, nil
}

// errReseal is said of a value that cannot be sealed anew: the server is not to blame.
var errReseal = errors.New("a sealed value cannot be read")
