package mcp

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/tenant"
)

// headerSession names a session. It is issued at initialize, and only ties a cancellation to the call that it means.
const headerSession = "Mcp-Session-Id"

// Methods of the protocol that are looked at here.
const (
	methodInitialize = "initialize"
	methodCancelled  = "notifications/cancelled"
	methodCall       = "tools/call"
)

// message is what is read of a JSON-RPC message before the protocol's handler reads it.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
		RequestID json.RawMessage `json:"requestId"`
	} `json:"params"`
}

// readMessages reads a body of one message or of a batch of at most MaxBatch; the body can still be read afterwards. A body that is
// no JSON, or cannot be read whole, has no messages: the protocol's handler says what is wrong with it.
func readMessages(r *http.Request) ([]message, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		r.Body = readCloser{io.MultiReader(bytes.NewReader(body), failing{err}), r.Body}
		if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
			return nil, problem.New(problem.BadBody, problem.Text{}).Because(err)
		}
		return nil, nil
	}
	r.Body = readCloser{bytes.NewReader(body), r.Body}
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) == 0 || first[0] != '[' {
		var one message
		if json.Unmarshal(body, &one) != nil {
			return nil, nil
		}
		return []message{one}, nil
	}
	return readBatch(body)
}

// failing is the end of a body that broke off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// exchange is one HTTP request of a client and its answer.
type exchange struct {
	ctx     context.Context // ends when the client leaves; the SDK's own context does not
	server  *mcp.Server
	writer  *answerWriter
	client  client
	session bool // the client has a session id, so that it may cancel what was answered

	mu    sync.Mutex
	calls []message // the calls of the request that no handler has taken yet
	sent  []sent    // answers in the order in which they were handed to the protocol's handler
	over  bool      // the HTTP answer has ended: what is answered now reaches nobody
}

// sent is an answer on its way.
type sent struct {
	entry    *entry
	delivers bool  // it does not ask for a repeat
	from     int64 // bytes that were written before it
	size     int64 // the least that it takes
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// clientOf names the client of a request by its credential, address and session.
func clientOf(r *http.Request) client {
	caller := tenant.CallerFrom(r.Context())
	digest := sha256.New()
	for _, part := range []string{
		r.Header.Get("Authorization"), r.Header.Get("X-Passphrase"), r.Header.Get("X-App-Id"), r.Header.Get("X-App-Secret"),
		r.Header.Get("X-Personal-Base-Token"), caller.Address.String(), r.Header.Get(headerSession),
	} {
		_, _ = digest.Write([]byte(part)) // never fails
		_, _ = digest.Write([]byte{0})
	}
	return client(digest.Sum(nil))
}

// take returns the id of the call with that tool and arguments, once.
func (x *exchange) take(name string, arguments []byte) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := slices.IndexFunc(x.calls, func(m message) bool {
		return m.Params.Name == name && bytes.Equal(bytes.TrimSpace(m.Params.Arguments), bytes.TrimSpace(arguments))
	})
	if i < 0 {
		return ""
	}
	id := string(x.calls[i].ID)
	x.calls = slices.Delete(x.calls, i, i+1)
	return id
}

// answer notes that an answer is handed over.
func (x *exchange) answer(l *ledger, e *entry, size int, delivers bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		l.end(e, false)
		e.call.Settle()
		return
	}
	l.write(e)
	x.sent = append(x.sent, sent{e, delivers && x.ctx.Err() == nil, x.writer.written.Load(), int64(size)})
}

// settle notes which answers were delivered, once the whole HTTP answer was written: all bytes of an answer were handed to the
// connection without an error, and the client was there when the first was.
func (x *exchange) settle(l *ledger) {
	x.mu.Lock()
	answers := x.sent
	x.over = true
	x.mu.Unlock()
	err := errors.Join(x.writer.FlushError(), x.writer.failed())
	var behind int64 // bytes of this answer and those after it
	for _, one := range slices.Backward(answers) {
		behind += one.size
		delivered := one.delivers && err == nil && x.writer.written.Load()-one.from >= behind
		if delivered {
			one.entry.call.Deliver()
		}
		one.entry.call.Settle()
		l.end(one.entry, delivered && x.session)
	}
}

// digestOf digests a call: its tool and arguments as they were sent.
func digestOf(name string, arguments []byte) [32]byte {
	digest := sha256.New()
	_, _ = digest.Write([]byte(name)) // never fails
	_, _ = digest.Write([]byte{0})
	_, _ = digest.Write(bytes.TrimSpace(arguments))
	return [32]byte(digest.Sum(nil))
}

// newSession makes a session id: visible ASCII that nobody can guess.
func newSession() string { return rand.Text() }
