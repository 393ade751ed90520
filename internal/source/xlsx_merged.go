package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
)

// merged returns the first range of merged cells that reaches the row or one below it, "" if there is none. The ranges stand behind
// the cells, so the sheet's text is searched for them.
func (x *xlsxFile) merged(ctx context.Context, row int) (string, error) {
	part, err := x.openPart(x.part)
	if err != nil {
		return "", err
	}
	defer part.Close()
	const longest = 256 // bytes of an element that names a range
	word := []byte("mergeCell ")
	window, kept := make([]byte, sniffed), 0
	for ctx.Err() == nil {
		n, err := io.ReadFull(part, window[kept:])
		text := window[:kept+n]
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return "", brokenXLSX(err)
		}
		from := 0
		for {
			i := bytes.Index(text[from:], word)
			if i < 0 || !ended && from+i+longest > len(text) {
				break
			}
			at := from + i
			from = at + len(word)
			element, _, _ := bytes.Cut(text[at:], []byte(">"))
			if opens(text[:at]) {
				if found := reaching(string(element), row); found != "" {
					return found, nil
				}
			}
		}
		if ended {
			return "", nil
		}
		kept = copy(window, text[max(from, len(text)-2*longest):])
	}
	return "", ctx.Err()
}

// opens reports whether text ends with the beginning of an element: < and perhaps a prefix.
func opens(text []byte) bool {
	text = bytes.TrimRight(text, ":abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	return len(text) > 0 && text[len(text)-1] == '<'
}

// reaching returns the range of an element if it ends at the row or below it.
func reaching(element string, row int) string {
	_, found, _ := strings.Cut(element, `ref="`)
	found, _, _ = strings.Cut(found, `"`)
	_, last, _ := strings.Cut(found, ":")
	end, err := strconv.Atoi(strings.TrimLeft(last, "ABCDEFGHIJKLMNOPQRSTUVWXYZ$"))
	if err != nil || end < row {
		return ""
	}
	return found
}
