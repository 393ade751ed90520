package attachment

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// dataScheme begins an address that contains its file.
const dataScheme = "data:"

// IsDataURI reports whether an address is a data: URI, which contains its file.
func IsDataURI(address string) bool {
	return len(address) >= len(dataScheme) && strings.EqualFold(address[:len(dataScheme)], dataScheme)
}

// FromDataURI reads a file out of its data: URI (RFC 2397): base64 in either alphabet, padded or not, or percent-encoded
// content. A name may be given as a parameter: data:text/csv;name=a.csv;base64,…
//
// A space in base64 is refused: a form turns "+" into a space, and without it the file would be a different one.
// Errors: a *Failure.
func FromDataURI(uri string) (*File, error) {
	if !IsDataURI(uri) {
		return nil, &Failure{Reason: badDataURI}
	}
	head, content, ok := strings.Cut(uri[len(dataScheme):], ",")
	if !ok {
		return nil, &Failure{Reason: badDataURI}
	}
	kind, params, _ := strings.Cut(head, ";")
	name, isBase64 := "", false
	for param := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(param, "=")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "base64":
			isBase64 = true
		case "name", "filename":
			if decoded, err := url.PathUnescape(value); err == nil {
				name = decoded
			}
		}
	}
	if strings.Contains(content, "%") {
		decoded, err := url.PathUnescape(content)
		if err != nil {
			return nil, &Failure{Reason: badDataURI}
		}
		content = decoded
	}
	data := []byte(content)
	if isBase64 {
		var err error
		if data, err = decodeBase64(content); err != nil {
			return nil, &Failure{Reason: badDataURI}
		}
	}
	return FromBytes(name, kind, data)
}

// decodeBase64 takes both alphabets, with and without padding and line ends.
func decodeBase64(text string) ([]byte, error) {
	alphabet := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		alphabet = base64.RawURLEncoding
	}
	return alphabet.DecodeString(strings.TrimRight(text, "=\r\n"))
}
