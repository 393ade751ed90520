package client

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"

	"github.com/rowgate/rowgate/internal/feishu"
)

const (
	headBytes    = 512      // of an answer, read before it is passed on: the code is within them
	verdictBytes = 64 << 10 // of an answer that is not a plain success, read before it is passed on
)

// leadingCode finds the code, which Feishu writes first; the character after it shows that the number is complete.
var leadingCode = regexp.MustCompile(`^\s*\{\s*"code"\s*:\s*(-?\d+)\s*[,}]`)

// passedAnswer is the body of an answer on its way to the caller. What was read to judge it comes first, then the rest.
type passedAnswer struct {
	head []byte
	rest io.ReadCloser
	end  func()
}

// Read implements io.Reader.
func (a *passedAnswer) Read(p []byte) (int, error) {
	if len(a.head) > 0 {
		n := copy(p, a.head)
		a.head = a.head[n:]
		return n, nil
	}
	return a.rest.Read(p)
}

// Close implements io.Closer. It must be called, also after an error.
func (a *passedAnswer) Close() error {
	err := a.rest.Close()
	a.end()
	return err
}

// judge reads as much of the answer as it takes to know what it means: its first bytes for a success, all of a refusal. The
// error is the connection's.
func (a *passedAnswer) judge(resp *http.Response, api *feishu.API) (*feishu.Error, error) {
	whole, err := a.fetch(headBytes, func() bool { return leadingCode.Match(a.head) })
	if err != nil {
		return nil, err
	}
	plain := resp.StatusCode < http.StatusBadRequest
	match := leadingCode.FindSubmatch(a.head)
	if plain && match != nil && string(match[1]) == "0" {
		return nil, nil
	}
	if plain && api.File && !isRefusal(resp, match) {
		return nil, nil
	}
	if !whole {
		if whole, err = a.fetch(verdictBytes, func() bool { return false }); err != nil {
			return nil, err
		}
	}
	if plain && !whole {
		return nil, nil // too long for a refusal
	}
	verdict := decode(resp, a.head, &outgoing{api: api})
	if verdict != nil {
		verdict.HTTPStatus, verdict.Endpoint, verdict.Write = resp.StatusCode, api.Name, !api.Read
		if verdict.LogID == "" {
			verdict.LogID = resp.Header.Get("X-Tt-Logid")
		}
	}
	return verdict, nil
}

// isRefusal reports whether a 2xx in place of a file is one of Feishu's refusals: JSON with a code that is not sent as a file. code is
// what leadingCode found.
func isRefusal(resp *http.Response, code [][]byte) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return code != nil && kind == "application/json" && resp.Header.Get("Content-Disposition") == ""
}

// fetch reads on until the head is enough, holds limit bytes, or is the whole answer.
func (a *passedAnswer) fetch(limit int, enough func() bool) (whole bool, err error) {
	for len(a.head) < limit && !enough() {
		a.head = slices.Grow(a.head, headBytes)
		n, err := a.rest.Read(a.head[len(a.head):min(cap(a.head), limit)])
		a.head = a.head[:len(a.head)+n]
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return false, err
		}
	}
	return false, nil
}
