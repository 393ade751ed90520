package mcp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/rowgate/rowgate/internal/problem"
)

// boundBatch refuses a request of more than MaxBatch messages; the body can still be read afterwards. A body that is no batch,
// or no JSON, is left to the protocol's handler.
func boundBatch(r *http.Request) error {
	body := bufio.NewReader(r.Body)
	first, err := firstByte(body)
	if err != nil || first != '[' {
		r.Body = readCloser{body, r.Body}
		return nil //nolint:nilerr // reading the body returns the error again
	}
	whole, err := io.ReadAll(body)
	if err != nil {
		return problem.New(problem.BadBody, problem.Text{}).Because(err)
	}
	r.Body = readCloser{bytes.NewReader(whole), r.Body}
	messages := json.NewDecoder(bytes.NewReader(whole))
	if _, err := messages.Token(); err != nil {
		return nil //nolint:nilerr // the protocol's handler reports it
	}
	for count := 0; messages.More(); count++ {
		if count == MaxBatch {
			return problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("一个请求里最多 %d 条消息。", MaxBatch), EN: fmt.Sprintf("A request may contain at most %d messages.", MaxBatch),
			})
		}
		var skipped json.RawMessage
		if err := messages.Decode(&skipped); err != nil {
			return nil //nolint:nilerr // the protocol's handler reports it
		}
	}
	return nil
}

// firstByte skips leading white space and returns the next byte of body without consuming it.
func firstByte(body *bufio.Reader) (byte, error) {
	for {
		next, err := body.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case next == ' ', next == '\t', next == '\r', next == '\n':
		default:
			return next, body.UnreadByte()
		}
	}
}

// readCloser reads from Reader and closes Closer.
type readCloser struct {
	io.Reader
	io.Closer
}
