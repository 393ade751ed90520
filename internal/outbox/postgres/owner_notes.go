package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/outbox"
)

// channel is what notes are sent on.
const channel = "rowgate_note"

// Notify implements outbox.Owner.
func (o *Owner) Notify(note outbox.Note) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.heard(note)
	if !o.alone && !o.closed {
		o.notes[note] = true
		signal(o.wake)
	}
}

// Listen implements outbox.Owner.
func (o *Owner) Listen(f func(outbox.Note)) (stop func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := o.next
	o.next++
	o.listeners[id] = f
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.listeners, id)
	}
}

// heard passes a note on. Something that was stored of a lane that is warm here is for this instance: the lane is said to be free, so
// that it is taken and read again. mu is held.
func (o *Owner) heard(note outbox.Note) {
	if note.Kind == outbox.NoteFree {
		delete(o.taken, note.Lane)
	}
	if one := o.leases[note.Lane]; one != nil && note.Kind == outbox.NoteStored && one.active == nil {
		if !one.left {
			one.left, one.since = true, time.Now()
		}
		if !one.asked {
			note.Kind = outbox.NoteFree
		}
	}
	for _, f := range o.listeners {
		go f(note)
	}
}

// tell sends what waits for the database until ctx ends, and then once more: many notes and releases are one transaction.
func (o *Owner) tell(ctx context.Context) {
	for attempt := 0; ; {
		select {
		case <-o.wake:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = o.flush(last) // Close frees all lanes anyway, and a note may be lost
			return
		}
		if err := o.flush(ctx); err == nil {
			attempt = 0
			continue
		}
		attempt++
		_ = backoff.Wait(ctx, reconnect.Delay(attempt))
	}
}

// flush gives lanes back and sends notes. What could not be done is queued again.
func (o *Owner) flush(ctx context.Context) error {
	o.mu.Lock()
	releases, notes := o.releases, make([]outbox.Note, 0, len(o.notes))
	for note := range o.notes {
		notes = append(notes, note)
	}
	o.releases = nil
	clear(o.notes)
	o.mu.Unlock()
	if len(releases) == 0 && len(notes) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	free := make([]outbox.Note, 0, len(releases))
	var batch pgx.Batch
	batch.Queue(setSync, true) // a lane that is not given back ends with the instance
	for _, one := range releases {
		batch.Queue(freeLane, one.lane, one.number, one.token)
		if one.left {
			free = append(free, outbox.Note{Lane: one.lane, Kind: outbox.NoteFree})
		}
	}
	payloads := o.payloads(append(notes, free...))
	if len(payloads) > 0 {
		batch.Queue(sendNotes, channel, payloads)
	}
	err := o.store.pool.SendBatch(ctx, &batch).Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		if o.number != 0 { // else the lanes ended with the number
			o.releases = append(releases, o.releases...)
		}
		signal(o.wake)
		return err
	}
	for _, note := range free {
		o.heard(note)
	}
	return nil
}

const sendNotes = `SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload`

// publish sends notes at once.
func (o *Owner) publish(ctx context.Context, notes []outbox.Note) error {
	_, err := o.store.pool.Exec(ctx, sendNotes, channel, o.payloads(notes))
	return err
}

// payloads are notes as they are sent: "writer kind lane". The writer knows its own.
func (o *Owner) payloads(notes []outbox.Note) []string {
	list := make([]string, len(notes))
	for i, note := range notes {
		list[i] = fmt.Sprintf("%d %d %s", o.store.writer, note.Kind, note.Lane)
	}
	return list
}

// parseNote reads a note of another instance; false for one of this instance, and for what is none.
func (o *Owner) parseNote(payload string) (outbox.Note, bool) {
	from, rest, _ := strings.Cut(payload, " ")
	kind, lane, ok := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(kind, 10, 8)
	if !ok || err != nil || from == strconv.FormatInt(o.store.writer, 10) {
		return outbox.Note{}, false
	}
	return outbox.Note{Lane: lane, Kind: outbox.NoteKind(n)}, true
}

// hear listens for the notes of others until ctx ends, by a connection of its own, which also holds the lock that says that this
// instance is alive.
func (o *Owner) hear(ctx context.Context) {
	var settle sync.Once
	warned := false
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := o.hearOnce(ctx, func() {
			attempt, warned = 0, false
			settle.Do(func() { close(o.settled) })
		})
		o.deaf(ctx)
		settle.Do(func() { close(o.settled) })
		if ctx.Err() == nil && !warned && !errors.Is(err, errNumber) {
			warned = true
			o.options.Logger.WarnContext(ctx, "LISTEN does not work; other instances are polled for what they have to say",
				slog.Any("error", err))
		}
		_ = backoff.Wait(ctx, rehear.Delay(attempt+1))
	}
}

// rehear is the wait between attempts to listen: short at first, since the lock is what shows that this instance lives.
var rehear = backoff.Policy{Base: 50 * time.Millisecond, Cap: 30 * time.Second, Half: true}
