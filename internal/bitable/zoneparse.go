package bitable

import (
	"strings"
	"time"
)

// Bounds of an offset, in the units of its parts.
const (
	maxOffsetHours   = 14
	maxOffsetMinutes = 59
)

// zone reads the end: nothing, Z, UTC, GMT, UTC+8, GMT+08:00, ±08:00, ±0800 or ±08, and what prints put behind an offset.
func (p *dateParser) zone() bool {
	p.rest = strings.TrimLeft(p.rest, " ")
	if p.rest == "" {
		return true
	}
	before := p.rest
	switch strings.ToUpper(p.word()) {
	case "Z":
		p.zoned = true
		return p.behindZone(false)
	case "UTC", "GMT":
		p.zoned = true
		if p.rest != "" && (p.rest[0] == '+' || p.rest[0] == '-') {
			return p.offsetOf(1) && p.behindZone(false)
		}
		return p.behindZone(false)
	case "":
		return p.offsetOf(2) && p.behindZone(true)
	default:
		p.rest = before
		if isAlphanumeric(before) {
			p.reason = reasonZoneName
		}
		return false
	}
}

// zoneOfDay reads an offset with minutes, or Z, that follows a date without a time, to the end; it reports false with nothing read if
// there is none.
func (p *dateParser) zoneOfDay() bool {
	before := *p
	p.rest = strings.TrimLeft(p.rest, " ")
	const leastOffset = len("+0800")
	zoned := strings.HasPrefix(p.rest, "Z") || len(p.rest) >= leastOffset && (p.rest[0] == '+' || p.rest[0] == '-')
	if zoned && p.zone() {
		return true
	}
	*p = before
	return false
}

// offsetOf reads ± and hours of at least as many digits, with or without minutes.
func (p *dateParser) offsetOf(least int) bool {
	sign := 1
	if !p.skip("+") {
		if !p.skip("-") {
			return false
		}
		sign = -1
	}
	if size := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789")); size == 4 {
		p.rest = p.rest[:2] + ":" + p.rest[2:]
	}
	var hours, minutes int
	if !p.number(&hours, least, 2) || p.skip(":") && !p.number(&minutes, 2, 2) || hours > maxOffsetHours || minutes > maxOffsetMinutes {
		return false
	}
	p.zoned, p.offset = true, sign*(hours*60+minutes)*60
	return true
}

// behindZone reads to the end what prints put behind an offset: JavaScript a name in parentheses, Java and RFC 9557 brackets, and, if
// it was a numeric one, Go an abbreviation and its monotonic clock.
func (p *dateParser) behindZone(numeric bool) bool {
	spaced := strings.TrimLeft(p.rest, " ")
	switch {
	case p.rest == "":
		return true
	case spaced == "":
		return false
	case spaced[0] == '(':
		name, ok := strings.CutSuffix(spaced[1:], ")")
		return ok && name != "" && !strings.ContainsAny(name, "()")
	case p.rest[0] == '[':
		return p.brackets()
	case numeric && p.rest[0] == ' ':
		p.rest = spaced
		return p.goAbbreviation()
	default:
		return false
	}
}

// goAbbreviation reads CST or +08, and " m=+0.0123" behind it.
func (p *dateParser) goAbbreviation() bool {
	const least, most = 2, 5 // letters or characters of an abbreviation
	name, monotonic, _ := strings.Cut(p.rest, " ")
	letters := strings.Trim(strings.ToUpper(name), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	if len(name) < least || len(name) > most || !letters && (name[0] != '+' && name[0] != '-' || !isWhole(name[1:])) {
		return false
	}
	if monotonic == "" {
		return !strings.HasSuffix(p.rest, " ")
	}
	clock, ok := strings.CutPrefix(monotonic, "m=")
	return ok && len(clock) > 1 && (clock[0] == '+' || clock[0] == '-') && strings.Trim(clock[1:], "0123456789.") == ""
}

// brackets reads RFC 9557's [Asia/Shanghai] and [u-ca=gregory] to the end. A zone must have the offset that was given, unless that is
// Z, which says nothing of the place.
func (p *dateParser) brackets() bool {
	for p.rest != "" {
		tag, rest, ok := strings.Cut(strings.TrimPrefix(p.rest, "["), "]")
		if !ok || p.rest[0] != '[' || tag == "" {
			return false
		}
		p.rest = rest
		tag = strings.TrimPrefix(tag, "!")
		if calendar, isCalendar := strings.CutPrefix(tag, "u-ca="); isCalendar {
			if calendar != "gregory" && calendar != "iso8601" {
				return false
			}
			continue
		}
		zone, err := time.LoadLocation(tag)
		if err != nil || tag == "Local" {
			return false
		}
		wall := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, 0, time.UTC)
		if p.offset != 0 && offsetAt(wall.Add(-time.Duration(p.offset)*time.Second).In(zone)) != int64(p.offset) {
			return false
		}
	}
	return true
}
