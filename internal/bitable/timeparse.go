package bitable

import "strings"

// timeOfDay reads the rest of the text: nothing, or a time with an optional offset. It reads to the end or reports false.
func (p *dateParser) timeOfDay() bool {
	if p.rest == "" {
		return true
	}
	if p.english {
		p.skip(",") // "March 4, 2026, 3:04 PM"
	}
	if p.timed { // a print that has the time before the year
		return p.zone()
	}
	if p.zoneOfDay() {
		return true
	}
	rest := strings.TrimLeft(p.rest, " ")
	spaced := rest != p.rest
	p.rest = rest
	if !spaced && !p.skip("T") && !p.skip("t") && p.spaced {
		return false
	}
	p.timed = true
	half := p.chineseHalf()
	if !p.clockTime() && !p.chineseTime() {
		return false
	}
	if half == noHalf {
		half = p.englishHalf()
	}
	if !p.applyHalf(half) {
		return false
	}
	return p.zone()
}

// clockTime reads 15:04, 15:04:05 or 15:04:05.123; digits of a fraction beyond the ninth are refused.
func (p *dateParser) clockTime() bool {
	before := p.rest
	if !p.number(&p.hour, 1, 2) || !p.skip(":") || !p.number(&p.minute, 2, 2) {
		p.rest = before
		return false
	}
	if !p.skip(":") {
		return true
	}
	if !p.number(&p.second, 2, 2) {
		return false
	}
	if !p.skip(".") {
		return true
	}
	const nanoDigits = 9
	size := len(p.rest)
	if !p.number(&p.nano, 1, nanoDigits) {
		return false
	}
	for range nanoDigits - (size - len(p.rest)) {
		p.nano *= 10
	}
	return true
}

// chineseTime reads 15时04分, 15时04分05秒, and 3点 with or without 04分.
func (p *dateParser) chineseTime() bool {
	if !p.number(&p.hour, 1, 2) {
		return false
	}
	short := p.skip("点")
	if short && (p.rest == "" || p.rest[0] < '0' || p.rest[0] > '9') {
		return true
	}
	if !short && !p.skip("时") || !p.number(&p.minute, 1, 2) || !p.skip("分") {
		return false
	}
	return p.rest == "" || p.rest[0] < '0' || p.rest[0] > '9' || p.number(&p.second, 1, 2) && p.skip("秒")
}

// half is a half of the day.
type half int

const (
	noHalf half = iota
	morning
	afternoon
)

func (p *dateParser) chineseHalf() half {
	h := noHalf
	switch {
	case p.skip("上午"):
		h = morning
	case p.skip("下午"):
		h = afternoon
	}
	if h != noHalf {
		p.rest = strings.TrimLeft(p.rest, " ")
	}
	return h
}

func (p *dateParser) englishHalf() half {
	before := p.rest
	p.rest = strings.TrimLeft(p.rest, " ")
	switch word := p.word(); {
	case strings.EqualFold(word, "AM"):
		return morning
	case strings.EqualFold(word, "PM"):
		return afternoon
	default:
		p.rest = before
		return noHalf
	}
}

// applyHalf turns an hour of 1 to 12 into one of 0 to 23.
func (p *dateParser) applyHalf(h half) bool {
	if h == noHalf {
		return true
	}
	if p.hour < 1 || p.hour > 12 {
		p.reason = reasonNoSuchTime
		return false
	}
	p.hour %= 12
	if h == afternoon {
		p.hour += 12
	}
	return true
}
