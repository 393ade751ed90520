package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encoding is how the text of a file is encoded.
type Encoding string

// The encodings that are found.
const (
	UTF8    Encoding = "UTF-8"
	UTF8BOM Encoding = "UTF-8 with BOM"
	UTF16LE Encoding = "UTF-16LE"
	UTF16BE Encoding = "UTF-16BE"
	GB18030 Encoding = "GB18030"
)

// sniffed is how much of a file is looked at before it is read, in bytes.
const sniffed = 64 << 10

// marks are the byte order marks of the encodings that have one.
var marks = []struct {
	bytes    []byte
	encoding Encoding
}{{[]byte("\xEF\xBB\xBF"), UTF8BOM}, {[]byte("\xFF\xFE"), UTF16LE}, {[]byte("\xFE\xFF"), UTF16BE}}

// isWide reports whether not every pair of bytes is text.
func (e Encoding) isWide() bool { return e == UTF16LE || e == UTF16BE }

// transformer is what encodes and decodes; nil for UTF-8. What is decoded may begin with a BOM, which text takes away.
func (e Encoding) transformer() encoding.Encoding {
	switch e {
	case UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case GB18030:
		return simplifiedchinese.GB18030
	case UTF8, UTF8BOM:
	}
	return nil
}

// text decodes a file into UTF-8 without a BOM. What is not of the encoding becomes U+FFFD.
func (e Encoding) text(r io.Reader) (io.Reader, error) {
	if t := e.transformer(); t != nil {
		r = transform.NewReader(r, t.NewDecoder())
	}
	buffered := bufio.NewReaderSize(r, sniffed)
	head, err := buffered.Peek(len(marks[0].bytes))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(head, marks[0].bytes) {
		_, _ = buffered.Discard(len(marks[0].bytes)) // they are there
	}
	return buffered, nil
}

// encoder writes UTF-8 as the encoding, with the BOM that files of it begin with. Close it: it does not close w.
func (e Encoding) encoder(w io.Writer) (io.WriteCloser, error) {
	for _, mark := range marks {
		if mark.encoding == e {
			if _, err := w.Write(mark.bytes); err != nil {
				return nil, err
			}
		}
	}
	if t := e.transformer(); t != nil {
		return transform.NewWriter(w, t.NewEncoder()), nil
	}
	return openWriter{w}, nil
}

// openWriter stays open.
type openWriter struct{ io.Writer }

// Close implements io.Closer.
func (openWriter) Close() error { return nil }

// encodingOf finds how a whole file is encoded: by its BOM, by the zeros that UTF-16 has, else UTF-8 if all of it is, else GB18030 if
// all of it is. r is read to its end.
func encodingOf(head []byte, r io.ReadSeeker) (Encoding, error) {
	for _, mark := range marks {
		if bytes.HasPrefix(head, mark.bytes) {
			if mark.encoding != UTF8BOM {
				return mark.encoding, nil
			}
			valid, err := isUTF8(r)
			if err != nil || valid {
				return UTF8BOM, err
			}
			return "", notText()
		}
	}
	if wide := wideText(head); wide != "" {
		return wide, nil
	}
	valid, err := isUTF8(r)
	if err != nil || valid {
		return UTF8, err
	}
	if valid, err = isGB18030(r); err != nil || valid {
		return GB18030, err
	}
	return "", notText()
}

func notText() error {
	return refuse("文件既不是 UTF-8，也不是 UTF-16 或 GB18030 编码的文本。请在 Excel 里另存为“CSV UTF-8”或 .xlsx 后再导入。",
		"The file is text neither in UTF-8 nor in UTF-16 or GB18030. Save it as “CSV UTF-8” or .xlsx and import that.")
}

// wideText recognises UTF-16 without a BOM: every other byte of the beginning is mostly zero, the bytes between never.
func wideText(head []byte) Encoding {
	head = head[:len(head)&^1]
	var even, odd int
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	const least = 5 // of 8 characters are ASCII
	switch half := len(head) / 2; {
	case half == 0:
	case even == 0 && odd*8 >= half*least:
		return UTF16LE
	case odd == 0 && even*8 >= half*least:
		return UTF16BE
	}
	return ""
}

// isUTF8 reads r from its beginning to its end.
func isUTF8(r io.ReadSeeker) (bool, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	buffer, kept := make([]byte, sniffed), 0
	for {
		n, err := r.Read(buffer[kept:])
		text := buffer[:kept+n]
		whole := len(text)
		if !errors.Is(err, io.EOF) {
			whole = wholeRunes(text)
		}
		if !utf8.Valid(text[:whole]) {
			return false, nil
		}
		kept = copy(buffer, text[whole:])
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return false, fmt.Errorf("reading: %w", err)
		}
	}
}

// wholeRunes returns the length of text without a rune at its end that is cut.
func wholeRunes(text []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				return at
			}
			break
		}
	}
	return len(text)
}

// isGB18030 reads r from its beginning to its end.
func isGB18030(r io.ReadSeeker) (bool, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	decoded := bufio.NewReaderSize(transform.NewReader(r, simplifiedchinese.GB18030.NewDecoder()), sniffed)
	for {
		switch letter, _, err := decoded.ReadRune(); {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return false, fmt.Errorf("reading: %w", err)
		case letter == utf8.RuneError:
			return false, nil
		}
	}
}
