package source

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Bounds of the texts that the cells of a workbook share.
const (
	sharedInMemory = 16 << 20 // bytes of text; what is beyond them goes to a temporary file
	maxSharedBytes = 1 << 30  // bytes of text
	maxShared      = 8 << 20  // texts; 8 bytes of memory each
)

// sharedStrings are the texts that cells refer to by number. It is safe for concurrent use once it is filled.
type sharedStrings struct {
	ends   []int64 // of each text among all
	memory []byte
	disk   *os.File // the texts behind those in memory
}

func (s *sharedStrings) add(text string) error {
	var end int64
	if n := len(s.ends); n > 0 {
		end = s.ends[n-1]
	}
	if len(s.ends) >= maxShared || end+int64(len(text)) > maxSharedBytes {
		return refuse("工作簿里的文本太多。请把数据分到几个文件里，或另存为 CSV。",
			"The workbook has too much text. Divide it into several files, or save it as CSV.")
	}
	s.ends = append(s.ends, end+int64(len(text)))
	if s.disk == nil && len(s.memory)+len(text) <= sharedInMemory {
		s.memory = append(s.memory, text...)
		return nil
	}
	if s.disk == nil {
		var err error
		if s.disk, err = os.CreateTemp("", "rowgate-import-"); err != nil {
			return err
		}
	}
	_, err := s.disk.WriteString(text)
	return err
}

func (s *sharedStrings) get(i int) (string, error) {
	if i < 0 || i >= len(s.ends) {
		return "", fmt.Errorf("there is no shared text %d", i)
	}
	var begin int64
	if i > 0 {
		begin = s.ends[i-1]
	}
	end := s.ends[i]
	if inMemory := int64(len(s.memory)); begin >= inMemory && end > begin {
		text := make([]byte, end-begin)
		_, err := s.disk.ReadAt(text, begin-inMemory)
		return string(text), err
	}
	return string(s.memory[begin:end]), nil
}

// close removes what is on disk.
func (s *sharedStrings) close() error {
	if s.disk == nil {
		return nil
	}
	return errors.Join(s.disk.Close(), os.Remove(s.disk.Name()))
}

// loadStrings reads the part with the shared texts.
func (x *xlsxFile) loadStrings(ctx context.Context, name string) error {
	part, err := x.openPart(name)
	if err != nil {
		return err
	}
	defer part.Close()
	decoder := xml.NewDecoder(part)
	var text strings.Builder
	var taken, aside bool // within t, within what only tells the pronunciation
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return brokenXLSX(err)
		}
		switch of := token.(type) {
		case xml.StartElement:
			switch of.Name.Local {
			case "si":
				text.Reset()
			case "t":
				taken = !aside
			case "rPh":
				aside = true
			}
		case xml.EndElement:
			switch of.Name.Local {
			case "si":
				if err := x.strings.add(unescape(text.String())); err != nil {
					return err
				}
			case "t":
				taken = false
			case "rPh":
				aside = false
			}
		case xml.CharData:
			if taken {
				if text.Len()+len(of) > MaxRowBytes {
					return brokenXLSX(errors.New("a text is too large"))
				}
				text.Write(of)
			}
		}
	}
}

// unescape turns _xHHHH_, by which a workbook writes characters that XML may not hold, into the character.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var out strings.Builder
	for {
		i := strings.Index(text, "_x")
		const escape = len("_x000D_")
		if i < 0 || len(text) < i+escape {
			out.WriteString(text)
			return out.String()
		}
		code, err := strconv.ParseUint(text[i+2:i+6], 16, 16)
		if err != nil || text[i+6] != '_' || code >= 0xD800 && code < 0xE000 {
			out.WriteString(text[:i+2])
			text = text[i+2:]
			continue
		}
		out.WriteString(text[:i])
		out.WriteRune(rune(code))
		text = text[i+escape:]
	}
}
