package source_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowgate/rowgate/internal/source"
)

// rowsOf makes a sheet of rows.
func rowsOf(rows ...[]any) func(*excelize.File) error {
	return func(f *excelize.File) error {
		for i, row := range rows {
			if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
				return err
			}
		}
		return nil
	}
}

// styled sets a number format for a cell.
func styled(f *excelize.File, cell, format string, value any) error {
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	return errors.Join(err, f.SetCellValue("Sheet1", cell, value), f.SetCellStyle("Sheet1", cell, cell, style))
}

func TestXLSX(t *testing.T) {
	t.Parallel()

	t.Run("reads_texts_numbers_and_booleans_exactly", func(t *testing.T) {
		t.Parallel()
		f := open(t, book(t, rowsOf([]any{"a", "b", "c", "d"},
			[]any{"甲\n乙", 0.1, true, 9007199254740991}, []any{nil, -1.5e-9, false, 1e21}, []any{}, []any{"007", 100000000.25, nil, "_x0041_"},
		)), source.FileOptions{})
		wantLines(t, shown(t, f), `"甲\n乙"|0.1|true|9007199254740991`, `|-1.5e-09|false|1000000000000000000000`, `"007"|100000000.25||"A"`)
		if f.Sheet != "Sheet1" || !strings.Contains(f.About.EN, "Sheet1") {
			t.Error(f.Sheet, f.About)
		}
	})

	t.Run("reads_dates_by_the_format_of_the_cell", func(t *testing.T) {
		t.Parallel()
		at := time.Date(2026, 3, 24, 15, 30, 0, 0, time.UTC)
		serial := 46105 + 15.5/24
		path := book(t, func(f *excelize.File) error {
			return errors.Join(rowsOf([]any{"a"})(f),
				f.SetCellValue("Sheet1", "A2", at), // excelize gives it a built-in format
				styled(f, "A3", `yyyy"年"m"月"d"日"`, 46105), styled(f, "A4", "yyyy/m/d h:mm", serial), styled(f, "A5", "h:mm:ss AM/PM", 0.75),
				styled(f, "A6", "[h]:mm", 27.5/24), styled(f, "A7", "0.00%", 0.125), styled(f, "A8", "#,##0.00 \"days\"", 46105),
				styled(f, "A9", "[$-409]d-mmm-yy;@", 1), styled(f, "A10", "0.00E+00", 12345), styled(f, "A11", "yyyy-mm-dd", 59),
				styled(f, "A12", "yyyy-mm-dd", 61), styled(f, "A13", "yyyy-mm-dd", serial), styled(f, "A14", "[Red]0", 3),
				styled(f, "A15", "mmm", 46105), styled(f, "A16", "ss.000", 0.5+0.001/86400), styled(f, "A17", "General", 46105))
		})
		wantLines(t, shown(t, open(t, path, source.FileOptions{})),
			`"2026-03-24 15:30:00"`, `"2026-03-24"`, `"2026-03-24 15:30:00"`, `"18:00:00"`, `"27:30:00"`, `0.125`, `46105`, `"1900-01-01"`, `12345`,
			`"1900-02-28"`, `"1900-03-01"`, `"2026-03-24 15:30:00"`, `3`, `"2026-03-24"`, `"12:00:00.001"`, `46105`)
	})

	t.Run("reads_dates_that_begin_in_1904", func(t *testing.T) {
		t.Parallel()
		path := book(t, func(f *excelize.File) error {
			return errors.Join(f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: new(true)}), rowsOf([]any{"a"})(f),
				styled(f, "A2", "yyyy-mm-dd", 0.25), styled(f, "A3", "yyyy-mm-dd hh:mm", 44643.5))
		})
		wantLines(t, shown(t, open(t, path, source.FileOptions{})), `"1904-01-01 06:00:00"`, `"2026-03-24 12:00:00"`)
	})

	t.Run("finds_what_is_not_a_value", func(t *testing.T) {
		t.Parallel()
		path := book(t, func(f *excelize.File) error {
			return errors.Join(rowsOf([]any{"a", "b"}, []any{"x", "#DIV/0!"})(f), f.SetCellFormula("Sheet1", "A3", "1+1"),
				styled(f, "B4", "yyyy-mm-dd", -3), styled(f, "B5", "yyyy-mm-dd", 60), rowsOfAt(f, 6, "x", "y", "z"))
		})
		wantLines(t, shown(t, open(t, path, source.FileOptions{})), `"x"| !cell_error b`, `| !no_value a`, `| !bad_date b`, `| !bad_date b`,
			`"x"|"y" !extra_cell `)
	})

	t.Run("reads_the_sheet_as_other_programs_write_it", func(t *testing.T) {
		t.Parallel()
		path := raw(t, `<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>`+
			`<x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c><x:c t="inlineStr"><x:is><x:r><x:t>b</x:t></x:r><x:r><x:t>c</x:t></x:r>`+
			`<x:rPh sb="0" eb="1"><x:t>reading</x:t></x:rPh></x:is></x:c></x:row>`+
			`<x:row r="5"><x:c r="B5" t="str"><x:f>A1</x:f><x:v>x_x000D_&amp;y</x:v></x:c></x:row>`+
			`<x:row r="6"><x:c r="A6" t="d"><x:v>2026-03-24T12:00:00</x:v></x:c><x:c r="B6" t="e"><x:v>#N/A</x:v></x:c></x:row>`+
			`<x:row r="7"><x:c r="A7"><x:v>1.1000000000000001</x:v></x:c><x:c r="B7" t="str"><x:f>A1</x:f><x:v></x:v></x:c></x:row>`+
			`</x:sheetData></x:worksheet>`)
		f := open(t, path, source.FileOptions{})
		if got := strings.Join(names(f), " "); got != "a bc" {
			t.Errorf("columns %s", got)
		}
		wantLines(t, shown(t, f), `|"x\r\u0026y"`, `"2026-03-24T12:00:00"| !cell_error b`+"c", `1.1|`)
	})

	t.Run("reads_many_shared_texts", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("长", 30_000)
		var texts, cells strings.Builder
		texts.WriteString("<sst><si><t>a</t></si>")
		cells.WriteString(`<worksheet><sheetData><row><c t="s"><v>0</v></c></row>`)
		for i := range 220 { // past what is kept in memory
			_, _ = fmt.Fprintf(&texts, "<si><t>%d%s</t></si>", i, long)
			_, _ = fmt.Fprintf(&cells, `<row><c t="s"><v>%d</v></c></row>`, i+1)
		}
		path := raw(t, cells.String()+"</sheetData></worksheet>", texts.String()+"</sst>")
		got := shown(t, open(t, path, source.FileOptions{}))
		if len(got) != 220 || got[0] != `"0`+long+`"` || got[219] != `"219`+long+`"` {
			t.Errorf("%d rows", len(got))
		}
	})
}

// rowsOfAt writes one row.
func rowsOfAt(f *excelize.File, row int, cells ...any) error {
	return f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", row), &cells)
}

// raw is a workbook with this text as its only sheet, and perhaps shared texts.
func raw(t *testing.T, sheet string, texts ...string) string {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	relation := func(id, kind, target string) string {
		return fmt.Sprintf(`<Relationship Id=%q Type=%q Target=%q/>`, id, office+kind, target)
	}
	relations := func(all ...string) string { return "<Relationships>" + strings.Join(all, "") + "</Relationships>" }
	parts := relation("r1", "/worksheet", "/xl/one.xml")
	if len(texts) > 0 {
		parts += relation("r2", "/sharedStrings", "texts.xml")
	}
	for name, text := range map[string]string{
		"_rels/.rels":                relations(relation("r", "/officeDocument", "xl/workbook.xml")),
		"xl/workbook.xml":            `<workbook xmlns:r="` + office + `"><sheets><sheet name="表" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": relations(parts),
		"xl/one.xml":                 sheet,
		"xl/texts.xml":               strings.Join(texts, ""),
	} {
		part, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "raw.xlsx", out.Bytes())
}

func TestXLSXSheets(t *testing.T) {
	t.Parallel()
	path := book(t, func(f *excelize.File) error {
		_, err := f.NewSheet("第二")
		_, hidden := f.NewSheet("hidden")
		return errors.Join(err, hidden, f.SetSheetVisible("hidden", false), rowsOf([]any{"a"}, []any{1})(f),
			f.SetSheetRow("第二", "A1", &[]any{"b"}), f.SetSheetRow("hidden", "A1", &[]any{"c"}))
	})
	wantRefusal(t, path, source.FileOptions{}, "2 sheets; choose one with --sheet: Sheet1、第二")
	wantRefusal(t, path, source.FileOptions{Sheet: "third"}, "no sheet “third”. There are: Sheet1、第二")
	for sheet, column := range map[string]string{"Sheet1": "a", "第二": "b", "hidden": "c"} {
		if got := names(open(t, path, source.FileOptions{Sheet: sheet})); len(got) != 1 || got[0] != column {
			t.Errorf("%s has %v", sheet, got)
		}
	}
}

func TestXLSXRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fill func(f *excelize.File) error
		says string
	}{
		"refuses_an_empty_sheet": {rowsOf(), "sheet “Sheet1” is empty"},
		"refuses_a_merged_header": {func(f *excelize.File) error {
			return errors.Join(rowsOf([]any{"a", nil, "c"}, []any{1, 2, 3})(f), f.MergeCell("Sheet1", "A1", "B1"))
		}, "The cells A1:B1 are merged"},
		"refuses_merged_cells_below": {func(f *excelize.File) error {
			rows := [][]any{{"a", "b"}}
			for i := range 3000 {
				rows = append(rows, []any{i, strings.Repeat("x", 50)})
			}
			return errors.Join(rowsOf(rows...)(f), f.MergeCell("Sheet1", "A2500", "A2501"))
		}, "The cells A2500:A2501 are merged"},
		"refuses_a_column_without_a_name": {rowsOf([]any{"a", nil, "c"}), "Column 2 has no name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, book(t, test.fill), source.FileOptions{}, test.says)
		})
	}
	t.Run("refuses_a_row_that_is_too_large", func(t *testing.T) {
		t.Parallel()
		huge := raw(t, `<worksheet><sheetData><row><c t="str"><v>`+strings.Repeat("x", source.MaxRowBytes+1))
		wantRefusal(t, huge, source.FileOptions{}, "larger than 4 MiB")
	})
	t.Run("refuses_a_sheet_that_breaks_off", func(t *testing.T) {
		t.Parallel()
		wantRefusal(t, raw(t, `<worksheet><sheetData><row><c t="str"><v>x</v></c></row><row><c`), source.FileOptions{}, "not a whole .xlsx")
	})
}

// TestXLSXRefused: dates and numbers of refused rows stay what they are.
func TestXLSXRefused(t *testing.T) {
	t.Parallel()
	for _, from1904 := range []bool{false, true} {
		path := book(t, func(f *excelize.File) error {
			return errors.Join(f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: new(from1904)}),
				rowsOf([]any{"标题", "日期", "n", "是"}, []any{"甲"}, []any{"乙", nil, 0.1, true}, []any{"丙"})(f),
				styled(f, "B3", "yyyy-mm-dd hh:mm", 45000.5))
		})
		f := open(t, path, source.FileOptions{})
		out := t.TempDir() + "/refused.xlsx"
		if n, err := f.WriteRefused(t.Context(), out, func(yield func(int, string) bool) { yield(3, "坏") }); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		again := open(t, out, source.FileOptions{})
		want := strings.Replace(shown(t, f)[1], `"乙"`, `"坏"|"乙"`, 1)
		wantLines(t, shown(t, again), want)
		if got := strings.Join(names(again), " "); got != "rowgate_error 标题 日期 n 是" || again.Sheet != f.Sheet {
			t.Errorf("columns %s, sheet %s", got, again.Sheet)
		}
	}
}
