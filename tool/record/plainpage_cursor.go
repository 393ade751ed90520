package record

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/problem"
)

// Parts of a cursor.
const (
	cursorPurpose  = "search cursor" // separates its MAC from every other fingerprint
	cursorMACBytes = 16
	maxCursorBytes = 4 << 10 // of text; Feishu's page_token is the only part that may be long
)

// position is how far a search has been read. The zero value is its beginning.
type position struct {
	Token  string `json:"t,omitempty"` // Feishu's page_token of the page that is read next
	Offset int    `json:"o,omitempty"` // rows of that page that are done with
	Size   int    `json:"s,omitempty"` // page size with which Offset was counted
	Given  int    `json:"g,omitempty"` // rows given so far
}

// cursors writes positions as text that only this service can have written, and only for the same query of the same tenant:
// query is all that decides which rows are found in which order.
type cursors struct {
	fingerprint func(parts ...[]byte) [32]byte
	query       []string
}

func (c cursors) mac(state []byte) []byte {
	parts := [][]byte{[]byte(cursorPurpose)}
	for _, part := range c.query {
		parts = append(parts, []byte(part))
	}
	sum := c.fingerprint(append(parts, state)...)
	return sum[:cursorMACBytes]
}

func (c cursors) seal(at position) string {
	state, _ := json.Marshal(at) // texts and numbers always marshal
	return base64.RawURLEncoding.EncodeToString(append(c.mac(state), state...))
}

// open reads a cursor; the empty one is the beginning. Errors: bad_parameter.
func (c cursors) open(cursor string) (position, error) {
	var at position
	if cursor == "" {
		return at, nil
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > maxCursorBytes || len(data) < cursorMACBytes {
		return at, badCursor()
	}
	if !hmac.Equal(c.mac(data[cursorMACBytes:]), data[:cursorMACBytes]) {
		return at, badCursor()
	}
	if err := json.Unmarshal(data[cursorMACBytes:], &at); err != nil {
		return at, badCursor()
	}
	return at, nil
}

func badCursor() error {
	return problem.New(problem.BadParameter, problem.Text{
		ZH: "cursor 不属于这个查询：where、filter、sort、view_id 和表格都要与得到它的那次请求相同。要重新开始，请去掉 cursor。",
		EN: "The cursor is not of this search: where, filter, sort, view_id and the table must be those of the request that gave it. " +
			"To start again, leave it out.",
	})
}
