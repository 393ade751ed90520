package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/delimited"
	"github.com/rowgate/rowgate/internal/problem"
)

// csvFile is a CSV file: its encoding and what stands between its cells.
type csvFile struct {
	*file

	separator byte
	crlf      bool // lines end with \r\n
}

// openCSV finds the separator and reads the header.
func openCSV(ctx context.Context, f *file) (format, error) {
	c := &csvFile{file: f}
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	head := make([]byte, sniffed)
	n, err := io.ReadFull(text, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	if len(bytes.TrimSpace(head)) == 0 {
		return nil, emptyFile()
	}
	c.crlf = bytes.Contains(head, []byte("\r\n"))
	c.separator = separatorOf(head)
	rows, err := c.lines()
	if err != nil {
		return nil, err
	}
	for {
		line, err := rows.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil, emptyFile()
		}
		if err != nil {
			return nil, err
		}
		if !line.isEmpty() {
			names := make([]string, len(line.cells))
			for i, cell := range line.cells {
				names[i] = string(cell)
			}
			f.columns, err = header(names)
			return c, err
		}
	}
}

// separatorOf chooses by the beginning of a file: the separator that divides the most lines into as many cells as the first, and that
// into two or more; of several the one with the most cells, then the first; the comma if none does.
func separatorOf(head []byte) byte {
	best, most, widest := delimited.Separators[0], 0, 0
	begin := len(head) - len(bytes.TrimLeft(head, "\r\n"))
	for _, separator := range delimited.InHeader(head, begin) {
		columns, even := evenLines(head, separator)
		if columns > 1 && (even > most || even == most && columns > widest) {
			best, most, widest = separator, even, columns
		}
	}
	return best
}

// evenLines returns how many cells the first line has, and how many lines have as many.
func evenLines(head []byte, separator byte) (columns, even int) {
	reader := lineReader{separator: separator, text: head, ended: true}
	for {
		line, err := reader.next(context.Background())
		switch {
		case err != nil:
			return columns, even
		case line.isEmpty():
		case columns == 0:
			columns, even = len(line.cells), 1
		case len(line.cells) == columns:
			even++
		}
	}
}

// lines begins a pass over the lines, the header included.
func (c *csvFile) lines() (*lineReader, error) {
	text, err := c.text()
	return &lineReader{source: text, separator: c.separator, line: 1}, err
}

func (c *csvFile) rows(ctx context.Context) (Rows, error) {
	lines, err := c.lines()
	if err != nil {
		return nil, err
	}
	rows := &csvRows{lines: lines, columns: c.columns, wide: c.encoding.isWide()}
	for {
		line, err := lines.next(ctx)
		if err != nil {
			return nil, err
		}
		if !line.isEmpty() {
			return rows, nil // the header
		}
	}
}

// describe names the dialect.
func (c *csvFile) describe() problem.Text {
	name := map[byte]problem.Text{
		',': {ZH: "逗号分隔", EN: "commas"}, '\t': {ZH: "制表符分隔", EN: "tabs"}, ';': {ZH: "分号分隔", EN: "semicolons"},
	}[c.separator]
	return problem.Text{
		ZH: fmt.Sprintf("CSV，%s，%s", c.encoding, name.ZH), EN: fmt.Sprintf("CSV, %s, %s", c.encoding, name.EN),
	}
}

// csvRows is a pass over the rows of a CSV file.
type csvRows struct {
	lines   *lineReader
	columns []Column
	wide    bool // decoded from UTF-16, in which not every pair of bytes is text
	last    csvLine
}

func (r *csvRows) Next(ctx context.Context) (Row, error) {
	for {
		line, err := r.lines.next(ctx)
		if err != nil {
			return Row{}, err
		}
		if line.isEmpty() {
			continue
		}
		r.last = line
		row := Row{Number: line.number, Values: make([]json.RawMessage, len(r.columns))}
		for i, cell := range line.cells {
			switch {
			case len(cell) == 0:
			case i >= len(r.columns):
				row.Fault = extraCell(len(r.columns))
			case bytes.IndexByte(cell, 0) >= 0 || r.wide && bytes.ContainsRune(cell, utf8.RuneError):
				row.Fault = badText(r.columns[i].Name)
			default:
				row.Values[i] = quote(cell)
			}
			if row.Fault != nil {
				break
			}
		}
		return row, nil
	}
}

func (r *csvRows) Close() error { return nil }

// refused writes the rows that were refused in the same dialect, the reason in front.
func (c *csvFile) refused(ctx context.Context, out io.Writer, reasons reasons) (int, error) {
	encoder, err := c.encoding.encoder(out)
	if err != nil {
		return 0, err
	}
	names := make([][]byte, len(c.columns))
	for i, column := range c.columns {
		names[i] = []byte(column.Name)
	}
	old := reasonAt(c.columns)
	without := func(cells [][]byte) [][]byte {
		if old < 0 || old >= len(cells) {
			return cells
		}
		return slices.Delete(slices.Clone(cells), old, old+1)
	}
	if err := c.writeLine(encoder, ReasonColumn, without(names)); err != nil {
		return 0, err
	}
	of, err := c.rows(ctx)
	if err != nil {
		return 0, err
	}
	n, err := reasons.each(ctx, of, func(_ Row, why string) error {
		rows, _ := of.(*csvRows) // as c.rows made it
		return c.writeLine(encoder, why, without(rows.last.cells))
	})
	return n, errors.Join(err, encoder.Close())
}

// writeLine writes a line with the reason as its first cell. A line without the reason column's cell would be read as another one.
func (c *csvFile) writeLine(w io.Writer, reason string, cells [][]byte) error {
	var line []byte
	for i, cell := range append([][]byte{[]byte(reason)}, cells...) {
		if i > 0 {
			line = append(line, c.separator)
		}
		if bytes.IndexByte(cell, c.separator) >= 0 || bytes.ContainsAny(cell, "\"\r\n") {
			line = append(line, '"')
			line = append(line, bytes.ReplaceAll(cell, []byte(`"`), []byte(`""`))...)
			line = append(line, '"')
		} else {
			line = append(line, cell...)
		}
	}
	if c.crlf {
		line = append(line, '\r')
	}
	_, err := w.Write(append(line, '\n'))
	return err
}

// csvLine is one line of cells, which may have line breaks in quotes.
type csvLine struct {
	cells  [][]byte
	number int // counted as a spreadsheet does: from 1, empty ones too
}

// isEmpty reports whether the line has no text at all.
func (l csvLine) isEmpty() bool {
	return !slices.ContainsFunc(l.cells, func(cell []byte) bool { return len(cell) > 0 })
}

// lineReader splits a text into lines of cells; it holds one line and what was read behind it.
type lineReader struct {
	source    io.Reader // nil: all of it is in text
	separator byte
	text      []byte
	at        int  // in text: what is not read yet
	ended     bool // text is the last of it
	number    int  // of the line that was read last
	line      int  // line of the file at which at is, for messages
}

// next returns the next line, which stays valid; io.EOF after the last.
func (r *lineReader) next(ctx context.Context) (csvLine, error) {
	for {
		cells, next, broken := r.split()
		switch {
		case next > 0:
			r.line += bytes.Count(r.text[r.at:next], []byte{'\n'})
			r.at = next
			r.number++
			return csvLine{cells: cells, number: r.number}, nil
		case broken == tooManyCells:
			return csvLine{}, refuse(
				fmt.Sprintf("第 %d 行有超过 %d 个单元格：多半是引号没有结束。请改正后再导入。", r.line, maxCells),
				fmt.Sprintf("Line %d has more than %d cells: most likely a quote is not closed. Correct it and import again.", r.line, maxCells))
		case broken > 0:
			return csvLine{}, r.brokenQuote(broken)
		case r.ended:
			return csvLine{}, io.EOF
		case len(r.text)-r.at >= MaxRowBytes:
			return csvLine{}, refuse(
				fmt.Sprintf("第 %d 行开始的一行数据超过 %d MiB：多半是少了一个结束的引号。请改正后再导入。", r.line, MaxRowBytes>>20),
				fmt.Sprintf("The row that begins at line %d is larger than %d MiB: most likely a quote is not closed. Correct it and import again.",
					r.line, MaxRowBytes>>20))
		}
		if err := r.more(ctx); err != nil {
			return csvLine{}, err
		}
	}
}

// split returns the cells of the line at r.at and where the next one begins; 0 if the line is not whole yet, or, with broken set, if its
// quotes do not match there, or if it is tooManyCells.
func (r *lineReader) split() (cells [][]byte, next, broken int) {
	text := r.text
	if r.at >= len(text) {
		return nil, 0, 0
	}
	for at := r.at; ; at++ {
		cell, end, ok := delimited.Cell(text, at, r.separator)
		switch {
		case end >= len(text) && !r.ended:
			return nil, 0, 0
		case !ok:
			return nil, 0, max(1, end)
		}
		cells = append(cells, cell)
		if end < len(text) && text[end] == r.separator {
			if len(cells) >= maxCells {
				return nil, 0, tooManyCells
			}
			at = end
			continue
		}
		next = end + delimited.LineBreak(text[end:])
		if next == len(text) && !r.ended {
			return nil, 0, 0 // a \n may follow
		}
		return cells, next, 0
	}
}

const (
	maxCells     = 4 * MaxColumns // of a line; one cell more than columns is the row's fault, so many are the file's
	tooManyCells = -1
)

// more reads on. Lines that were returned keep their text.
func (r *lineReader) more(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	left := len(r.text) - r.at
	larger := make([]byte, left+max(sniffed, left))
	copy(larger, r.text[r.at:])
	n, err := io.ReadFull(r.source, larger[left:])
	r.text, r.at = larger[:left+n], 0
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.ended, err = true, nil
	}
	return err
}

func (r *lineReader) brokenQuote(at int) error {
	line := r.line + bytes.Count(r.text[r.at:min(at, len(r.text))], []byte{'\n'})
	if at >= len(r.text) {
		return refuse(
			fmt.Sprintf("从第 %d 行开始的引号没有结束。请补上引号，或把单元格里的引号写成两个（\"\"），再导入。", r.line),
			fmt.Sprintf("A quote in the row that begins at line %d is not closed. Close it, or write a quote within a cell twice (\"\"), "+
				"and import again.",
				r.line))
	}
	return refuse(
		fmt.Sprintf("第 %d 行的引号不成对：含引号的单元格要整个用引号括起来，里面的引号写成两个（\"\"）。请改正后再导入。", line),
		fmt.Sprintf("The quotes in line %d do not match: a cell with quotes is put in quotes as a whole, and those within it are written "+
			"twice (\"\"). Correct it and import again.", line))
}
