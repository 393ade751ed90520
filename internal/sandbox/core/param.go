package core

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// DefaultPage is the page_size of a call that names none.
const DefaultPage = 20

// PageToken hides a position: the sequence number of the last row, or the offset in a filtered or sorted query.
func PageToken(position int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("page:" + strconv.FormatInt(position, 10)))
}

// Position reads what PageToken wrote; 0 for none.
func Position(token string) (int64, *Failure) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	text, ok := strings.CutPrefix(string(b), "page:")
	at, err2 := strconv.ParseInt(text, 10, 64)
	if err != nil || err2 != nil || !ok || at < 0 {
		return 0, &Failure{code: 1254030, msg: "InvalidPageToken"}
	}
	return at, nil
}

// PageSize reads page_size: def for none, at most limit.
func PageSize(text string, def, limit int) (int, *Failure) {
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, Violation("page_size", text, "page_size must be an integer")
	case n <= 0:
		return 0, Fail(1254011)
	case n > limit:
		return 0, Violation("page_size", text, fmt.Sprintf("the max value is %d", limit))
	}
	return n, nil
}

// BoolParam reads a query parameter into value, which stays as it is for none.
func BoolParam(text, name string, value *bool) *Failure {
	if text == "" {
		return nil
	}
	parsed, err := strconv.ParseBool(text)
	if err != nil {
		return Violation(name, text, name+" must be a boolean")
	}
	*value = parsed
	return nil
}

// Hash names the request: path and body, byte for byte.
func (c *Call) Hash() [32]byte {
	h := sha256.New()
	_, _ = h.Write([]byte(c.Request.Method + " " + c.Request.URL.Path + "\n"))
	_, _ = h.Write(c.Body)
	return [32]byte(h.Sum(nil))
}

// UserIDType reads user_id_type of the query.
func (c *Call) UserIDType() (string, *Failure) {
	value := c.Request.URL.Query().Get("user_id_type")
	return CheckIDType(value)
}

// CheckIDType reads a user_id_type: open_id for none.
func CheckIDType(value string) (string, *Failure) {
	switch value {
	case "":
		return "open_id", nil
	case "open_id", "union_id", "user_id":
		return value, nil
	default:
		return "", Violation("user_id_type", value, "user_id_type is not in the options [open_id union_id user_id]")
	}
}
