package bitable

import (
	"strings"
	"time"
)

// weekdayBefore reads a weekday that stands before the date, with its comma or space.
func (p *dateParser) weekdayBefore() {
	before := p.rest
	if p.weekdayName() && (p.skip(",") || strings.HasPrefix(p.rest, " ")) {
		p.rest = strings.TrimLeft(p.rest, " ")
		return
	}
	p.rest, p.named = before, false
}

// weekdayBehind reads a weekday that stands behind the date, perhaps in parentheses; nothing if one stood before.
func (p *dateParser) weekdayBehind() {
	if p.named || p.rest == "" {
		return
	}
	before := p.rest
	p.skip(",")
	p.rest = strings.TrimLeft(p.rest, " ")
	opened := p.skip("(")
	if p.weekdayName() && p.skip(")") == opened {
		return
	}
	p.rest, p.named = before, false
}

// chineseWeekdays are the days of the week from Sunday on, as they end 星期二 and 周二.
var chineseWeekdays = [...]string{"日", "一", "二", "三", "四", "五", "六"}

// weekdayName reads the name of a weekday: English in full or by three letters, 星期二 or 周二.
func (p *dateParser) weekdayName() bool {
	if p.skip("星期") || p.skip("周") {
		for day, name := range chineseWeekdays {
			if p.skip(name) || day == 0 && p.skip("天") {
				p.named, p.weekday = true, time.Weekday(day)
				return true
			}
		}
		return false
	}
	word := p.word()
	if len(word) < 3 {
		return false
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if matchesName(word, day.String()) {
			p.named, p.weekday = true, day
			return true
		}
	}
	return false
}

// ctime reads the rest of C's print behind the weekday and month, "24 15:04:05 2026", with the day padded by a space.
func (p *dateParser) ctime() bool {
	before := *p
	if p.named && p.skip(" ") {
		p.skip(" ")
		if p.number(&p.day, 1, 2) && p.skip(" ") && p.clockTime() && p.skip(" ") && p.number(&p.year, 4, 4) {
			p.timed = true
			return true
		}
	}
	*p = before
	return false
}
