package job

import (
	"bytes"
	"context"

	"github.com/rowgate/rowgate/internal/secret"
)

// Bounds of what one transaction of Reseal looks at.
const (
	resealChunk = 50
	resealBytes = 1 << 20 // one value may be larger
)

// sealedColumn is a column of sealed values, walked by a key that is an integer or a text.
type sealedColumn struct {
	read, update string
	textKey      bool
}

var sealedColumns = []sealedColumn{
	{
		read:   `SELECT seq, payload FROM job WHERE seq > $1 AND bytes > 0 ORDER BY seq LIMIT $2`,
		update: `UPDATE job SET payload = $1, bytes = $2 WHERE seq = $3 AND payload = $4`,
	},
	{
		read:    `SELECT name, payload FROM job_schedule WHERE name > $1 ORDER BY name LIMIT $2`,
		update:  `UPDATE job_schedule SET payload = $1 WHERE name = $3 AND payload = $4 AND $2 >= 0`,
		textKey: true,
	},
}

// Reseal seals by the first key of ring what another key of it sealed, in short transactions beside the work; the engine must have
// that ring by then. It is how a retired key is let go. It stops at the first error.
func (e *Engine) Reseal(ctx context.Context, ring *secret.Keyring) error {
	for _, column := range sealedColumns {
		var last any = int64(0)
		if column.textKey {
			last = ""
		}
		for more := true; more; {
			err := e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
				last, more, err = column.chunk(ctx, tx, last, ring)
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
func (c sealedColumn) chunk(ctx context.Context, tx Tx, last any, ring *secret.Keyring) (next any, more bool, err error) {
	type value struct {
		key  any
		data []byte
	}
	var values []value
	size := 0
	err = each(ctx, tx, c.read, []any{last, resealChunk}, func(scan func(...any) error) error {
		var v value
		var number int64
		var name string
		to := any(&number)
		if c.textKey {
			to = &name
		}
		if err := scan(to, &v.data); err != nil {
			return err
		}
		v.key = any(number)
		if c.textKey {
			v.key = name
		}
		if size < resealBytes {
			values = append(values, v)
			size += len(v.data)
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	for _, v := range values {
		last = v.key
		fresh, err := ring.Reseal(sealPayload, v.data)
		if err != nil {
			return nil, false, err
		}
		if bytes.Equal(fresh, v.data) {
			continue
		}
		if _, err := tx.Exec(ctx, c.update, fresh, len(fresh), v.key, v.data); err != nil {
			return nil, false, err
		}
	}
	return last, len(values) == resealChunk || size >= resealBytes, nil
}
