package httpd

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/request"
)

// MaxExchangeBytes bounds what is told of a request, and of an answer; of a larger one nothing is told.
const MaxExchangeBytes = 128 << 10

// Exchange is what a tool took and answered.
type Exchange struct {
	RequestID string
	Tenant    string // digest of the credential; "" if there is none
	Path      string
	Request   json.RawMessage // parameters and rows; no secret
	Answer    json.RawMessage
	Status    int
}

// ExchangedFunc is told of an exchange after the answer. It must not wait.
type ExchangedFunc func(Exchange)

// exchange passes a request on and tells what it took and answered.
func (t takeIn) exchange(w http.ResponseWriter, r *http.Request, tool Tool, result *intake.Result, next http.Handler) {
	took := withoutSecrets(tool.Spec, result) // before the handler gives the rows up
	answer := &copied{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(answer, withResult(r, result))
	call := request.CallFrom(r.Context())
	if call.Summary().Tenant == "" { // of a stranger, or of no credential: nobody could see it
		return
	}
	if took == nil || answer.lost || len(took) > MaxExchangeBytes || !json.Valid(answer.body.Bytes()) {
		return
	}
	t.told(Exchange{
		RequestID: call.RequestID, Tenant: call.Summary().Tenant, Path: RoutePath(r), Request: took, Answer: answer.body.Bytes(),
		Status: answer.status,
	})
}

// withoutSecrets returns the parameters that are no secret, with the rows among them; nil where there is too much.
func withoutSecrets(spec intake.Spec, result *intake.Result) json.RawMessage {
	if result.Length() > MaxExchangeBytes {
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(result.JSON, &members); err != nil {
		return nil
	}
	var out bytes.Buffer
	out.WriteByte('{')
	add := func(name string, value []byte) {
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		key, _ := json.Marshal(name) // a string always marshals
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
	}
	for _, param := range spec.Params {
		if value, ok := members[param.Name]; ok && !param.Secret {
			add(param.Name, value)
		}
	}
	if result.Rows != nil {
		add(spec.Rows, append(append([]byte{'['}, bytes.Join(rawRows(result.Rows), []byte{','})...), ']'))
	}
	out.WriteByte('}')
	return out.Bytes()
}

func rawRows(rows []json.RawMessage) [][]byte {
	raw := make([][]byte, len(rows))
	for i := range rows {
		raw[i] = rows[i]
	}
	return raw
}

// copied passes an answer on and keeps a copy of up to MaxExchangeBytes.
type copied struct {
	http.ResponseWriter

	body   bytes.Buffer
	status int
	lost   bool // there was more
}

// WriteHeader implements http.ResponseWriter.
func (c *copied) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (c *copied) Write(data []byte) (int, error) {
	if c.lost = c.lost || c.body.Len()+len(data) > MaxExchangeBytes; !c.lost {
		c.body.Write(data)
	}
	return c.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *copied) Unwrap() http.ResponseWriter { return c.ResponseWriter }
