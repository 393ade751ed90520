package bitable

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// Why a value is not a date.
var (
	reasonDate       = problem.Text{ZH: "看不出这是哪个日期。", EN: "This is not plainly a date."}
	reasonDateNumber = problem.Text{
		ZH: "只有 8、10 至 13 或 16 位的整数，以及 12、14 位的文本可以读成日期（负数按毫秒）。",
		EN: "Only whole numbers of 8, 10 to 13 or 16 digits, and text of 12 or 14, are read as dates (negative ones as milliseconds).",
	}
	reasonDayFirst   = problem.Text{ZH: "日和月的先后不明确。请把年写在前面。", EN: "Day and month could be swapped. Write the year first."}
	reasonNoSuchDay  = problem.Text{ZH: "日历上没有这一天。", EN: "There is no such day."}
	reasonNoSuchTime = problem.Text{ZH: "没有这个时刻。时间从 00:00 到 23:59:59。", EN: "There is no such time. Times run from 00:00 to 23:59:59."}
	reasonYear       = problem.Text{
		ZH: fmt.Sprintf("年份要在 %d 到 %d 之间。", minYear, maxYear),
		EN: fmt.Sprintf("The year must lie between %d and %d.", minYear, maxYear),
	}
	reasonZoneName = problem.Text{ZH: "时区缩写有歧义。请写偏移，如 +08:00。", EN: "Zone abbreviations are ambiguous. Write an offset, as +08:00."}
	reasonWeekday  = problem.Text{ZH: "星期和日期对不上。", EN: "The weekday is not that of the date."}
	reasonGap      = problem.Text{
		ZH: "这个时刻因夏令时开始被跳过，并不存在。请写带偏移的时间。",
		EN: "Daylight saving skips this local time; it does not exist. Send a time with an offset.",
	}
)

// dateFault is why text is not a date, and how it may have been meant.
type dateFault struct {
	reason     problem.Text
	suggestion string
}

// parseDate reads text, trimmed and without full-width characters, as a calendar date with an optional time and offset.
// Nothing is guessed: what is not one of the forms of the contract is a fault.
func parseDate(text string) (civil, dateFault) {
	p := dateParser{rest: text}
	p.weekdayBefore()
	if !p.yearFirst() && !p.basic() && !p.englishDate() {
		return civil{}, dayFirst(text)
	}
	p.weekdayBehind()
	if !p.timeOfDay() {
		if p.reason.IsZero() {
			p.reason = reasonDate
		}
		return civil{}, dateFault{reason: p.reason}
	}
	if reason := p.check(); !reason.IsZero() {
		return civil{}, dateFault{reason: reason}
	}
	if p.named && time.Date(p.year, time.Month(p.month), p.day, 0, 0, 0, 0, time.UTC).Weekday() != p.weekday {
		return civil{}, dateFault{reason: reasonWeekday}
	}
	return p.civil, dateFault{}
}

// dateParser reads a date from the front of rest.
type dateParser struct {
	civil
	rest    string
	spaced  bool // the day was not closed by 日, so a time needs T or a space
	english bool // a comma may come before the time
	named   bool // a weekday was given
	weekday time.Weekday
	reason  problem.Text
}

// digits reads least to most digits.
func (p *dateParser) digits(least, most int) (n int, ok bool) {
	i := 0
	for i < len(p.rest) && i < most && p.rest[i] >= '0' && p.rest[i] <= '9' {
		n = n*10 + int(p.rest[i]-'0')
		i++
	}
	if i < least || i < len(p.rest) && p.rest[i] >= '0' && p.rest[i] <= '9' {
		return 0, false
	}
	p.rest = p.rest[i:]
	return n, true
}

// skip reads token if it comes next.
func (p *dateParser) skip(token string) bool {
	rest, ok := strings.CutPrefix(p.rest, token)
	p.rest = rest
	return ok
}

// dateSeparators stand after year, month and day.
var dateSeparators = [][3]string{{"-", "-", ""}, {"/", "/", ""}, {".", ".", ""}, {"年", "月", "日"}}

func (p *dateParser) yearFirst() bool {
	before := p.rest
	if p.number(&p.year, 4, 4) {
		for _, after := range dateSeparators {
			if p.skip(after[0]) {
				p.spaced = after[2] == ""
				if p.number(&p.month, 1, 2) && p.skip(after[1]) && p.number(&p.day, 1, 2) && p.skip(after[2]) {
					return true
				}
				break
			}
		}
	}
	p.rest = before
	return false
}

// basic reads ISO 8601's basic form: 20260304T150405, with an optional fraction and offset.
func (p *dateParser) basic() bool {
	day, clock, ok := strings.Cut(p.rest, "T")
	if !ok || len(day) != 8 || !isWhole(day) || len(clock) < 4 {
		return false
	}
	size := 4
	if len(clock) >= 6 && isWhole(clock[:6]) {
		size = 6
	}
	if !isWhole(clock[:size]) || day[0] == '-' || clock[0] == '-' {
		return false
	}
	p.year, p.month, p.day = atoi(day[:4]), atoi(day[4:6]), atoi(day[6:])
	p.rest = "T" + clock[:2] + ":" + clock[2:4]
	if size == 6 {
		p.rest += ":" + clock[4:6]
	}
	p.rest += clock[size:]
	p.spaced = true
	return true
}

// atoi reads what is known to be digits.
func atoi(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// englishDate reads "March 4, 2026", "Mar 4 2026", "4 March 2026", "04-Mar-2026" and "04 Mar 2026".
func (p *dateParser) englishDate() bool {
	p.spaced, p.english = true, true
	if p.month = p.monthName(); p.month > 0 {
		return p.ctime() || p.skip(" ") && p.number(&p.day, 1, 2) && (p.skip(", ") || p.skip(" ")) && p.number(&p.year, 4, 4)
	}
	if !p.number(&p.day, 1, 2) {
		return false
	}
	separator := " "
	if strings.HasPrefix(p.rest, "-") {
		separator = "-"
	}
	if !p.skip(separator) {
		return false
	}
	p.month = p.monthName()
	return p.month > 0 && (p.skip(separator) || separator == " " && p.skip(", ")) && p.number(&p.year, 4, 4)
}

func (p *dateParser) number(into *int, least, most int) (ok bool) {
	*into, ok = p.digits(least, most)
	return ok
}

// word reads ASCII letters.
func (p *dateParser) word() string {
	i := 0
	for i < len(p.rest) && (p.rest[i]|0x20) >= 'a' && (p.rest[i]|0x20) <= 'z' {
		i++
	}
	word := p.rest[:i]
	p.rest = p.rest[i:]
	return word
}

// monthName reads an English month, in full or by three letters, and returns its number, or 0 with nothing read.
func (p *dateParser) monthName() int {
	before := p.rest
	word := p.word()
	if word == "" {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		if matchesName(word, m.String()) || m == time.September && strings.EqualFold(word, "Sept") {
			return int(m)
		}
	}
	p.rest = before
	return 0
}

func matchesName(word, name string) bool {
	return strings.EqualFold(word, name) || strings.EqualFold(word, name[:3])
}

// dayFirst tells a date whose day and month may be swapped from what is not a date at all.
func dayFirst(text string) dateFault {
	p := dateParser{rest: text}
	var first, second, year int
	for _, separator := range []string{"/", "-", "."} {
		p.rest = text
		if !p.number(&first, 1, 2) || !p.skip(separator) || !p.number(&second, 1, 2) || !p.skip(separator) || !p.number(&year, 4, 4) {
			continue
		}
		var readings []string
		for _, d := range []civil{{year: year, month: second, day: first}, {year: year, month: first, day: second}} {
			if reading := fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day); d.check().IsZero() && first != second {
				readings = append(readings, reading)
			}
		}
		return dateFault{reason: reasonDayFirst, suggestion: strings.Join(readings, " / ")}
	}
	return dateFault{reason: reasonDate}
}
