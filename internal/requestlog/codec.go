package requestlog

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/rowgate/rowgate/internal/request"
)

// version is the first byte of every block.
const version = 1

// errBlock is returned for a block that this program did not write.
var errBlock = errors.New("a block of the request log cannot be read")

// appendLine writes a line without its Seq, which follows from its place.
func appendLine(to []byte, l *Line) []byte {
	to = binary.AppendVarint(to, l.At.UnixMicro())
	for _, n := range []int{int(l.Took), l.Status, l.Rows, l.Calls} {
		to = binary.AppendUvarint(to, uint64(max(0, n)))
	}
	to = binary.AppendUvarint(to, flag(l.Replay)|flag(l.Left)<<1)
	for _, text := range []string{l.RequestID, l.Caller, l.Tenant, l.Tool, l.Route, l.Table, l.Code, l.LogID, l.JobID, l.Origin} {
		to = appendText(to, text)
	}
	to = binary.AppendUvarint(to, uint64(len(l.Marks)))
	for _, mark := range l.Marks {
		to = binary.AppendUvarint(appendText(to, mark.Rule), uint64(max(0, mark.Count)))
	}
	to = binary.AppendUvarint(to, uint64(len(l.Upstream)))
	for _, call := range l.Upstream {
		to = appendText(appendText(to, call.Name), call.LogID)
		to = binary.AppendVarint(to, int64(call.Code))
		to = binary.AppendVarint(to, call.Start.Sub(l.At).Microseconds())
		to = binary.AppendVarint(to, call.Took.Microseconds())
	}
	return to
}

func flag(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// encode writes lines as one block.
func encode(lines []Line) []byte {
	const guess = 192 // bytes of a line
	block := make([]byte, 1, 1+len(lines)*guess)
	block[0] = version
	for i := range lines {
		block = appendLine(block, &lines[i])
	}
	return block
}

// reader reads a block; the first fault stays.
type reader struct {
	rest  []byte
	fault bool
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fault, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) int() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fault, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) text() string {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.fault, r.rest = true, nil
		return ""
	}
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

// decode reads the lines of a block, the first of which is first.
func decode(block []byte, first uint64) ([]Line, error) {
	if len(block) == 0 || block[0] != version {
		return nil, errBlock
	}
	r := reader{rest: block[1:]}
	var lines []Line
	for len(r.rest) > 0 {
		l := Line{Seq: first + uint64(len(lines)), At: time.UnixMicro(r.int())}
		l.Took, l.Status, l.Rows, l.Calls = time.Duration(r.uint()), int(r.uint()), int(r.uint()), int(r.uint()) //nolint:gosec // as written
		flags := r.uint()
		l.Replay, l.Left = flags&1 != 0, flags&2 != 0
		for _, text := range []*string{
			&l.RequestID, &l.Caller, &l.Tenant, &l.Tool, &l.Route, &l.Table, &l.Code, &l.LogID, &l.JobID, &l.Origin,
		} {
			*text = r.text()
		}
		for range min(r.uint(), request.MaxMarks) {
			l.Marks = append(l.Marks, request.Mark{Rule: r.text(), Count: int(r.uint())}) //nolint:gosec // as written
		}
		for range min(r.uint(), request.MaxUpstream) {
			call := request.UpstreamCall{Name: r.text(), LogID: r.text(), Code: int(r.int())}
			call.Start = l.At.Add(time.Duration(r.int()) * time.Microsecond)
			call.Took = time.Duration(r.int()) * time.Microsecond
			l.Upstream = append(l.Upstream, call)
		}
		if r.fault {
			return nil, errBlock
		}
		lines = append(lines, l)
	}
	return lines, nil
}
