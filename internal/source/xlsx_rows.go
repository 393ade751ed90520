package source

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/rowgate/rowgate/internal/problem"
)

// xlsxCell is a cell that has something in it.
type xlsxCell struct {
	column  int    // from 0
	kind    string // the file's word: "" or n: number, s: shared text, str and inlineStr: text, b: boolean, e: error, d: ISO date
	text    string // shared text resolved
	style   int
	formula bool
	valued  bool // there is a value, perhaps an empty one
}

// xlsxRow is a row of a sheet.
type xlsxRow struct {
	number int
	cells  []xlsxCell
}

// isEmpty reports whether nothing can be seen in the row.
func (r xlsxRow) isEmpty() bool {
	return !slices.ContainsFunc(r.cells, func(c xlsxCell) bool { return c.text != "" || c.formula && !c.valued })
}

// sheetReader reads the cells of a sheet as a stream.
type sheetReader struct {
	file    *xlsxFile
	part    io.ReadCloser
	decoder *xml.Decoder
	number  int
}

// cells begins a pass at the sheet's first row.
func (x *xlsxFile) cells() (*sheetReader, error) {
	part, err := x.openPart(x.part)
	if err != nil {
		return nil, err
	}
	return &sheetReader{file: x, part: part, decoder: xml.NewDecoder(part)}, nil
}

// Close ends the pass.
func (r *sheetReader) Close() error { return r.part.Close() }

// next returns the next row, an empty one too; io.EOF after the last.
func (r *sheetReader) next(ctx context.Context) (xlsxRow, error) {
	if err := ctx.Err(); err != nil {
		return xlsxRow{}, err
	}
	var row xlsxRow
	var cell xlsxCell
	var text []byte
	var taken, aside bool // within a value or text, within what only tells the pronunciation
	size := 0
	for {
		token, err := r.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return row, io.EOF
		}
		if err != nil {
			return row, brokenXLSX(err)
		}
		switch of := token.(type) {
		case xml.StartElement:
			switch of.Name.Local {
			case "row":
				r.number++
				if given, err := strconv.Atoi(attribute(of, "r")); err == nil && given >= r.number {
					r.number = given
				}
				row = xlsxRow{number: r.number}
			case "c":
				column := 0
				if n := len(row.cells); n > 0 {
					column = row.cells[n-1].column + 1
				}
				cell = newCell(of, column)
				text = text[:0]
			case "v":
				taken, cell.valued = true, true
			case "t":
				taken = !aside
				cell.valued = true
			case "f":
				cell.formula = true
			case "rPh":
				aside = true
			}
		case xml.EndElement:
			switch of.Name.Local {
			case "v", "t":
				taken = false
			case "rPh":
				aside = false
			case "c":
				if cell.text, err = r.resolve(cell, text); err != nil {
					return row, err
				}
				if row.cells = append(row.cells, cell); len(row.cells) > maxCells {
					return row, refuse(fmt.Sprintf("第 %d 行有超过 %d 个单元格。请删去不要的列。", row.number, maxCells),
						fmt.Sprintf("Row %d has more than %d cells. Delete the columns that are not wanted.", row.number, maxCells))
				}
			case "row":
				return row, nil
			case "sheetData":
				return row, io.EOF
			}
		case xml.CharData:
			if taken {
				text = append(text, of...)
				if size += len(of); size > MaxRowBytes {
					return row, refuse(fmt.Sprintf("第 %d 行超过 %d MiB。", row.number, MaxRowBytes>>20),
						fmt.Sprintf("Row %d is larger than %d MiB.", row.number, MaxRowBytes>>20))
				}
			}
		}
	}
}

// resolve is the text of a cell.
func (r *sheetReader) resolve(cell xlsxCell, text []byte) (string, error) {
	switch cell.kind {
	case "s":
		if len(text) == 0 {
			return "", nil
		}
		i, err := strconv.Atoi(string(bytes.TrimSpace(text)))
		if err != nil {
			return "", brokenXLSX(err)
		}
		shared, err := r.file.strings.get(i)
		if err != nil {
			return "", brokenXLSX(err)
		}
		return shared, nil
	case "str", "inlineStr":
		return unescape(string(text)), nil
	}
	return string(bytes.TrimSpace(text)), nil
}

// newCell reads a cell's attributes; column is where it is unless it says so itself.
func newCell(of xml.StartElement, column int) xlsxCell {
	cell := xlsxCell{column: column, kind: attribute(of, "t")}
	cell.style, _ = strconv.Atoi(attribute(of, "s")) // none: the first style
	if place, ok := columnOf(attribute(of, "r")); ok && place >= column {
		cell.column = place
	}
	return cell
}

func attribute(of xml.StartElement, name string) string {
	for _, one := range of.Attr {
		if one.Name.Local == name && one.Name.Space == "" {
			return one.Value
		}
	}
	return ""
}

// columnOf is the column of a reference such as AB12, from 0.
func columnOf(reference string) (column int, ok bool) {
	const letters, most = 26, 16_384
	for i := 0; i < len(reference); i++ {
		letter := reference[i] | 0x20
		if letter < 'a' || letter > 'z' {
			break
		}
		if column = column*letters + int(letter-'a') + 1; column > most {
			return 0, false
		}
	}
	return column - 1, column > 0
}

func (x *xlsxFile) rows(ctx context.Context) (Rows, error) {
	cells, err := x.cells()
	if err != nil {
		return nil, err
	}
	for {
		row, err := cells.next(ctx)
		if err != nil {
			return nil, errors.Join(err, cells.Close())
		}
		if row.number >= x.head {
			return &xlsxRows{file: x, cells: cells}, nil
		}
	}
}

// xlsxRows is a pass over the rows below the header.
type xlsxRows struct {
	file  *xlsxFile
	cells *sheetReader
	last  xlsxRow
}

func (r *xlsxRows) Next(ctx context.Context) (Row, error) {
	for {
		found, err := r.cells.next(ctx)
		if err != nil {
			return Row{}, err
		}
		if found.isEmpty() {
			continue
		}
		r.last = found
		row := Row{Number: found.number, Values: make([]json.RawMessage, len(r.file.columns))}
		for _, cell := range found.cells {
			if cell.column >= len(row.Values) {
				if cell.text != "" {
					row.Fault = extraCell(len(row.Values))
				}
				continue
			}
			var fault *Fault
			row.Values[cell.column], fault = r.file.value(cell)
			if row.Fault == nil {
				row.Fault = fault
			}
		}
		return row, nil
	}
}

func (r *xlsxRows) Close() error { return r.cells.Close() }

// cellErrors are what a spreadsheet shows in place of a value.
var cellErrors = []string{
	"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!",
}

// value is what a cell holds, as a JSON value; nil for an empty one.
func (x *xlsxFile) value(cell xlsxCell) (json.RawMessage, *Fault) {
	column := x.columns[cell.column].Name
	switch {
	case cell.formula && !cell.valued:
		return nil, &Fault{Column: column, Code: FaultNoValue, Message: problem.Text{
			ZH: "公式没有保存结果。请在 Excel 或 WPS 里打开文件、保存一次，再导入。",
			EN: "The formula's value was not saved. Open the file in Excel or WPS, save it once, and import it again.",
		}}
	case cell.text == "":
		return nil, nil
	case cell.kind == "e" || slices.Contains(cellErrors, cell.text):
		return nil, &Fault{Column: column, Code: FaultCellError, Message: problem.Text{
			ZH: "单元格里是错误值 " + cell.text + "。", EN: "The cell holds the error " + cell.text + ".",
		}}
	}
	switch cell.kind {
	case "b":
		if cell.text == "1" || cell.text == "true" {
			return json.RawMessage("true"), nil
		}
		return json.RawMessage("false"), nil
	case "", "n":
		var format cellFormat
		if cell.style < len(x.formats) && cell.style >= 0 {
			format = x.formats[cell.style]
		}
		value, err := format.number(cell.text, x.epoch)
		switch {
		case errors.Is(err, errBadDate):
			return nil, badDate(column)
		case err != nil:
			return nil, &Fault{Column: column, Code: FaultBadNumber, Message: problem.Text{
				ZH: "单元格里的数字无法读取。", EN: "The number in the cell cannot be read.",
			}}
		}
		return value, nil
	}
	if i := bytes.IndexByte([]byte(cell.text), 0); i >= 0 {
		return nil, badText(column)
	}
	return quote([]byte(cell.text)), nil
}
