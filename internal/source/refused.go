package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
)

// ReasonColumn is the first column of a file of refused rows: it says why each was refused. An import leaves it out.
const ReasonColumn = "rowgate_error"

// reasonAt is the place of the column of reasons in a file that holds refused rows itself, -1 if it does not: its reasons are those of an
// earlier import, and make way.
func reasonAt(columns []Column) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Name == ReasonColumn })
}

// reasons are the numbers of refused rows, ascending, each with why.
type reasons iter.Seq2[int, string]

// each hands the rows of a pass that have a reason to take, and returns how many there were.
func (r reasons) each(ctx context.Context, rows Rows, take func(row Row, why string) error) (n int, err error) {
	next, stop := iter.Pull2(iter.Seq2[int, string](r))
	defer stop()
	for number, why, more := next(); more; {
		row, err := rows.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return n, fmt.Errorf("row %d was refused, and the file does not have it", number)
		case err != nil:
			return n, err
		case row.Number < number:
			continue
		case row.Number > number:
			return n, fmt.Errorf("row %d was refused, and the file does not have it", number)
		}
		if err := take(row, why); err != nil {
			return n, err
		}
		n++
		number, why, more = next()
	}
	return n, nil
}

// WriteRefused writes the rows that why names, in ascending order, to a new file at path: in this file's own format, with the reason
// in front, in the column ReasonColumn. The file is for its owner alone, and is there only once it is whole.
func (f *File) WriteRefused(ctx context.Context, path string, why iter.Seq2[int, string]) (n int, err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	n, err = f.format.refused(ctx, temporary, reasons(why))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return n, err
	}
	return n, os.Rename(temporary.Name(), path)
}
