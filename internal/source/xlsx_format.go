package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// cellFormat is how a spreadsheet shows a number.
type cellFormat struct {
	code    string // the number format, as the file spells it; "" for a built-in one
	date    bool   // it shows a day
	clock   bool   // it shows a time of day
	elapsed bool   // it shows hours, minutes or seconds that go on counting
}

// styleSheet is what xl/styles.xml says of number formats.
type styleSheet struct {
	Formats []struct {
		ID   int    `xml:"numFmtId,attr"`
		Code string `xml:"formatCode,attr"`
	} `xml:"numFmts>numFmt"`
	Cells []struct {
		Format int `xml:"numFmtId,attr"`
	} `xml:"cellXfs>xf"`
}

// formats are those of the cell styles, by their number.
func (s *styleSheet) formats() []cellFormat {
	custom := make(map[int]string, len(s.Formats))
	for _, one := range s.Formats {
		custom[one.ID] = one.Code
	}
	formats := make([]cellFormat, len(s.Cells))
	for i, cell := range s.Cells {
		if code, ok := custom[cell.Format]; ok {
			formats[i] = formatOfCode(code)
		} else {
			formats[i] = builtInFormat(cell.Format)
		}
	}
	return formats
}

// builtInFormat is the format of a number that needs no code: ECMA-376 part 1, 18.8.30, with those of Chinese, Japanese and Korean.
func builtInFormat(id int) cellFormat {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return cellFormat{date: true}
	case id == 22:
		return cellFormat{date: true, clock: true}
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return cellFormat{clock: true}
	case id == 46:
		return cellFormat{elapsed: true}
	}
	return cellFormat{}
}

// formatOfCode reads a number format. Only its first section counts: the others are for negative numbers, zero and text.
func formatOfCode(code string) cellFormat {
	format := cellFormat{code: code}
	var hours, month bool
	letters := []rune(code)
scan:
	for i := 0; i < len(letters); i++ {
		switch letter := letters[i]; letter {
		case ';':
			break scan
		case '"':
			for i++; i < len(letters) && letters[i] != '"'; i++ {
				continue
			}
		case '\\', '_', '*':
			i++
		case '[':
			begin := i + 1
			for i++; i < len(letters) && letters[i] != ']'; i++ {
				continue
			}
			inside := string(letters[begin:i])
			if inside != "" && strings.Trim(strings.ToLower(inside), "hms") == "" {
				format.elapsed = true
			}
		case 'y', 'Y', 'd', 'D':
			format.date = true
		case 'h', 'H', 's', 'S':
			hours = true
		case 'm', 'M':
			month = true
		case 'e', 'E', 'g', 'G':
			if strings.EqualFold(string(letters[i:min(len(letters), i+len("General"))]), "General") {
				return cellFormat{code: code}
			}
			if next := i + 1; letter != 'g' && letter != 'G' && (next == len(letters) || letters[next] != '+' && letters[next] != '-') {
				format.date = true // the year of an era
			}
		}
	}
	format.clock = hours && !format.elapsed
	if month && !hours && !format.elapsed {
		format.date = true
	}
	return format
}

// epoch is where a workbook's days begin.
type epoch int

const (
	epoch1900 epoch = iota // 1 is 1 January 1900, and 60 a 29 February that was not
	epoch1904              // 0 is 1 January 1904
)

const (
	dayMS   = 24 * 60 * 60 * 1000
	lastDay = 2_958_465 // 31 December 9999
)

// number is a cell's number as a JSON value: a number, or, by its format, the text of a date or time without an offset.
func (f cellFormat) number(text string, epoch epoch) (json.RawMessage, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
		return nil, errBadNumber
	}
	if !f.date && !f.clock && !f.elapsed {
		return plainNumber(text, value), nil
	}
	if value < 0 || value >= lastDay+1 || !f.elapsed && value >= 60 && value < 61 && epoch == epoch1900 {
		return nil, errBadDate
	}
	ms := int64(math.Round(value * dayMS))
	day, clock := ms/dayMS, ms%dayMS
	switch {
	case f.elapsed:
		return quote([]byte(fmt.Sprintf("%d:%02d:%02d", ms/3_600_000, ms/60_000%60, ms/1000%60) + fraction(ms))), nil
	case f.clock && !f.date && day == 0:
		return quote([]byte(clockText(clock))), nil
	}
	begin := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case epoch == epoch1904:
		begin = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case day < 60:
		begin = begin.AddDate(0, 0, 1)
	}
	written := begin.AddDate(0, 0, int(day)).Format(time.DateOnly)
	if f.clock || clock != 0 {
		written += " " + clockText(clock)
	}
	return quote([]byte(written)), nil
}

var (
	errBadDate   = errors.New("no such date")
	errBadNumber = errors.New("no number")
)

func clockText(ms int64) string {
	return fmt.Sprintf("%02d:%02d:%02d", ms/3_600_000, ms/60_000%60, ms/1000%60) + fraction(ms)
}

func fraction(ms int64) string {
	if ms%1000 == 0 {
		return ""
	}
	return fmt.Sprintf(".%03d", ms%1000)
}

// plainNumber is a number exactly: whole ones digit for digit, all others as the shortest text of the double that the sheet holds.
func plainNumber(text string, value float64) json.RawMessage {
	digits := strings.TrimPrefix(text, "-")
	if strings.Trim(digits, "0123456789") == "" && (digits == "0" || !strings.HasPrefix(digits, "0")) {
		return json.RawMessage(text)
	}
	format := byte('f')
	if size := math.Abs(value); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return json.RawMessage(strconv.FormatFloat(value, format, -1, 64))
}

func badDate(column string) *Fault {
	return &Fault{Column: column, Code: FaultBadDate, Message: problem.Text{
		ZH: "单元格的格式是日期，但数字不是一个存在的日期。", EN: "The cell is formatted as a date, and its number is not a date that exists.",
	}}
}
