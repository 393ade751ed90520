package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/source"
)

// codeTooLarge is the service's word for a row that no request can hold.
const codeTooLarge = "too_large"

// batch is the rows of one request. Which rows are in it depends on the source, the mapping and where the batch before ended, so that an
// import that goes on makes the same requests.
type batch struct {
	index   int // from 0
	rows    []json.RawMessage
	numbers []int // of rows, in the source
	faulty  []reason
	last    int // row of the source that is the last one here
}

// total is how many rows of the source the batch answers for.
func (b *batch) total() int { return len(b.numbers) + b.faults() }

// faults counts the faulty rows.
func (b *batch) faults() int { return len(b.faulty) }

// batches divides a pass over a source into batches.
type batches struct {
	rows     source.Rows
	mapping  *mapping
	from     int // row to begin at
	language problem.Lang
	count    int         // batches before the next one
	pending  *source.Row // read, and too large for the batch before
}

// next returns the next batch; io.EOF after the last.
func (b *batches) next(ctx context.Context) (*batch, error) {
	out := &batch{index: b.count}
	for size := 0; out.total() < requestRows; {
		row, err := b.read(ctx)
		if errors.Is(err, io.EOF) && out.total() > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		if row.Fault != nil {
			out.faulty = append(out.faulty, reason{
				Row: row.Number, Column: row.Fault.Column, Code: row.Fault.Code, Message: row.Fault.Message.In(b.language),
			})
			out.last = row.Number
			continue
		}
		data := b.mapping.row(row)
		if len(data) > maxRowBytes {
			out.faulty = append(out.faulty, reason{Row: row.Number, Code: codeTooLarge, Message: problem.Text{
				ZH: fmt.Sprintf("这一行超过 %d MiB。", maxRowBytes>>20), EN: fmt.Sprintf("The row is larger than %d MiB.", maxRowBytes>>20),
			}.In(b.language)})
			out.last = row.Number
			continue
		}
		if size += len(data); size > requestBytes && len(out.rows) > 0 {
			b.pending = &row
			break
		}
		out.rows, out.numbers, out.last = append(out.rows, data), append(out.numbers, row.Number), row.Number
	}
	b.count++
	return out, nil
}

// read returns the next row from where the import begins.
func (b *batches) read(ctx context.Context) (source.Row, error) {
	if row := b.pending; row != nil {
		b.pending = nil
		return *row, nil
	}
	for {
		row, err := b.rows.Next(ctx)
		if err != nil || row.Number >= b.from {
			return row, err
		}
	}
}

// row is a row as a request has it. What is empty in the source is left out.
func (m *mapping) row(row source.Row) json.RawMessage {
	data := []byte(`{"fields":{`)
	first := true
	for _, column := range m.columns {
		value := row.Values[column.at]
		if value == nil {
			continue
		}
		if !first {
			data = append(data, ',')
		}
		first = false
		name, _ := json.Marshal(column.column) // a text always marshals
		data = append(append(append(data, name...), ':'), value...)
	}
	return append(data, "}}"...)
}

// body is a request for rows with these options.
func body(options object, rows []json.RawMessage) ([]byte, error) {
	data, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	data = append(data[:len(data)-1], `,"records":[`...)
	for i, row := range rows {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, row...)
	}
	return append(data, "]}"...), nil
}

// batches begins a pass over the rows that are not answered for.
func (r *run) batches(ctx context.Context) (*batches, error) {
	rows, err := r.file.Rows(ctx)
	if err != nil {
		return nil, err
	}
	return &batches{
		rows: rows, mapping: r.mapping, from: max(r.state.From, r.state.LastRow+1), language: r.options.Language, count: r.state.Requests,
	}, nil
}

// left counts the rows that are not answered for.
func (r *run) left(ctx context.Context) (int, error) {
	if r.state.From == 0 {
		return r.file.Total - r.state.Counts.Rows, nil
	}
	all, err := r.batches(ctx)
	if err != nil {
		return 0, err
	}
	defer all.rows.Close()
	for n := 0; ; n++ {
		if _, err := all.read(ctx); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// samples are the first rows, from which the columns of a new table are inferred.
func (r *run) samples(ctx context.Context) ([]json.RawMessage, error) {
	all, err := r.batches(ctx)
	if err != nil {
		return nil, err
	}
	defer all.rows.Close()
	samples, size := []json.RawMessage{}, 0
	for {
		one, err := all.next(ctx)
		if errors.Is(err, io.EOF) && len(samples) > 0 {
			return samples, nil
		}
		if errors.Is(err, io.EOF) {
			return nil, fail("文件里没有可用的行，无法推断新表的列。", "The file has no row from which the columns of a new table could be inferred.")
		}
		if err != nil {
			return nil, err
		}
		for _, row := range one.rows {
			var flat struct {
				Fields json.RawMessage `json:"fields"`
			}
			if err := json.Unmarshal(row, &flat); err != nil {
				return nil, err
			}
			if size += len(row); len(samples) >= sampleRows || size > sampleBytes {
				return samples, nil
			}
			samples = append(samples, flat.Fields)
		}
	}
}
