package bitable

import (
	"bytes"
	"slices"
	"strconv"
)

// exactDigits is how many significant digits a double keeps whatever they are.
const exactDigits = 15

// rounding is what becomes of a number's digits in a double, which is what Feishu keeps.
type rounding int

const (
	roundsNot       rounding = iota // the shortest spelling of the double is the number's
	roundsElsewhere                 // another number is the nearest
	roundsToZero                    // it is too small
)

// roundsTo says what becomes of a JSON number.
func roundsTo(number []byte) rounding {
	if len(number) <= exactDigits && bytes.IndexByte(number, '-') <= 0 && !bytes.ContainsAny(number, "eE") {
		return roundsNot
	}
	given := significant(number)
	if len(given.digits) == 0 {
		return roundsNot
	}
	v, err := strconv.ParseFloat(string(number), 64)
	if err != nil || v == 0 {
		return roundsToZero
	}
	kept := significant(strconv.AppendFloat(nil, v, 'e', -1, 64))
	if given.exponent != kept.exponent || !bytes.Equal(given.digits, kept.digits) {
		return roundsElsewhere
	}
	return roundsNot
}

// magnitude is a number without its sign: digits × 10^exponent, with no zeros at either end of digits.
type magnitude struct {
	digits   []byte
	exponent int
}

// significant reads a JSON number.
func significant(number []byte) magnitude {
	number = bytes.TrimPrefix(number, []byte("-"))
	var m magnitude
	if e := bytes.IndexAny(number, "eE"); e >= 0 {
		m.exponent, _ = strconv.Atoi(string(number[e+1:]))
		number = number[:e]
	}
	whole, fraction, _ := bytes.Cut(number, []byte("."))
	m.exponent -= len(fraction)
	m.digits = bytes.TrimLeft(slices.Concat(whole, fraction), "0")
	trimmed := bytes.TrimRight(m.digits, "0")
	m.exponent += len(m.digits) - len(trimmed)
	m.digits = trimmed
	return m
}
