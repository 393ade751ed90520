package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// File is a file of rows. It was read once from its beginning to its end: what is wrong with the file as a whole is found when it is
// opened. It implements Source.
type File struct {
	Path     string
	Digest   string       // SHA-256 of its bytes, hexadecimal
	Total    int          // rows, those with a fault included
	Faulty   int          // rows with a fault
	About    problem.Text // format, encoding and dialect, for people
	Sheet    string       // XLSX: the sheet that is read; else ""
	size     int64
	modified time.Time
	format   format
}

// FileOptions say how a file is read.
type FileOptions struct {
	Sheet string // XLSX: the sheet's name; "" for the only visible one
}

// format is one kind of file.
type format interface {
	rows(ctx context.Context) (Rows, error)
	describe() problem.Text
	names() []Column
	// refused writes the rows that have a reason once more, and returns how many there were.
	refused(ctx context.Context, out io.Writer, reasons reasons) (int, error)
}

// file is what all formats know of theirs.
type file struct {
	path     string
	encoding Encoding // of text
	columns  []Column
	opened   *os.File // closed with the File
}

func (f *file) names() []Column { return f.columns }

// text begins to read the file's text.
func (f *file) text() (io.Reader, error) {
	info, err := f.opened.Stat()
	if err != nil {
		return nil, err
	}
	return f.encoding.text(io.NewSectionReader(f.opened, 0, info.Size()))
}

// Open looks at a file and reads it once. Errors: a *Refusal, or that of the system.
func Open(ctx context.Context, path string, options FileOptions) (opened *File, err error) {
	disk, err := os.Open(path) //nolint:gosec // the file that the user names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse(fmt.Sprintf("找不到文件 %s。请检查路径。", path), fmt.Sprintf("There is no file %s. Check the path.", path))
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = disk.Close()
		}
	}()
	info, err := disk.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, refuse(fmt.Sprintf("%s 不是普通文件。文件要能从头读两遍，所以不能是目录或管道；请先存成文件。", path),
			fmt.Sprintf("%s is not a regular file. It is read twice, so it cannot be a folder or a pipe: save it to a file first.", path))
	}
	opened = &File{Path: path, size: info.Size(), modified: info.ModTime(), Sheet: options.Sheet}
	if opened.Digest, err = digest(ctx, disk); err != nil {
		return nil, err
	}
	if opened.format, err = formatOf(ctx, disk, path, options); err != nil {
		return nil, err
	}
	if x, ok := opened.format.(*xlsxFile); ok {
		opened.Sheet = x.sheet
	}
	opened.About = opened.format.describe()
	return opened, opened.scan(ctx)
}

// scan reads the file once and counts its rows.
func (f *File) scan(ctx context.Context) error {
	rows, err := f.Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		row, err := rows.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case row.Fault != nil:
			f.Faulty++
		}
		f.Total++
	}
}

// digest is SHA-256 over all bytes.
func digest(ctx context.Context, disk io.Reader) (string, error) {
	sum, buffer := sha256.New(), make([]byte, 1<<20)
	for ctx.Err() == nil {
		n, err := disk.Read(buffer)
		_, _ = sum.Write(buffer[:n]) // a hash takes everything
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", ctx.Err()
}

// formatOf looks at what the file holds; its name does not count.
func formatOf(ctx context.Context, disk *os.File, path string, options FileOptions) (format, error) {
	head := make([]byte, sniffed)
	n, err := disk.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	f := &file{path: path, opened: disk}
	switch {
	case n == 0:
		return nil, emptyFile()
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return openXLSX(ctx, f, options.Sheet)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return nil, refuse("这是旧的 .xls 文件，或者是加了密码的 .xlsx。请在 Excel 或 WPS 里另存为不带密码的 .xlsx 后再导入。",
			"This is an old .xls file, or an .xlsx with a password. Save it as .xlsx without a password in Excel or WPS and import that.")
	case options.Sheet != "":
		return nil, refuse("--sheet 只用于 .xlsx 文件，这个文件不是。", "--sheet is for .xlsx files; this file is not one.")
	}
	if f.encoding, err = encodingOf(head, disk); err != nil {
		return nil, err
	}
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	begin := make([]byte, sniffed)
	if n, err = io.ReadFull(text, begin); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	switch begin = bytes.TrimLeft(begin[:n], " \t\r\n"); {
	case bytes.HasPrefix(begin, []byte("{")):
		return openJSONL(ctx, f)
	case bytes.HasPrefix(begin, []byte("[")):
		return nil, refuse("文件是一个 JSON 数组。请改成 JSON Lines：每行一个对象，如 {\"标题\":\"甲\"}（jq -c '.[]' 可以转换）。",
			"The file is a JSON array. Make it JSON Lines, one object a line such as {\"title\":\"a\"} (jq -c '.[]' does that).")
	}
	return openCSV(ctx, f)
}

// Columns implements Source.
func (f *File) Columns() []Column { return slices.Clone(f.format.names()) }

// Rows implements Source.
func (f *File) Rows(ctx context.Context) (Rows, error) { return f.format.rows(ctx) }

// Changed reports whether the file at the path is another one than was opened, by its size and time of change.
func (f *File) Changed() (bool, error) {
	info, err := os.Stat(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return info.Size() != f.size || !info.ModTime().Equal(f.modified), nil
}

// Close closes the file.
func (f *File) Close() error {
	switch of := f.format.(type) {
	case *csvFile:
		return of.opened.Close()
	case *jsonlFile:
		return of.opened.Close()
	case *xlsxFile:
		return errors.Join(of.strings.close(), of.opened.Close())
	}
	return nil
}

func emptyFile() error {
	return refuse("文件是空的。第一行应是列名，下面每行一条数据。", "The file is empty. Its first line names the columns, each line below is a row.")
}

// header makes columns of the names in a file's first line. Names are trimmed; empty ones behind the last name do not count.
func header(names []string) ([]Column, error) {
	for len(names) > 0 && strings.TrimSpace(names[len(names)-1]) == "" {
		names = names[:len(names)-1]
	}
	if len(names) > MaxColumns {
		return nil, refuse(fmt.Sprintf("有 %d 列，最多 %d 列。请删去不要的列。", len(names), MaxColumns),
			fmt.Sprintf("There are %d columns, and at most %d are taken. Delete those that are not wanted.", len(names), MaxColumns))
	}
	columns := make([]Column, 0, len(names))
	for i, name := range names {
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, refuse(fmt.Sprintf("第 %d 列没有列名。请在标题行补上，或删去这一列。", i+1),
				fmt.Sprintf("Column %d has no name in the header line. Name it there, or delete the column.", i+1))
		}
		if strings.ContainsRune(name, 0) {
			return nil, refuse(fmt.Sprintf("第 %d 列的列名里有 NUL 字符：这个文件可能不是文本。", i+1),
				fmt.Sprintf("The name of column %d holds a NUL character: the file may not be text.", i+1))
		}
		if first := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name }); first >= 0 {
			return nil, refuse(fmt.Sprintf("列名“%s”出现了两次（第 %d 列和第 %d 列）。请改掉一个。", name, first+1, i+1),
				fmt.Sprintf("The column name “%s” comes twice (columns %d and %d). Rename one of them.", name, first+1, i+1))
		}
		columns = append(columns, Column{Name: name})
	}
	return columns, nil
}

// quote is a text as a JSON string. The text is valid UTF-8.
func quote(text []byte) json.RawMessage {
	quoted, _ := json.Marshal(string(text)) // a string always marshals
	return quoted
}

func extraCell(columns int) *Fault {
	return &Fault{Code: FaultExtraCell, Message: problem.Text{
		ZH: fmt.Sprintf("这一行的单元格比标题行的 %d 列多：可能是单元格里的分隔符没有加引号。", columns),
		EN: fmt.Sprintf("The row has more cells than the %d columns of the header: a separator within a cell may lack its quotes.", columns),
	}}
}

func badText(column string) *Fault {
	return &Fault{Column: column, Code: FaultBadText, Message: problem.Text{
		ZH: "文本里有不能写入的字符（NUL 或残缺的字符）。", EN: "The text holds a character that cannot be written (NUL, or half of one).",
	}}
}
