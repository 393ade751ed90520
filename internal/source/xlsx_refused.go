package source

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// reasonWidth is the width of the column of reasons, in characters.
const reasonWidth = 60

// refused writes the refused rows as a workbook of one sheet: numbers, dates and booleans stay what they are.
func (x *xlsxFile) refused(ctx context.Context, out io.Writer, reasons reasons) (n int, err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	const first = "Sheet1" // as excelize names it
	if err := book.SetSheetName(first, x.sheet); err != nil {
		return 0, err
	}
	if err := book.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: new(x.epoch == epoch1904)}); err != nil {
		return 0, err
	}
	w := refusedBook{file: x, book: book, styles: map[int]int{}, old: reasonAt(x.columns)}
	if w.sheet, err = book.NewStreamWriter(x.sheet); err != nil {
		return 0, err
	}
	if err := w.sheet.SetColWidth(1, 1, reasonWidth); err != nil {
		return 0, err
	}
	names := []any{ReasonColumn}
	for i, column := range x.columns {
		if i != w.old {
			names = append(names, column.Name)
		}
	}
	if err := w.write(names); err != nil {
		return 0, err
	}
	of, err := x.rows(ctx)
	if err != nil {
		return 0, err
	}
	defer of.Close()
	n, err = reasons.each(ctx, of, func(_ Row, why string) error {
		rows, _ := of.(*xlsxRows) // as x.rows made it
		return w.row(why, rows.last)
	})
	if err = errors.Join(err, w.sheet.Flush()); err != nil {
		return n, err
	}
	return n, book.Write(out)
}

// refusedBook is a workbook under way.
type refusedBook struct {
	file   *xlsxFile
	book   *excelize.File
	sheet  *excelize.StreamWriter
	styles map[int]int // of the file and of the new one
	old    int         // column of earlier reasons, -1 if there is none
	rows   int
}

func (w *refusedBook) write(cells []any) error {
	w.rows++
	return w.sheet.SetRow("A"+strconv.Itoa(w.rows), cells)
}

func (w *refusedBook) row(why string, row xlsxRow) error {
	cells := []any{why}
	for _, cell := range row.cells {
		if cell.column == w.old {
			continue
		}
		if w.old >= 0 && cell.column > w.old {
			cell.column--
		}
		for len(cells) <= cell.column+1 {
			cells = append(cells, nil)
		}
		value, err := w.cell(cell)
		if err != nil {
			return err
		}
		cells[cell.column+1] = value
	}
	return w.write(cells)
}

// cell is a cell's value for the new workbook, with the format of a date if it has one.
func (w *refusedBook) cell(cell xlsxCell) (any, error) {
	switch cell.kind {
	case "b":
		return cell.text == "1" || cell.text == "true", nil
	case "", "n":
		value, err := strconv.ParseFloat(cell.text, 64)
		if err != nil {
			return cell.text, nil //nolint:nilerr // what is no number stays text
		}
		style, err := w.style(cell.style)
		if err != nil || style == 0 {
			return value, err
		}
		return excelize.Cell{StyleID: style, Value: value}, nil
	}
	return cell.text, nil
}

// style is the new workbook's style for one of the file that shows dates, times or a format of its own; 0 for all others.
func (w *refusedBook) style(of int) (int, error) {
	if of < 0 || of >= len(w.file.formats) {
		return 0, nil
	}
	if known, ok := w.styles[of]; ok {
		return known, nil
	}
	format := w.file.formats[of]
	code := format.code
	switch {
	case code != "":
	case format.elapsed:
		code = "[h]:mm:ss"
	case format.date && format.clock:
		code = "yyyy-mm-dd hh:mm:ss"
	case format.date:
		code = "yyyy-mm-dd"
	case format.clock:
		code = "hh:mm:ss"
	default:
		w.styles[of] = 0
		return 0, nil
	}
	made, err := w.book.NewStyle(&excelize.Style{CustomNumFmt: &code})
	w.styles[of] = made
	return made, err
}
