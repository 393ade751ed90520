package feishuproxy

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// How a caller makes a create safe to repeat.
const (
	keyHeader   = "Idempotency-Key"
	clientToken = "client_token" // Feishu's own parameter, in the query
)

// maxKeyBytes bounds an Idempotency-Key, in bytes; the tools have the same bound.
const maxKeyBytes = 255

// statusLost is the HTTP status of a lost answer that must not be repeated: 504 is what clients repeat by themselves.
const statusLost = http.StatusUnprocessableEntity

// withToken returns the query as it is sent, and whether the call may be repeated because Feishu knows it by a client_token. An
// Idempotency-Key of a create becomes the client_token, unless the query has one.
func withToken(api *feishu.API, c *Call) (query string, repeatable bool, err error) {
	if !api.Creates {
		return c.RawQuery, false, nil
	}
	values, err := url.ParseQuery(c.RawQuery)
	if err != nil {
		return c.RawQuery, false, nil // Feishu judges it
	}
	if values.Get(clientToken) != "" {
		return c.RawQuery, true, nil
	}
	key := http.Header(c.Header).Get(keyHeader)
	switch {
	case key == "":
		return c.RawQuery, false, nil
	case len(key) > maxKeyBytes:
		return "", false, problem.New(problem.BadParameter, problem.Text{
			ZH: "Idempotency-Key 最长 255 字节。", EN: "An Idempotency-Key has at most 255 bytes.",
		})
	}
	query = clientToken + "=" + tokenOf(c.Path, key)
	if rest := withoutToken(c.RawQuery); rest != "" {
		query = rest + "&" + query
	}
	return query, true, nil
}

// withoutToken returns the query without empty client_tokens, each other pair as it is.
func withoutToken(query string) string {
	if !strings.Contains(query, clientToken) {
		return query
	}
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(pair, "="); name != clientToken {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// tokenOf returns key if it is a uuid v4, the only form that Feishu takes, else a uuid v4 made of the hash of path and key: the same
// key for another table is another token.
func tokenOf(path, key string) string {
	if id, err := uuid.Parse(key); err == nil && id.Version() == 4 && len(key) == len(id.String()) {
		return id.String()
	}
	sum := sha256.Sum256([]byte(path + "\x00" + key))
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
	return id.String()
}

// Lost marks the problem of a call whose answer was lost and which Feishu does not know by a client_token: a repeat may do it twice.
type Lost struct{ Problem *problem.Error }

// Error implements error.
func (l *Lost) Error() string { return l.Problem.Error() }

// Unwrap returns the problem.
func (l *Lost) Unwrap() error { return l.Problem }

// lost says what a caller of the proxy can do about a lost answer: err unchanged if the outcome is not unknown.
func lost(err error, api *feishu.API, repeatable bool) error {
	e := problem.From(err)
	if err == nil || e.Code != problem.UnknownOutcome {
		return err
	}
	own := *e
	switch {
	case repeatable:
		own.Fix = problem.Text{
			ZH: "可能已经写入：用同样的 client_token（或同样的 Idempotency-Key）原样重复这次请求，飞书不会再写一次。",
			EN: "It may have been carried out: repeat the same request with the same client_token (or the same Idempotency-Key); " +
				"Feishu does not create it twice.",
		}
		return &own
	case api.Creates:
		own.Fix = problem.Text{
			ZH: "可能已经写入，重复会写两次：先查表确认。下次请在查询参数里带 client_token（uuid v4），或带请求头 Idempotency-Key，这样就能放心重复；" +
				"要保证只写一次，请用 POST /v1/records。",
			EN: "It may have been carried out, and a repeat would create it twice: look at the table first. Send client_token (a uuid v4) " +
				"in the query, or the header Idempotency-Key, to make such a call safe to repeat; POST /v1/records writes exactly once.",
		}
	default:
		own.Fix = problem.Text{
			ZH: "可能已经生效：先查看现状，再决定是否重复。只有新建调用才能带 client_token；要保证只写一次，请用本服务的 /v1 接口。",
			EN: "It may have been carried out: look before you repeat it. Only creates take a client_token; the /v1 tools of this service " +
				"write exactly once.",
		}
	}
	return &Lost{&own}
}

// isLost reports whether err must not be repeated.
func isLost(err error) bool {
	_, found := errors.AsType[*Lost](err)
	return found
}
