package source

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// maxPart bounds the small parts of a workbook that are read whole (its list of sheets, its styles), in bytes.
const maxPart = 32 << 20

// xlsxFile is one sheet of a workbook. The sheet is read as a stream with a reader of its own: excelize gives the cells of a stream as
// text alone, and what is a date, a number or a text shows in the cell's type and format.
type xlsxFile struct {
	*file

	archive *zip.Reader
	sheet   string // its name
	part    string // of the archive, with the cells
	head    int    // row of the column names
	formats []cellFormat
	strings *sharedStrings
	epoch   epoch
}

// workbook is what xl/workbook.xml says.
type workbook struct {
	Properties struct {
		Date1904 string `xml:"date1904,attr"`
	} `xml:"workbookPr"`
	Sheets []struct {
		Name  string `xml:"name,attr"`
		ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		State string `xml:"state,attr"`
		// Strict files have another namespace.
		StrictID string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"`
	} `xml:"sheets>sheet"`
}

// relations are the parts that a part refers to.
type relations struct {
	List []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// openXLSX finds the sheet and reads its header.
func openXLSX(ctx context.Context, f *file, sheet string) (_ format, err error) {
	info, err := f.opened.Stat()
	if err != nil {
		return nil, err
	}
	x := &xlsxFile{file: f, strings: &sharedStrings{}}
	if x.archive, err = zip.NewReader(f.opened, info.Size()); err != nil {
		return nil, brokenXLSX(err)
	}
	if err := x.open(ctx, sheet); err != nil {
		return nil, errors.Join(err, x.strings.close())
	}
	return x, nil
}

func (x *xlsxFile) open(ctx context.Context, sheet string) error {
	root, err := x.related("", "/officeDocument")
	if err != nil {
		return err
	}
	var book workbook
	if err := x.read(root, &book); err != nil {
		return err
	}
	if book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true" {
		x.epoch = epoch1904
	}
	id, err := x.choose(&book, sheet)
	if err != nil {
		return err
	}
	if x.part, err = x.relatedBy(root, func(relID, _ string) bool { return relID == id }); err != nil {
		return err
	}
	if styles, err := x.related(root, "/styles"); err == nil {
		var sheet styleSheet
		if err := x.read(styles, &sheet); err != nil {
			return err
		}
		x.formats = sheet.formats()
	}
	if texts, err := x.related(root, "/sharedStrings"); err == nil {
		if err := x.loadStrings(ctx, texts); err != nil {
			return err
		}
	}
	return x.readHeader(ctx)
}

// choose returns the relation of the sheet that is named, or of the only visible one.
func (x *xlsxFile) choose(book *workbook, sheet string) (id string, err error) {
	var names []string
	for _, one := range book.Sheets {
		if one.Name == sheet || sheet == "" && one.State == "" || sheet == "" && one.State == "visible" {
			x.sheet, id = one.Name, one.ID+one.StrictID
		}
		if one.State == "" || one.State == "visible" || one.Name == sheet {
			names = append(names, one.Name)
		}
	}
	list := strings.Join(names, "、")
	switch {
	case sheet != "" && !slices.Contains(names, sheet):
		return "", refuse(fmt.Sprintf("没有名为“%s”的工作表，有：%s。", sheet, list), fmt.Sprintf("There is no sheet “%s”. There are: %s.", sheet, list))
	case len(names) == 0:
		return "", refuse("文件里没有可见的工作表。", "The file has no visible sheet.")
	case sheet == "" && len(names) > 1:
		return "", refuse(fmt.Sprintf("文件里有 %d 个工作表，请用 --sheet 选一个：%s。", len(names), list),
			fmt.Sprintf("The file has %d sheets; choose one with --sheet: %s.", len(names), list))
	}
	return id, nil
}

// readHeader takes the first row that has text as the names of the columns, and refuses merged cells in it and below it.
func (x *xlsxFile) readHeader(ctx context.Context) error {
	rows, err := x.cells()
	if err != nil {
		return err
	}
	defer rows.Close()
	var names []string
	for x.head == 0 {
		row, err := rows.next(ctx)
		if errors.Is(err, io.EOF) {
			return refuse(fmt.Sprintf("工作表“%s”是空的。第一行应是列名，下面每行一条数据。", x.sheet),
				fmt.Sprintf("The sheet “%s” is empty. Its first row names the columns, each row below is a row.", x.sheet))
		}
		if err != nil {
			return err
		}
		for _, cell := range row.cells {
			if cell.text == "" {
				continue
			}
			for len(names) <= cell.column {
				names = append(names, "")
			}
			names[cell.column], x.head = cell.text, row.number
		}
	}
	merged, err := x.merged(ctx, x.head)
	if err != nil {
		return err
	}
	if merged != "" {
		return refuse(
			fmt.Sprintf("单元格 %s 是合并的，看不出它的值属于哪一列、哪一行。请取消合并并填好每个单元格（标题只留一行），再导入。", merged),
			fmt.Sprintf("The cells %s are merged, so it is unclear to which column and row their value belongs. Unmerge and fill them, "+
				"keep one header row, and import again.", merged))
	}
	x.columns, err = header(names)
	return err
}

// part opens a part of the archive.
func (x *xlsxFile) openPart(name string) (io.ReadCloser, error) {
	for _, one := range x.archive.File {
		if strings.EqualFold(one.Name, name) {
			reader, err := one.Open()
			if err != nil {
				return nil, brokenXLSX(err)
			}
			return reader, nil
		}
	}
	return nil, brokenXLSX(fmt.Errorf("%s is missing", name))
}

// read reads a small part whole.
func (x *xlsxFile) read(name string, into any) error {
	part, err := x.openPart(name)
	if err != nil {
		return err
	}
	defer part.Close()
	if err := xml.NewDecoder(io.LimitReader(part, maxPart)).Decode(into); err != nil {
		return brokenXLSX(err)
	}
	return nil
}

// related finds the part that another one refers to, by the end of the relation's type.
func (x *xlsxFile) related(from, kind string) (string, error) {
	return x.relatedBy(from, func(_, of string) bool { return strings.HasSuffix(of, kind) })
}

func (x *xlsxFile) relatedBy(from string, wanted func(id, kind string) bool) (string, error) {
	folder, name := path.Split(from)
	var found relations
	if err := x.read(folder+"_rels/"+name+".rels", &found); err != nil {
		return "", err
	}
	for _, one := range found.List {
		if wanted(one.ID, one.Type) {
			if strings.HasPrefix(one.Target, "/") {
				return one.Target[1:], nil
			}
			return path.Join(folder, one.Target), nil
		}
	}
	return "", brokenXLSX(errors.New("a part is not related"))
}

func (x *xlsxFile) describe() problem.Text {
	return problem.Text{ZH: fmt.Sprintf("XLSX，工作表“%s”", x.sheet), EN: fmt.Sprintf("XLSX, sheet “%s”", x.sheet)}
}

// brokenXLSX is the refusal of a file that is no whole workbook.
func brokenXLSX(cause error) error {
	if refusal, ok := errors.AsType[*Refusal](cause); ok {
		return refusal
	}
	return refuse(fmt.Sprintf("文件不是完整的 .xlsx（%v）。请在 Excel 或 WPS 里打开并另存为 .xlsx 后再导入。", cause),
		fmt.Sprintf("The file is not a whole .xlsx (%v). Open it in Excel or WPS, save it as .xlsx and import that.", cause))
}
