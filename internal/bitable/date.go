package bitable

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// Years that a date may lie in.
const (
	minYear = 1900
	maxYear = 2200
)

// date takes an instant in milliseconds as it is, and other numbers and text that plainly say a date.
func (c *run) date(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	if text, isText = c.openOne(text, isText); isText && len(text) == 0 {
		return c.empty(dst, col)
	}
	var spelling string
	switch {
	case isNumber(c.raw):
		spelling = string(c.raw)
	case !isText:
		return c.mismatch(dst, col, reasonShape, "")
	default:
		spelling = string(foldWidth(text))
		if !isWhole(spelling) && !isEpochFraction(spelling) {
			return c.dateText(dst, col, spelling)
		}
	}
	digits, ok := wholeNumber(spelling)
	switch {
	case ok: // 1774281600.0 too
	case isEpochFraction(spelling):
		return c.epochFraction(dst, col, spelling)
	default:
		return c.mismatch(dst, col, reasonDateNumber, "")
	}
	moment, fault := parseMoment(digits, isText)
	if moment.twice {
		return c.twoReadings(dst, col, moment)
	}
	if moment.calendar {
		return c.civil(dst, col, moment.civil, RuleDateNumber)
	}
	return c.moment(dst, col, moment, fault, isText)
}

// moment writes an instant unless there is a fault or its year is out of bounds.
func (c *run) moment(dst []byte, col *column, m moment, fault problem.Text, isText bool) ([]byte, result) {
	if fault.IsZero() {
		fault = checkYear(m.ms, c.opts.TimeZone)
	}
	if !fault.IsZero() {
		return c.mismatch(dst, col, fault, "")
	}
	at := len(dst)
	dst = strconv.AppendInt(dst, m.ms, 10)
	switch {
	case m.scaled:
		c.note(RuleDateNumber)
	case isText, string(dst[at:]) != string(c.raw):
		c.note(RuleDateText)
	}
	return dst, written
}

// epochFraction writes seconds with a fraction, whose digits behind the third are dropped.
func (c *run) epochFraction(dst []byte, col *column, spelling string) ([]byte, result) {
	seconds, fraction, _ := strings.Cut(spelling, ".")
	ms := int64(atoi(seconds))*1000 + int64(atoi((fraction + "000")[:3]))
	return c.moment(dst, col, moment{ms: ms, scaled: true}, problem.Text{}, true)
}

// twoReadings refuses digits that may be a calendar date or a time stamp, and names both.
func (c *run) twoReadings(dst []byte, col *column, m moment) ([]byte, result) {
	reading := fmt.Sprintf("%04d-%02d-%02d %02d:%02d", m.civil.year, m.civil.month, m.civil.day, m.civil.hour, m.civil.minute)
	stamp := time.UnixMilli(m.ms).In(c.opts.TimeZone).Format(time.RFC3339)
	return c.mismatch(dst, col, problem.Text{
		ZH: fmt.Sprintf("这串数字有两种读法：%s，或时间戳 %s。请写成其中一种。", reading, stamp),
		EN: fmt.Sprintf("These digits have two readings: %s, or the time stamp %s. Write one of them.", reading, stamp),
	}, reading+" / "+stamp)
}

func (c *run) dateText(dst []byte, col *column, text string) ([]byte, result) {
	d, fault := parseDate(text)
	if !fault.reason.IsZero() {
		return c.mismatch(dst, col, fault.reason, fault.suggestion)
	}
	return c.civil(dst, col, d, RuleDateText)
}

// civil writes the instant of a calendar date and notes rule.
func (c *run) civil(dst []byte, col *column, d civil, rule string) ([]byte, result) {
	ms, match := c.clock.instant(d)
	if match == inGap {
		return c.mismatch(dst, col, reasonGap, "")
	}
	c.note(rule)
	switch match {
	case overlap:
		c.note(RuleDSTOverlap)
	case dayStart:
		c.note(RuleDSTDayStart)
	case plain, inGap:
	}
	return strconv.AppendInt(dst, ms, 10), written
}

// moment is what a whole number says: an instant, a calendar date, or both.
type moment struct {
	ms       int64
	scaled   bool // it was not in milliseconds
	calendar bool // civil holds a date in place of ms
	twice    bool // it may be either
	civil    civil
}

// parseMoment reads digits by their count: 10 seconds, 11 to 13 and negative milliseconds, 16 microseconds, 8 YYYYMMDD, and as text
// 12 and 14 with the time of day behind the date. What could well be both is moment.twice.
func parseMoment(digits string, isText bool) (moment, problem.Text) {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n == 0 { // "-0" is not negative
		return moment{}, reasonDateNumber
	}
	if n < 0 {
		return moment{ms: n}, problem.Text{}
	}
	switch len(digits) {
	case 8:
		d := digitsDate(digits)
		if fault := d.check(); !fault.IsZero() {
			return moment{}, fault
		}
		return moment{calendar: true, civil: d}, problem.Text{}
	case 10:
		if d := digitsDate(digits); isText && d.year >= minHourYear && d.year <= maxHourYear && d.check().IsZero() {
			return moment{ms: n * 1000, twice: true, civil: d}, problem.Text{}
		}
		return moment{ms: n * 1000, scaled: true}, problem.Text{}
	case 12, 14:
		return parseClockDigits(digits, n, isText)
	case 11, 13:
		return moment{ms: n}, problem.Text{}
	case 16:
		return moment{ms: n / 1000, scaled: true}, problem.Text{}
	default:
		return moment{}, reasonDateNumber
	}
}

// Years in which ten digits of text are a date with an hour as well as seconds.
const (
	minHourYear = 2000
	maxHourYear = 2039
)

// parseClockDigits reads 12 digits, YYYYMMDDhhmm or milliseconds, and 14, YYYYMMDDhhmmss.
func parseClockDigits(digits string, n int64, isText bool) (moment, problem.Text) {
	d := digitsDate(digits)
	fault := d.check()
	switch {
	case isText && fault.IsZero():
		return moment{calendar: true, civil: d}, problem.Text{}
	case isText && d.year >= minYear && d.year <= maxYear:
		return moment{}, fault
	case len(digits) == 14:
		return moment{}, reasonDateNumber
	case fault.IsZero():
		return moment{ms: n, twice: true, civil: d}, problem.Text{}
	default:
		return moment{ms: n}, problem.Text{}
	}
}

// digitsDate reads YYYYMMDD and behind it hh, hhmm or hhmmss.
func digitsDate(digits string) civil {
	d := civil{year: atoi(digits[:4]), month: atoi(digits[4:6]), day: atoi(digits[6:8]), timed: len(digits) > 8}
	for i, into := range []*int{&d.hour, &d.minute, &d.second} {
		if at := 8 + 2*i; at < len(digits) {
			*into = atoi(digits[at : at+2])
		}
	}
	return d
}

// isEpochFraction reports whether s is ten digits of seconds with a fraction behind them.
func isEpochFraction(s string) bool {
	const secondsDigits = 10
	seconds, fraction, dotted := strings.Cut(s, ".")
	return dotted && len(seconds) == secondsDigits && seconds[0] != '-' && isWhole(seconds) && fraction != "" && fraction[0] != '-' &&
		isWhole(fraction)
}

// isWhole reports whether s is digits with an optional minus.
func isWhole(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// wholeNumber spells a JSON number without fraction or exponent; ok is false if it is not whole.
func wholeNumber(s string) (string, bool) {
	if isWhole(s) {
		return s, true
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return "", false
	}
	return strconv.FormatInt(int64(v), 10), true
}

func checkYear(ms int64, zone *time.Location) problem.Text {
	if year := time.UnixMilli(ms).In(zone).Year(); year < minYear || year > maxYear {
		return reasonYear
	}
	return problem.Text{}
}

// civil is a date as a calendar and a clock on the wall show it.
type civil struct {
	year, month, day           int
	hour, minute, second, nano int
	timed                      bool // a time of day was given
	zoned                      bool // an offset was given
	offset                     int  // seconds east of UTC
}

// check reports a day or time that does not exist, or a year out of bounds.
func (d civil) check() problem.Text {
	switch {
	case d.year < minYear || d.year > maxYear:
		return reasonYear
	case d.month < 1 || d.month > 12 || d.day < 1 || d.day > daysIn(d.year, d.month):
		return reasonNoSuchDay
	case d.hour > 23 || d.minute > 59 || d.second > 59:
		return reasonNoSuchTime
	default:
		return problem.Text{}
	}
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// match says how a wall clock time met its zone.
type match int

const (
	plain    match = iota
	overlap        // it comes twice; the earlier instant was taken
	dayStart       // a date without time whose midnight is skipped; the first instant of the day was taken
	inGap          // it does not exist
)

// clock turns wall clock times of one zone into instants. It remembers the last period between two changes of offset.
type clock struct {
	zone             *time.Location
	from, to, offset int64 // seconds; valid for from ≤ instant < to, empty at first
}

// instant returns the instant of d in milliseconds.
func (k *clock) instant(d civil) (ms int64, m match) {
	wall := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, 0, time.UTC).Unix()
	fraction := int64(d.nano / int(time.Millisecond))
	if d.zoned {
		return (wall-int64(d.offset))*1000 + fraction, plain
	}
	const safe = 2 * 24 * 3600 // no offset is that large: far enough from a change, one instant is the only one
	if at := wall - k.offset; at >= k.from+safe && at < k.to-safe {
		return at*1000 + fraction, plain
	}
	at, m := k.search(wall)
	if m == inGap && !d.timed && time.Unix(at, 0).In(k.zone).Day() == d.day { // a few zones once skipped a whole day
		m = dayStart
	}
	return at*1000 + fraction, m
}

// search looks for the instants, in seconds, that wall may be, in the periods of constant offset around it. For a gap it
// returns the instant at which the gap lies.
func (k *clock) search(wall int64) (at int64, m match) {
	guess := time.Unix(wall, 0).In(k.zone)
	_, offset := guess.Zone()
	guess = time.Unix(wall-int64(offset), 0).In(k.zone)
	start, end := guess.ZoneBounds()
	k.remember(guess, start, end)

	periods, changes := []time.Time{guess}, []time.Time{}
	if !start.IsZero() {
		periods, changes = append(periods, start.Add(-time.Second)), append(changes, start)
	}
	if !end.IsZero() {
		periods, changes = append(periods, end), append(changes, end)
	}
	m = inGap
	for _, p := range periods {
		candidate := wall - offsetAt(p)
		switch {
		case offsetAt(time.Unix(candidate, 0).In(k.zone)) != wall-candidate, m != inGap && candidate == at:
		case m == inGap:
			at, m = candidate, plain
		default:
			at, m = min(at, candidate), overlap
		}
	}
	if m != inGap {
		return at, m
	}
	for _, change := range changes {
		skipped := offsetAt(change.Add(-time.Second)) <= wall-change.Unix() && wall-change.Unix() < offsetAt(change)
		if skipped {
			at = change.Unix()
		}
	}
	return at, inGap
}

func (k *clock) remember(at, start, end time.Time) {
	k.from, k.to, k.offset = math.MinInt64/4, math.MaxInt64/4, offsetAt(at)
	if !start.IsZero() {
		k.from = start.Unix()
	}
	if !end.IsZero() {
		k.to = end.Unix()
	}
}

// offsetAt is the offset in force at t, in seconds east of UTC.
func offsetAt(t time.Time) int64 {
	_, offset := t.Zone()
	return int64(offset)
}
