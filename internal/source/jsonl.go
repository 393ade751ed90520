package source

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// jsonlFile is a file with one JSON object a line. Its columns are all names that its lines have, in the order in which they come.
type jsonlFile struct {
	*file

	place map[string]int // of a name among the columns
}

// openJSONL reads the file once to learn its columns.
func openJSONL(ctx context.Context, f *file) (format, error) {
	j := &jsonlFile{file: f, place: map[string]int{}}
	rows, err := j.lines()
	if err != nil {
		return nil, err
	}
	for {
		members, err := rows.next(ctx)
		if errors.Is(err, io.EOF) {
			return j, nil
		}
		if err != nil {
			return nil, err
		}
		for _, member := range members {
			if _, known := j.place[member.name]; known {
				continue
			}
			if len(f.columns) >= MaxColumns {
				return nil, refuse(fmt.Sprintf("到第 %d 行已有超过 %d 个不同的列名。请检查文件。", rows.number, MaxColumns),
					fmt.Sprintf("Up to line %d there are more than %d different names. Check the file.", rows.number, MaxColumns))
			}
			if strings.TrimSpace(member.name) == "" || strings.ContainsRune(member.name, 0) {
				return nil, rows.wrong("有一个空的或含 NUL 的键。", "has a name that is empty or holds NUL")
			}
			j.place[member.name] = len(f.columns)
			f.columns = append(f.columns, Column{Name: member.name})
		}
	}
}

func (j *jsonlFile) lines() (*jsonLines, error) {
	text, err := j.text()
	return &jsonLines{text: bufio.NewReaderSize(text, sniffed)}, err
}

func (j *jsonlFile) rows(context.Context) (Rows, error) {
	lines, err := j.lines()
	return &jsonlRows{file: j, lines: lines}, err
}

func (j *jsonlFile) describe() problem.Text {
	return problem.Text{ZH: fmt.Sprintf("JSON Lines，%s", j.encoding), EN: fmt.Sprintf("JSON Lines, %s", j.encoding)}
}

// jsonlRows is a pass over the rows.
type jsonlRows struct {
	file  *jsonlFile
	lines *jsonLines
}

func (r *jsonlRows) Next(ctx context.Context) (Row, error) {
	members, err := r.lines.next(ctx)
	if err != nil {
		return Row{}, err
	}
	row := Row{Number: r.lines.number, Values: make([]json.RawMessage, len(r.file.columns))}
	for _, member := range members {
		at, known := r.file.place[member.name]
		if !known {
			return Row{}, errChanged
		}
		row.Values[at] = member.value
		if row.Fault == nil {
			row.Fault = valueFault(member)
		}
		if row.Fault == nil && r.file.encoding.isWide() && bytes.ContainsRune(member.value, utf8.RuneError) {
			row.Fault = badText(member.name)
		}
	}
	return row, nil
}

func (r *jsonlRows) Close() error { return nil }

// errChanged ends a pass over a file that is not the one that was opened.
var errChanged = refuse("文件在导入时被改动了。请等它写完，再运行同样的命令。",
	"The file was changed while it was imported. Wait until it is complete, then run the same command again.")

// refused writes the refused lines as they are, with the reason as their first member.
func (j *jsonlFile) refused(ctx context.Context, out io.Writer, reasons reasons) (int, error) {
	encoder, err := j.encoding.encoder(out)
	if err != nil {
		return 0, err
	}
	of, err := j.rows(ctx)
	if err != nil {
		return 0, err
	}
	n, err := reasons.each(ctx, of, func(_ Row, why string) error {
		rows, _ := of.(*jsonlRows) // as j.rows made it
		line := append([]byte(`{"`+ReasonColumn+`":`), quote([]byte(why))...)
		rest := bytes.TrimSpace(bytes.TrimPrefix(withoutReason(rows.lines.line), []byte("{")))
		if !bytes.HasPrefix(rest, []byte("}")) {
			line = append(line, ',')
		}
		_, err := encoder.Write(append(append(line, rest...), '\n'))
		return err
	})
	return n, errors.Join(err, encoder.Close())
}

// withoutReason returns an object without the reason of an earlier import, which is its first member.
func withoutReason(object []byte) []byte {
	members := json.NewDecoder(bytes.NewReader(object))
	if _, err := members.Token(); err != nil {
		return object
	}
	if name, err := members.Token(); err != nil || name != ReasonColumn {
		return object
	}
	var earlier json.RawMessage
	if members.Decode(&earlier) != nil {
		return object
	}
	rest := bytes.TrimSpace(object[members.InputOffset():])
	return append([]byte("{"), bytes.TrimPrefix(rest, []byte(","))...)
}

// member is one name of an object with its value.
type member struct {
	name  string
	value json.RawMessage
}

// jsonLines reads objects, one a line; lines of white space are passed over.
type jsonLines struct {
	text   *bufio.Reader
	line   []byte // the object that was read last
	number int    // its line
}

func (l *jsonLines) next(ctx context.Context) ([]member, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		line, err := l.read()
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, err
		}
		l.number++
		if l.line = bytes.TrimSpace(line); len(l.line) > 0 {
			return l.members()
		}
	}
}

// read returns the next line, at most MaxRowBytes of it.
func (l *jsonLines) read() (line []byte, err error) {
	for {
		part, err := l.text.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > MaxRowBytes {
			l.number++
			return nil, l.wrong(fmt.Sprintf("超过 %d MiB。", MaxRowBytes>>20), fmt.Sprintf("is larger than %d MiB", MaxRowBytes>>20))
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// wrong refuses the file because of the line.
func (l *jsonLines) wrong(zh, en string) error {
	return refuse(fmt.Sprintf("第 %d 行%s每行应是一个 JSON 对象。请改正或删去这一行后再导入。", l.number, zh),
		fmt.Sprintf("Line %d %s. Each line is one JSON object: correct or delete the line and import again.", l.number, en))
}

// members divides the object; a name that comes twice is refused, as in a request.
func (l *jsonLines) members() ([]member, error) {
	if !json.Valid(l.line) || l.line[0] != '{' {
		return nil, l.wrong("不是完整的 JSON 对象。", "is not a whole JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(l.line))
	decoder.UseNumber()
	_, _ = decoder.Token() // the brace; the line is valid
	var members []member
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // names are
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(members, func(m member) bool { return m.name == name }) {
			return nil, l.wrong(fmt.Sprintf("里“%s”出现了两次。", name), fmt.Sprintf("has “%s” twice", name))
		}
		members = append(members, member{name: name, value: value})
	}
	return members, nil
}

// valueFault finds what a request would be refused for.
func valueFault(m member) *Fault {
	switch {
	case unfit(m.value):
		return badText(m.name)
	case depth(m.value) > maxDepth:
		return &Fault{Column: m.name, Code: FaultTooDeep, Message: problem.Text{
			ZH: fmt.Sprintf("列表和对象嵌套超过 %d 层。", maxDepth), EN: fmt.Sprintf("Lists and objects are nested more than %d deep.", maxDepth),
		}}
	case beyondDouble(m.value):
		return &Fault{Column: m.name, Code: FaultBadNumber, Message: problem.Text{
			ZH: "数字超出了双精度浮点数的范围。", EN: "The number is beyond what a double holds.",
		}}
	}
	return nil
}

// unfit reports whether valid JSON holds an escape of NUL or of half a surrogate pair.
func unfit(value []byte) bool {
	for at := 0; ; {
		i := bytes.IndexByte(value[at:], '\\')
		if i < 0 {
			return false
		}
		at += i + 1
		if at+5 > len(value) || value[at] != 'u' {
			at++
			continue
		}
		switch code := hex4(value[at+1:]); {
		case code == 0, code >= 0xDC00 && code < 0xE000:
			return true
		case code >= 0xD800 && code < 0xDC00:
			low := at + 5
			if low+6 > len(value) || value[low] != '\\' || value[low+1] != 'u' {
				return true
			}
			if second := hex4(value[low+2:]); second < 0xDC00 || second >= 0xE000 {
				return true
			}
			at = low + 6
		default:
			at += 5
		}
	}
}

func hex4(digits []byte) uint64 {
	code, _ := strconv.ParseUint(string(digits[:4]), 16, 32) // valid JSON
	return code
}

// depth is how many lists and objects are within one another in valid JSON.
func depth(value []byte) (deepest int) {
	now, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch letter := value[i]; {
		case quoted && letter == '\\':
			i++
		case letter == '"':
			quoted = !quoted
		case !quoted && (letter == '[' || letter == '{'):
			now++
			deepest = max(deepest, now)
		case !quoted && (letter == ']' || letter == '}'):
			now--
		}
	}
	return deepest
}

// beyondDouble reports whether a number in valid JSON overflows.
func beyondDouble(value []byte) bool {
	if len(value) == 0 || value[0] == '"' || !bytes.ContainsAny(value, "0123456789") {
		return false
	}
	var parsed any
	return json.Unmarshal(value, &parsed) != nil // valid JSON fails for this alone
}
