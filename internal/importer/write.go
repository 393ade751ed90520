package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// grace is how long an import that is told to stop waits for what the service has accepted.
const grace = 10 * time.Second

// sent is a batch that the service has; it has answered it or made a job of it.
type sent struct {
	batch  *batch
	answer *answer  // nil for a batch without rows
	known  bool     // the service had done it before it was asked
	failed *Refused // in place of answer: none of the rows is written
}

// writer is the part of a run that sends rows and settles what became of them.
type writer struct {
	*run

	reasons *reasonFile
	open    atomic.Int64 // batches that may have been sent and are not settled
	saved   time.Time
	pace    time.Duration // that the last job took to be done
	fresh   bool          // a batch was not known to the service before
}

// write sends the rows and ends with the summary.
func (r *run) write(ctx context.Context) (Result, error) {
	w := &writer{run: r}
	if r.state.isResumed() {
		r.say.line("继续上次的导入：前 %s 行已有结果，从第 %d 行之后接着写。", "Going on with the last import: %s rows are answered for; it goes on after row %d.",
			grouped(r.state.Counts.Rows), r.state.LastRow)
	}
	r.state.Open = true
	err := r.state.save() // before the first request: the next command has to know of it
	if err != nil {
		return Result{}, err
	}
	if w.reasons, err = r.state.openReasons(); err != nil {
		return Result{}, err
	}
	defer func() { _ = w.reasons.Close() }()
	left, err := r.left(ctx)
	if err != nil {
		return Result{}, err
	}
	r.progress.begin(left)
	err = w.pipeline(ctx)
	r.progress.end()
	r.state.Open = w.open.Load() > 0
	if err == nil {
		return w.finish(ctx)
	}
	if failed := errors.Join(w.reasons.Sync(), r.state.save()); failed != nil {
		return Result{}, errors.Join(err, failed)
	}
	if r.state.LastRow == 0 {
		r.say.line("还没有任何行有结果。再次运行同样的命令会继续，不会重复。", "No row is answered for yet. The same command goes on, without a row twice.")
		return Result{}, err
	}
	r.say.line("停在第 %d 行之后，已有结果 %s 行。再次运行同样的命令会从那里继续，不会重复。",
		"Stopped after row %d; %s rows are answered for. The same command goes on from there, without a row twice.",
		r.state.LastRow, grouped(r.state.Counts.Rows))
	return Result{Rows: r.state.Counts.Rows, Refused: r.state.Counts.Refused}, err
}

// pipeline sends batches in their order, each once the one before is accepted, and settles them in the same order. When ctx ends, what is
// accepted is still settled for a while.
func (w *writer) pipeline(ctx context.Context) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	settling, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, abandon) })()
	queue := make(chan sent, ahead-1)
	var working sync.WaitGroup
	var notSent error
	all, err := w.batches(ctx)
	if err != nil {
		return err
	}
	defer all.rows.Close()
	working.Go(func() {
		defer close(queue)
		notSent = w.sendAll(sending, all, queue)
	})
	var notSettled error
	for one := range queue {
		if notSettled == nil {
			if notSettled = w.settle(settling, one); notSettled != nil {
				stop()
			}
		}
	}
	working.Wait()
	if notSettled != nil {
		return errors.Join(notSettled, ctx.Err())
	}
	return notSent
}

// sendAll sends the batches.
func (w *writer) sendAll(ctx context.Context, all *batches, queue chan<- sent) error {
	for {
		next, err := all.next(ctx)
		if errors.Is(err, io.EOF) {
			return w.unchanged()
		}
		if err != nil {
			return err
		}
		if err := w.unchanged(); err != nil {
			return err
		}
		one := sent{batch: next}
		if len(next.rows) > 0 {
			w.open.Add(1)
			if one.answer, one.failed, err = w.send(ctx, next); err != nil {
				return err
			}
			one.known = one.answer != nil && one.answer.State == jobDone
		}
		select {
		case queue <- one:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unchanged refuses a file that is being changed.
func (w *writer) unchanged() error {
	changed, err := w.file.Changed()
	if err == nil && changed {
		err = fail("文件在导入时被改动了，已停下。请恢复原来的文件再继续；或看清表里的内容后用 --from-row 指定从哪一行开始。",
			"The file was changed while it was imported, so the import stopped. Restore it and go on, or see what the table has and say with "+
				"--from-row where to begin.")
	}
	return err
}

// send makes the request for a batch. A problem that says that none of its rows is written, and which is theirs, is no error.
func (w *writer) send(ctx context.Context, b *batch) (*answer, *Refused, error) {
	options := w.target()
	options["async"], options["on_error"] = true, "skip"
	options["idempotency_key"] = w.key(b.index)
	data, err := body(options, b.rows)
	if err != nil {
		return nil, nil, err
	}
	var got answer
	err = w.client.call(ctx, "/v1/records", data, &got)
	refused, ok := errors.AsType[*Refused](err)
	switch {
	case ok && refused.isOfRows():
		return nil, refused, nil
	case ok && refused.Code == problem.IdempotencyConflict:
		return nil, nil, fail(
			fmt.Sprintf("第 %d 行附近的行上次发送时内容不同（表的列或对应关系变了？）。请看表里写到哪一行，再用 --from-row 指定从哪一行开始。", b.last),
			fmt.Sprintf("The rows up to row %d were sent before with other contents: were columns of the table renamed? See up "+
				"to which row the table "+
				"has them, then say with --from-row where to begin.", b.last))
	}
	return &got, nil, err
}

// target is what every request of rows says of the table.
func (r *run) target() object {
	options := object{"app_token": r.options.Table, "table_id": r.table.TableID}
	if len(r.mapping.keys) > 0 {
		options["key_fields"] = r.mapping.keys
	}
	return options
}

// key is the idempotency key of a batch: of the file, the options, the run and the position. The mapping is not part of it, so that a
// table that changed in between is a conflict and not a second row.
func (r *run) key(index int) string {
	s := r.state
	return fmt.Sprintf("import-%s-%d", digestOf(s.Digest, s.Options, r.table.TableID, fmt.Sprint(s.Run), fmt.Sprint(s.From))[:40], index)
}

// settle waits for the batch's outcome and notes it.
func (w *writer) settle(ctx context.Context, one sent) error {
	outcome, err := w.outcome(ctx, one)
	if err != nil {
		return err
	}
	b := one.batch
	reasons := append(slices.Clone(b.faulty), outcome.reasons...)
	slices.SortStableFunc(reasons, func(a, b reason) int { return a.Row - b.Row })
	n, err := w.reasons.add(reasons)
	if err != nil {
		return err
	}
	s := w.state
	s.Reasons += n
	s.Requests, s.LastRow, s.Settled = b.index+1, b.last, time.Now().UTC()
	s.Counts.Rows += b.total()
	s.Counts.Created += outcome.created
	s.Counts.Updated += outcome.updated
	s.Counts.Unchanged += outcome.unchanged
	s.Counts.Refused += b.faults() + outcome.refused
	w.warnings.add(outcome.warnings)
	w.fresh = w.fresh || !one.known
	if len(b.rows) > 0 {
		w.open.Add(-1)
	}
	w.progress.add(b.total(), s.Counts.Refused)
	if time.Since(w.saved) < saveEvery {
		return nil
	}
	w.saved = time.Now()
	return errors.Join(w.reasons.Sync(), s.save())
}

// finish writes the errors file and the summary, and lets the next command begin anew.
func (w *writer) finish(ctx context.Context) (Result, error) {
	s := w.state
	result := Result{Rows: s.Counts.Rows, Refused: s.Counts.Refused}
	if s.Counts.Refused > 0 {
		var failed error
		n, err := w.file.WriteRefused(ctx, w.options.Errors, w.reasons.byRow(w.options.Language, &failed))
		if err := errors.Join(err, failed); err != nil {
			return result, fmt.Errorf("writing %s: %w", w.options.Errors, errors.Join(err, s.save()))
		}
		if n != s.Counts.Refused {
			return result, fmt.Errorf("%s has %d rows, and %d were refused", w.options.Errors, n, s.Counts.Refused)
		}
	}
	s.Finished = true
	if err := errors.Join(s.save(), w.reasons.remove(), s.sweep()); err != nil {
		return result, err
	}
	w.summarise()
	return result, nil
}
