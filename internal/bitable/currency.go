package bitable

import (
	"bytes"
	"strings"
)

// currencySet is a set of currencies: a bit for each place in currencyCodes.
type currencySet uint32

// currencyCodes are the currencies of Feishu's currency column.
var currencyCodes = []string{
	"CNY", "USD", "EUR", "GBP", "AED", "AUD", "BRL", "CAD", "CHF", "HKD", "IDR", "INR", "JPY", "KRW", "MOP",
	"MXN", "MYR", "PHP", "PLN", "RUB", "SGD", "THB", "TRY", "TWD", "VND",
}

// currencyMark is a sign, code or unit and what it may mean.
type currencyMark struct {
	text  string
	codes currencySet
	where markPlace
}

// markPlace says on which side of a number a mark may stand.
type markPlace int

const (
	eitherSide markPlace = iota
	behindOnly
)

// currencyMarks are all signs, codes and units; where one ends in another the longer stands before.
var currencyMarks = func() []currencyMark {
	marks := []currencyMark{
		{"人民币", currenciesOf("CNY"), eitherSide},
		{"元", currenciesOf("CNY"), behindOnly},
		{"RMB", currenciesOf("CNY"), eitherSide},
		{"US$", currenciesOf("USD"), eitherSide},
		{"HK$", currenciesOf("HKD"), eitherSide},
		{"NT$", currenciesOf("TWD"), eitherSide},
		{"A$", currenciesOf("AUD"), eitherSide},
		{"C$", currenciesOf("CAD"), eitherSide},
		{"S$", currenciesOf("SGD"), eitherSide},
		{"¥", currenciesOf("CNY JPY"), eitherSide},
		{"$", currenciesOf("USD AUD CAD HKD SGD TWD"), eitherSide},
		{"€", currenciesOf("EUR"), eitherSide},
		{"£", currenciesOf("GBP"), eitherSide},
	}
	for _, code := range currencyCodes {
		marks = append(marks, currencyMark{code, currenciesOf(code), eitherSide})
	}
	return marks
}()

// currenciesOf is the set of the codes in text; 0 for a code that is not Feishu's.
func currenciesOf(text string) currencySet {
	var set currencySet
	for code := range strings.FieldsSeq(text) {
		for i, known := range currencyCodes {
			if code == known {
				set |= 1 << i
			}
		}
	}
	return set
}

// takesCurrency reports whether an amount in one of the currencies fits the column, which it does in any column without one.
func (c *column) takesCurrency(amount currencySet) bool {
	if c.field.UIType != "Currency" || c.field.Property == nil {
		return true
	}
	own := currenciesOf(c.field.Property.CurrencyCode)
	return own == 0 || own&amount != 0
}

// scales are the words that multiply the number before them, by powers of ten; the longer first.
var scales = []struct {
	word  string
	zeros int
}{{"万亿", 12}, {"亿", 8}, {"万", 4}}

// cutUnits removes a currency before the number, with a minus or plus behind it if there was none, and behind the number a currency and
// 万, 亿 or 万亿, or else a percent sign. ok is false for currencies that do not agree.
func (n *decimal) cutUnits(s []byte, signed bool) (rest []byte, ok bool) {
	if s, ok = n.cutCurrency(s, bytes.CutPrefix, eitherSide); ok {
		if s = bytes.TrimLeft(s, " "); !signed {
			s, _ = n.cutSign(s)
		}
	}
	before := n.currency
	if s, ok = n.cutCurrency(s, bytes.CutSuffix, behindOnly); ok {
		s = bytes.TrimRight(s, " ")
		if before != 0 {
			if n.currency &= before; n.currency == 0 {
				return s, false
			}
		}
	}
	for _, scale := range scales {
		if rest, ok := bytes.CutSuffix(s, []byte(scale.word)); ok {
			n.scale = scale.zeros
			return bytes.TrimRight(rest, " "), true
		}
	}
	if rest, ok := bytes.CutSuffix(s, []byte("%")); ok && n.currency == 0 {
		n.percent = true
		return bytes.TrimRight(rest, " "), true
	}
	return s, true
}

// cutCurrency removes one mark on the side that cut looks at.
func (n *decimal) cutCurrency(s []byte, cut func(s, sep []byte) ([]byte, bool), side markPlace) (rest []byte, found bool) {
	for _, mark := range currencyMarks {
		if mark.where == behindOnly && side != behindOnly {
			continue
		}
		if rest, found = cut(s, []byte(mark.text)); found {
			n.currency = mark.codes
			return rest, true
		}
	}
	return s, false
}
