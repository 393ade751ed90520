package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/outbox"
)

// hearFor bounds the wait for the note by which an instance proves that it hears: longer only where notes do not come.
const hearFor = 2 * time.Second

var (
	errDeaf   = errors.New("a note that this instance sent did not come back; a pooler in transaction mode may stand between")
	errNumber = errors.New("the instance has another number by now")
)

// hearOnce listens until the connection ends, or the instance has another number. ready is called once notes are heard.
func (o *Owner) hearOnce(ctx context.Context, ready func()) error {
	number, err := o.registered(ctx)
	if err != nil {
		return err
	}
	config, err := pgx.ParseConfig(o.options.URL)
	if err != nil {
		return errBadURL
	}
	config.ConnectTimeout, config.DefaultQueryExecMode = connectFor, pgx.QueryExecModeExec
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "rowgate"
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	if err := o.prove(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, number); err != nil {
		return err
	}
	if err := o.setLocked(ctx, number, true); err != nil {
		return err
	}
	ready()
	return o.listen(ctx, conn, number)
}

// prove sends a note by another connection and waits for it: one that a pooler has given to somebody else does not bring it.
func (o *Owner) prove(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, hearFor)
	defer cancel()
	probe := o.payloads([]outbox.Note{{Lane: "probe"}})
	if _, err := o.store.pool.Exec(ctx, sendNotes, channel, probe); err != nil {
		return err
	}
	for {
		note, err := conn.WaitForNotification(ctx)
		switch {
		case ctx.Err() != nil:
			return errDeaf
		case err != nil:
			return err
		case note.Payload == probe[0]:
			return nil
		}
	}
}

const setLocked = `UPDATE rowgate.instance SET locked = $2 WHERE number = $1`

// setLocked notes whether the instance holds the lock of its number.
func (o *Owner) setLocked(ctx context.Context, number int64, locked bool) error {
	if _, err := o.store.pool.Exec(ctx, setLocked, number, locked); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hears, o.heardFrom = locked, time.Now()
	return nil
}

// deaf notes that the connection has ended, with the lock.
func (o *Owner) deaf(ctx context.Context) {
	o.mu.Lock()
	number, heard := o.number, o.hears
	o.hears = false
	o.mu.Unlock()
	if number != 0 && heard {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), retryEvery)
		defer cancel()
		_ = o.setLocked(ctx, number, false)
	}
}

// listen passes notes on. It looks from time to time whether the connection is alive and the instance still has the number.
func (o *Owner) listen(ctx context.Context, conn *pgx.Conn, number int64) error {
	o.missed()
	for {
		waiting, cancel := context.WithTimeout(ctx, renewEvery)
		note, err := conn.WaitForNotification(waiting)
		quiet := waiting.Err() != nil
		cancel()
		switch {
		case err == nil:
			if said, ok := o.parseNote(note.Payload); ok {
				o.mu.Lock()
				o.heard(said)
				o.mu.Unlock()
			}
		case ctx.Err() != nil:
			return ctx.Err()
		case !quiet:
			return err
		default:
			asking, cancel := context.WithTimeout(ctx, renewEvery)
			err := conn.Ping(asking)
			cancel()
			if err != nil {
				return err
			}
		}
		o.mu.Lock()
		same := o.number == number
		o.mu.Unlock()
		if !same {
			return errNumber
		}
	}
}

// missed has the outbox look at its lanes: notes may have been lost while nothing was heard.
func (o *Owner) missed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for lane := range o.leases {
		o.heard(outbox.Note{Lane: lane, Kind: outbox.NoteStored})
	}
}
