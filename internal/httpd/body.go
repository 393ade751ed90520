package httpd

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/tenant"
)

// Bounds on request bodies, beside intake.MaxBodyBytes for each.
const (
	// DefaultBufferedBytes is of bodies in memory at the same time, in bytes; one client address may have half of them.
	DefaultBufferedBytes = 128 << 20
	reservedOf           = 8        // the part of those bytes that only small bodies get
	smallBodyBytes       = 64 << 10 // bytes of a body that may come slowly, and that has the reserve to fall back on
	firstBodyBytes       = 16 << 10 // bytes that a body of unknown length starts with
	BodyReadTimeout      = 30 * time.Second

	// A body over smallBodyBytes arrives at 64 KiB a second at least, looked at every 5 seconds: who sends most of a large body
	// and stops would hold memory for nothing.
	rateWindow = 5 * time.Second
	rateBytes  = int(rateWindow/time.Second) * 64 << 10 // bytes for each rateWindow
)

// capBody refuses a body that is announced as too large before any of it is kept, and cuts off one that proves to be. limits are those
// of single paths, in bytes.
func capBody(renderer Renderer, limits map[string]int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit := cmp.Or(limits[RoutePath(r)], intake.MaxBodyBytes)
			if r.ContentLength > limit {
				refuseUnread(renderer, w, r, bodyTooLarge())
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			next.ServeHTTP(w, r)
		})
	}
}

// closeChunked ends the connection after a chunked HTTP/1 request. One that also named a Content-Length, which net/http takes off before a
// handler could see it, may have been meant to end elsewhere by a proxy in between: RFC 9112 §6.3 wants that connection closed.
func closeChunked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// read returns the whole body and what it holds of the budget, to be given back in any case. Memory is reserved as bytes
// arrive, so that a length that is merely announced costs nothing.
func (b *bodyBudget) read(w http.ResponseWriter, r *http.Request) ([]byte, *reservation, error) {
	held := &reservation{budget: b, address: tenant.Network(addressOf(r.Context()))}
	// The server's own read timeout must outlast the handler; the body gets less. The deadline is lifted only at the
	// body's end: of a body that failed, the server still tries to read the rest. A writer that is not a connection has no
	// deadline; the error is ignored.
	control := http.NewResponseController(w)
	begin := time.Now()
	_ = control.SetReadDeadline(begin.Add(BodyReadTimeout))
	size := int64(firstBodyBytes)
	if r.ContentLength >= 0 {
		size = min(size, r.ContentLength+1) // one more, to see the end
	}
	var body []byte
	due := smallBodyBytes // once as many bytes are here, the next rateBytes have rateWindow to come
	for {
		if len(body) == cap(body) {
			more := max(size, held.bytes) // doubles
			if left := r.ContentLength + 1 - held.bytes; left > 0 {
				more = min(max(size, 3*held.bytes), left) // up to four times what has come, but no more than is announced
			} else if left := intake.MaxBodyBytes + 1 - held.bytes; r.ContentLength < 0 && left > 0 {
				more = min(more, left)
			}
			if !held.grow(more) {
				return nil, held, problem.New(problem.Overloaded, problem.Text{
					ZH: "同时接收的请求体过多，本请求未被处理。",
					EN: "Too many request bodies are being received; this one was not processed.",
				})
			}
			body = append(make([]byte, 0, held.bytes), body...)
		}
		if len(body) >= due {
			due = len(body) + rateBytes
			_ = control.SetReadDeadline(earlier(time.Now().Add(rateWindow), begin.Add(BodyReadTimeout)))
		}
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) {
			_ = control.SetReadDeadline(time.Time{})
			return body, held, nil
		}
		if err != nil {
			return nil, held, BodyError(err)
		}
	}
}

func earlier(one, other time.Time) time.Time {
	if other.Before(one) {
		return other
	}
	return one
}

// BodyError classifies the error of a body that could not be read to its end: bad_body, or the limit's error as it is.
func BodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	detail := problem.Text{
		ZH: "连接在请求体传输完成之前中断。",
		EN: "The connection was interrupted before the whole body arrived.",
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		detail = problem.Text{
			ZH: "请求体传输太慢：须在 30 秒内收完，超过 64 KiB 的请求体每秒至少 64 KiB。",
			EN: "The body is too slow: it must arrive within 30 seconds, and one over 64 KiB at 64 KiB a second at least.",
		}
	}
	return problem.New(problem.BadBody, detail).Because(err)
}

func bodyTooLarge() *problem.Error {
	return problem.New(problem.BodyTooLarge, problem.Text{
		ZH: "请求体超过 20 MiB。",
		EN: "The body is larger than 20 MiB.",
	})
}

// checkEncoding refuses a compressed body.
func checkEncoding(header http.Header) *problem.Error {
	for _, encoding := range header.Values("Content-Encoding") {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return problem.New(problem.BadBody, problem.Text{
				ZH: "不支持压缩的请求体（Content-Encoding），请发送未压缩的内容。",
				EN: "Compressed bodies (Content-Encoding) are not supported; send the body uncompressed.",
			})
		}
	}
	return nil
}
