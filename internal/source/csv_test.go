package source_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/rowgate/rowgate/internal/source"
)

func TestCSV(t *testing.T) {
	t.Parallel()
	const plain = "标题,播放量\n葱油拌面,12\n番茄炒蛋,\n"
	rows := []string{`"葱油拌面"|"12"`, `"番茄炒蛋"|`}
	little := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	bare := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	for name, test := range map[string]struct {
		data  []byte
		about string
		want  []string
	}{
		"reads_UTF-8":                      {[]byte(plain), "UTF-8, commas", rows},
		"reads_UTF-8_with_a_BOM":           {[]byte("\uFEFF" + plain), "UTF-8 with BOM", rows},
		"reads_UTF-16_with_a_BOM":          {encode(t, little, plain), "UTF-16LE", rows},
		"reads_UTF-16_without_a_BOM":       {encode(t, bare, "id,n\nabcdef,12\n"), "UTF-16BE", []string{`"abcdef"|"12"`}},
		"reads_GB18030":                    {encode(t, simplifiedchinese.GB18030, plain), "GB18030", rows},
		"reads_semicolons":                 {[]byte("a;b\n1,5;2\n"), "semicolons", []string{`"1,5"|"2"`}},
		"reads_tabs":                       {[]byte("a\tb\nx,y\tz\n"), "tabs", []string{`"x,y"|"z"`}},
		"keeps_the_comma_where_it_divides": {[]byte("a,b\nx;y;z,1\n"), "commas", []string{`"x;y;z"|"1"`}},
		"reads_one_column":                 {[]byte("a\nx\ny\n"), "commas", []string{`"x"`, `"y"`}},
		"reads_quoted_line_breaks": {[]byte("a,b\n\"x\r\ny\",\"he said \"\"no\"\"\"\n"), "commas", []string{
			`"x\r\ny"|"he said \"no\""`,
		}},
		"reads_CRLF_and_lone_CR":           {[]byte("a,b\r\n1,2\r3,4\r\n"), "commas", []string{`"1"|"2"`, `"3"|"4"`}},
		"reads_a_last_line_without_an_end": {[]byte("a,b\n1,2"), "commas", []string{`"1"|"2"`}},
		"passes_over_empty_lines":          {[]byte("\n\na,b\n\n,\n1,2\n\n"), "commas", []string{`"1"|"2"`}},
		"takes_a_short_row":                {[]byte("a,b,c\n1\n"), "commas", []string{`"1"||`}},
		"takes_an_empty_cell_too_many":     {[]byte("a,b\n1,2,,\n"), "commas", []string{`"1"|"2"`}},
		"finds_a_row_with_a_cell_too_many": {[]byte("a,b\n1,2,3\n4,5\n"), "commas", []string{`"1"|"2" !extra_cell `, `"4"|"5"`}},
		"finds_NUL_in_a_cell":              {[]byte("a,b\nx\x00y,1\n2,3\n"), "commas", []string{`| !bad_text a`, `"2"|"3"`}},
		"finds_half_a_character_of_UTF-16": {append(encode(t, little, "a,b\nx"), 0x00, 0xD8, ',', 0, '1', 0, '\n', 0), "UTF-16LE", []string{
			`| !bad_text a`,
		}},
		"takes_a_header_alone":              {[]byte("a,b\n"), "commas", nil},
		"keeps_white_space_and_spelling":    {[]byte("a,b\n 1.50 ,007\n"), "commas", []string{`" 1.50 "|"007"`}},
		"drops_unnamed_columns_at_the_end":  {[]byte("a,b,,\n1,2,,\n"), "commas", []string{`"1"|"2"`}},
		"reads_a_cell_across_reading_steps": {[]byte("a,b\n\"" + strings.Repeat("x\n", 200_000) + "\",1\n"), "commas", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, write(t, "rows.csv", test.data), source.FileOptions{})
			if !strings.Contains(f.About.EN, test.about) || f.About.ZH == "" {
				t.Errorf("it is %q, want %q", f.About.EN, test.about)
			}
			got := shown(t, f)
			if f.Total != len(got) {
				t.Errorf("%d rows, Total says %d", len(got), f.Total)
			}
			if strings.Contains(name, "across") {
				if len(got) != 1 || len(got[0]) != len(`""|"1"`)+3*200_000 {
					t.Errorf("%d rows", len(got))
				}
				return
			}
			wantLines(t, got, test.want...)
		})
	}
}

func TestCSVRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ data, says string }{
		"refuses_an_empty_file":                 {"", "file is empty"},
		"refuses_line_breaks_alone":             {"\n\r\n", "file is empty"},
		"refuses_a_quote_that_is_not_closed":    {"a,b\n1,2\n\"x,3\n4,5\n", "begins at line 3 is not closed"},
		"refuses_a_quote_within_a_cell":         {"a,b\n1,2\n\n5\" pipe,3\n", "quotes in line 4 do not match"},
		"refuses_text_behind_a_quote":           {"a,b\n\"x\"y,3\n", "quotes in line 2 do not match"},
		"refuses_a_name_that_comes_twice":       {"a,b, a\n1,2,3\n", "“a” comes twice (columns 1 and 3)"},
		"refuses_a_column_without_a_name":       {"a,,c\n1,2,3\n", "Column 2 has no name"},
		"refuses_too_many_columns":              {strings.Repeat("a,", source.MaxColumns) + "b\n", "301 columns"},
		"refuses_a_row_without_end":             {"a,b\n\"" + strings.Repeat("x", 3*source.MaxRowBytes), "larger than 4 MiB"},
		"refuses_a_line_of_thousands_of_cells":  {"a,b\n" + strings.Repeat("1,", 5000) + "\n", "more than 1200 cells"},
		"refuses_bytes_that_are_no_text":        {"a,b\n\xff\xfe\x80\x81,1\n", "neither in UTF-8"},
		"refuses_an_old_spreadsheet":            {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and so on", "old .xls"},
		"refuses_a_JSON_array":                  {"[{\"a\":1}]", "JSON array"},
		"refuses_a_broken_archive":              {"PK\x03\x04 and no more", "not a whole .xlsx"},
		"refuses_a_name_that_is_not_a_text":     {"a\x00b,c\n1,2\n", "NUL"},
		"refuses_a_sheet_of_what_has_no_sheets": {"a,b\n", "--sheet is for .xlsx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := source.FileOptions{}
			if strings.Contains(name, "sheet_of") {
				options.Sheet = "x"
			}
			wantRefusal(t, write(t, "rows.csv", []byte(test.data)), options, test.says)
		})
	}
	t.Run("refuses_a_folder_and_a_missing_file", func(t *testing.T) {
		t.Parallel()
		wantRefusal(t, t.TempDir(), source.FileOptions{}, "not a regular file")
		wantRefusal(t, t.TempDir()+"/none.csv", source.FileOptions{}, "There is no file")
	})
}

// TestCSVRowNumbers: a row's number is the one that a spreadsheet shows, empty lines counted.
func TestCSVRowNumbers(t *testing.T) {
	t.Parallel()
	f := open(t, write(t, "rows.csv", []byte("a\n\"x\ny\"\n\nz\n")), source.FileOptions{})
	rows, err := f.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for _, want := range []int{2, 4} {
		if row, err := rows.Next(t.Context()); err != nil || row.Number != want {
			t.Errorf("row %d, %v, want %d", row.Number, err, want)
		}
	}
}

// TestCSVRefused: the refused rows are written in the file's own dialect and encoding, and can be read again.
func TestCSVRefused(t *testing.T) {
	t.Parallel()
	const text = "标题;n\r\n甲;1\r\n\"乙;\"\"x\"\"\";2\r\n丙;3;4\r\n丁;5\r\n"
	for name, data := range map[string][]byte{
		"in_GB18030":         encode(t, simplifiedchinese.GB18030, text),
		"in_UTF-16":          encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), text),
		"in_UTF-8_with_BOM":  []byte("\uFEFF" + text),
		"in_UTF-8_as_it_was": []byte(text),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, write(t, "rows.csv", data), source.FileOptions{})
			path := t.TempDir() + "/refused.csv"
			n, err := f.WriteRefused(t.Context(), path, func(yield func(int, string) bool) {
				_ = yield(3, "第 3 行") && yield(4, "too \"many\"")
			})
			if err != nil || n != 2 {
				t.Fatal(n, err)
			}
			again := open(t, path, source.FileOptions{})
			if again.About != f.About || fmt.Sprint(names(again)) != "[rowgate_error 标题 n]" {
				t.Errorf("%v, %v", again.About, names(again))
			}
			wantLines(t, shown(t, again), `"第 3 行"|"乙;\"x\""|"2"`, `"too \"many\""|"丙"|"3" !extra_cell `)
		})
	}
	t.Run("names_a_row_that_is_not_there", func(t *testing.T) {
		t.Parallel()
		f := open(t, write(t, "rows.csv", []byte(text)), source.FileOptions{})
		dir := t.TempDir()
		if _, err := f.WriteRefused(t.Context(), dir+"/x", func(yield func(int, string) bool) { yield(9, "x") }); err == nil {
			t.Error("no error")
		}
		if left, err := filesIn(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}
