package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

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

var sealedColumns = []sealedColumn{
	{
		outbox.SealedPayload, `SELECT entry, data FROM payload WHERE entry > ? ORDER BY entry LIMIT ?`,
		`UPDATE payload SET data = ? WHERE entry = ?`,
	},
	{
		outbox.SealedPlan, `SELECT number, plan FROM batch WHERE number > ? ORDER BY number LIMIT ?`,
		`UPDATE batch SET plan = ? WHERE number = ?`,
	},
	{
		outbox.SealedResult, `SELECT number, result FROM batch WHERE number > ? AND result IS NOT NULL ORDER BY number LIMIT ?`,
		`UPDATE batch SET result = ? WHERE number = ?`,
	},
	{
		outbox.SealedResult, `SELECT seq, result FROM entry WHERE seq > ? AND result IS NOT NULL ORDER BY seq LIMIT ?`,
		`UPDATE entry SET result = ? WHERE seq = ?`,
	},
}

// Reseal replaces every sealed value by what reseal makes of it, in short transactions between those of Apply. What is stored
// while it runs may be passed by. It stops at the first error.
func (s *Store) Reseal(ctx context.Context, reseal func(outbox.Sealed, []byte) ([]byte, error)) error {
	for _, column := range sealedColumns {
		for last, more := int64(0), true; more; {
			err := s.inTurn(ctx, func(tx *sql.Tx) error {
				var err error
				last, more, err = column.chunk(ctx, tx, last, reseal)
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
	ctx context.Context, tx *sql.Tx, last int64, reseal func(outbox.Sealed, []byte) ([]byte, error),
) (next int64, more bool, err error) {
	type value struct {
		key  int64
		data []byte
	}
	var values []value
	size := 0
	rows, err := tx.QueryContext(ctx, c.read, last, resealChunk)
	if err != nil {
		return 0, false, err
	}
	defer rows.Close()
	for size < resealBytes && rows.Next() {
		var one value
		if err := rows.Scan(&one.key, &one.data); err != nil {
			return 0, false, err
		}
		values = append(values, one)
		size += len(one.data)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil { // a read that broke off is not the end of the rows
		return 0, false, err
	}
	for _, one := range values {
		last = one.key
		fresh, err := reseal(c.kind, one.data)
		if err != nil {
			return 0, false, err
		}
		if bytes.Equal(fresh, one.data) {
			continue
		}
		if _, err := tx.ExecContext(ctx, c.update, fresh, one.key); err != nil {
			return 0, false, err
		}
	}
	return last, len(values) == resealChunk || size >= resealBytes, nil
}
