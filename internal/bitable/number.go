package bitable

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/rowgate/rowgate/internal/problem"
)

// maxExactInteger is 2^53: beyond it a double no longer holds every integer.
const maxExactInteger = "9007199254740992"

// maxNumberBytes bounds text that is read as a number.
const maxNumberBytes = 100

// number takes a JSON number as it is spelled, and text that is plainly a number.
func (c *run) number(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	at := len(dst)
	switch {
	case isNumber(c.raw):
		if !isExact(c.raw) {
			return c.mismatch(dst, col, reasonPrecision, "")
		}
		dst = append(dst, c.raw...)
	case !isText:
		return c.mismatch(dst, col, reasonShape, "")
	default:
		out, n, fault := appendNumber(dst, foldWidth(text))
		if fault.IsZero() && n.currency != 0 && !col.takesCurrency(n.currency) {
			fault = reasonCurrency
		}
		if !fault.IsZero() {
			return c.mismatch(dst, col, fault, "")
		}
		if dst = out; n.scale > 0 {
			c.note(RuleNumberScaled)
		} else {
			c.note(RuleNumberText)
		}
	}
	switch roundsTo(dst[at:]) {
	case roundsToZero:
		return c.mismatch(dst[:at], col, reasonTiny, "")
	case roundsElsewhere:
		c.note(RuleNumberRounded)
	case roundsNot:
	}
	return dst, written
}

// appendNumber appends the JSON number that s means: digits with groups of three, currency, percent, exponent.
func appendNumber(dst, s []byte) ([]byte, decimal, problem.Text) {
	n, ok := parseNumber(s)
	if !ok {
		return dst, n, reasonNumber
	}
	at := len(dst)
	if n.negative {
		dst = append(dst, '-')
	}
	dst = append(dst, n.whole...)
	if len(n.fraction) > 0 {
		dst = append(append(dst, '.'), n.fraction...)
	}
	dst = append(dst, n.exponent...)
	if !isExact(dst[at:]) {
		return dst[:at], n, reasonPrecision
	}
	return dst, n, problem.Text{}
}

// decimal is a number in parts: whole without leading zeros, fraction and exponent as spelled.
type decimal struct {
	negative                  bool
	whole, fraction, exponent []byte
	currency                  currencySet // what its signs and codes may mean; 0 without any
	scale                     int         // zeros that 万, 亿 or 万亿 adds
	percent                   bool
}

func parseNumber(s []byte) (n decimal, ok bool) {
	if len(s) > maxNumberBytes {
		return n, false
	}
	s, signed := n.cutSign(s)
	if !isPlain(s) {
		if s, ok = n.cutUnits(s, signed); !ok {
			return n, false
		}
	}
	if e := bytes.IndexAny(s, "eE"); e >= 0 {
		if n.exponent = s[e:]; n.percent || n.currency != 0 || n.scale > 0 || !isExponent(n.exponent) {
			return n, false
		}
		s = s[:e]
	}
	whole, fraction, dotted := bytes.Cut(s, []byte("."))
	if dotted && len(fraction) == 0 || !areDigits(fraction) {
		return n, false
	}
	if whole, ok = ungroup(whole, dotted); !ok {
		return n, false
	}
	n.whole, n.fraction = whole, fraction
	if n.percent {
		n.shiftPercent()
	}
	n.shiftScale()
	if n.whole = bytes.TrimLeft(n.whole, "0"); len(n.whole) == 0 {
		n.whole = []byte("0")
	}
	return n, true
}

// isPlain reports whether s begins and ends with a digit.
func isPlain(s []byte) bool {
	return len(s) > 0 && areDigits(s[:1]) && areDigits(s[len(s)-1:])
}

func (n *decimal) cutSign(s []byte) (rest []byte, signed bool) {
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		n.negative = s[0] == '-'
		return s[1:], true
	}
	return s, false
}

// ungroup removes commas, which stand only before groups of three digits; a first group of 0 would be a decimal comma.
func ungroup(s []byte, dotted bool) ([]byte, bool) {
	if bytes.IndexByte(s, ',') < 0 {
		return s, areDigits(s) && (len(s) > 0 || dotted)
	}
	whole := make([]byte, 0, len(s))
	for first := true; ; first = false {
		group, rest, more := bytes.Cut(s, []byte(","))
		if !areDigits(group) || !first && len(group) != 3 || first && (len(group) == 0 || len(group) > 3 || group[0] == '0') {
			return nil, false
		}
		whole = append(whole, group...)
		if !more {
			return whole, true
		}
		s = rest
	}
}

// shiftPercent divides by a hundred, digit by digit.
func (n *decimal) shiftPercent() {
	digits := slices.Concat([]byte("00"), n.whole, n.fraction)
	point := len(n.whole)
	n.whole, n.fraction = digits[:point], bytes.TrimRight(digits[point:], "0")
}

// shiftScale multiplies by the power of ten that scale says, digit by digit.
func (n *decimal) shiftScale() {
	if n.scale == 0 {
		return
	}
	point := len(n.whole) + n.scale
	digits := slices.Concat(n.whole, n.fraction)
	for len(digits) < point {
		digits = append(digits, '0')
	}
	n.whole, n.fraction = digits[:point], digits[point:]
}

func areDigits(s []byte) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isExponent reports whether s is e, an optional sign and digits.
func isExponent(s []byte) bool {
	s = s[1:]
	if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return len(s) > 0 && areDigits(s)
}

// isExact reports whether a JSON number lies within ±2^53.
func isExact(number []byte) bool {
	number = bytes.TrimPrefix(number, []byte("-"))
	if bytes.ContainsAny(number, "eE") {
		v, err := strconv.ParseFloat(string(number), 64)
		return err == nil && v < 1<<53
	}
	whole, fraction, _ := bytes.Cut(number, []byte("."))
	switch {
	case len(whole) != len(maxExactInteger):
		return len(whole) < len(maxExactInteger)
	case string(whole) == maxExactInteger:
		return len(bytes.Trim(fraction, "0")) == 0
	default:
		return string(whole) < maxExactInteger
	}
}
