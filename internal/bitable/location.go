package bitable

import (
	"bytes"
	"strconv"
)

// Bounds of coordinates, in degrees either side of 0.
const (
	maxLongitude = 180
	maxLatitude  = 90
)

// location takes longitude and latitude, in this order, and writes them as "lng,lat" in the digits they came in.
func (c *run) location(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	rule := RuleLocationText
	if !isText {
		if whole := memberOf(c.raw, "location"); isString(whole) {
			text, rule = content(whole), RuleMembersDropped
		} else if text = joinCoordinates(c.raw); text == nil {
			return c.mismatch(dst, col, reasonShape, "")
		} else {
			rule = RuleLocationObject
		}
	}
	lng, lat, ok := bytes.Cut(foldWidth(text), []byte(","))
	lng, lat = bytes.TrimSpace(lng), bytes.TrimSpace(lat)
	if !ok || !isCoordinate(lng) || !isCoordinate(lat) {
		return c.mismatch(dst, col, reasonShape, "")
	}
	if !within(lng, maxLongitude) || !within(lat, maxLatitude) {
		suggestion := ""
		if within(lat, maxLongitude) && within(lng, maxLatitude) {
			suggestion = string(lat) + "," + string(lng)
		}
		return c.mismatch(dst, col, reasonRange, suggestion)
	}
	at := len(dst)
	dst = append(append(append(dst, '"'), lng...), ',')
	dst = append(append(dst, lat...), '"')
	if !bytes.Equal(dst[at:], c.raw) {
		c.note(rule)
	}
	return dst, written
}

// joinCoordinates makes "lng,lat" of an object with lng and lat, or longitude and latitude, as numbers or text.
func joinCoordinates(raw []byte) []byte {
	for _, names := range [][2]string{{"lng", "lat"}, {"longitude", "latitude"}} {
		lng, lat := memberOf(raw, names[0]), memberOf(raw, names[1])
		if lng == nil || lat == nil {
			continue
		}
		return bytes.Join([][]byte{coordinate(lng), coordinate(lat)}, []byte(","))
	}
	return nil
}

// coordinate is what a string says, or a number in plain decimals: serializers write a small one as 1e-05.
func coordinate(raw []byte) []byte {
	if isNumber(raw) && bytes.ContainsAny(raw, "eE") {
		return []byte(normalNumber(raw))
	}
	return spelled(raw)
}

// isCoordinate reports whether s is a plain decimal: an optional minus, digits, an optional fraction.
func isCoordinate(s []byte) bool {
	whole, fraction, dotted := bytes.Cut(bytes.TrimPrefix(s, []byte("-")), []byte("."))
	return len(whole) > 0 && areDigits(whole) && areDigits(fraction) && dotted == (len(fraction) > 0)
}

func within(s []byte, bound float64) bool {
	v, err := strconv.ParseFloat(string(s), 64)
	return err == nil && v >= -bound && v <= bound
}
