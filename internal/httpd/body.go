package httpd

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds on request bodies, beside intake.MaxBodyBytes for each.
const (
	maxBufferedBytes = 128 << 20 // bytes of bodies in memory at the same time
	firstBodyBytes   = 16 << 10  // bytes that a body of unknown length starts with
	BodyReadTimeout  = 30 * time.Second
)

// capBody refuses a body that is announced as too large before any of it is read, and cuts off one that proves to be.
func capBody(renderer Renderer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > intake.MaxBodyBytes {
				w.Header().Set("Connection", "close")
				renderer.Write(w, r, bodyTooLarge())
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, intake.MaxBodyBytes)
			next.ServeHTTP(w, r)
		})
	}
}

// bodyBudget bounds the bytes of bodies in memory over all requests.
type bodyBudget struct{ free *semaphore.Weighted }

func newBodyBudget(limit int64) bodyBudget { return bodyBudget{semaphore.NewWeighted(limit)} }

// reservation is what one request holds of the budget.
type reservation struct {
	free  *semaphore.Weighted
	bytes int64
}

// grow takes n more bytes and reports whether there were any.
func (v *reservation) grow(n int64) bool {
	if !v.free.TryAcquire(n) {
		return false
	}
	v.bytes += n
	return true
}

// shrink gives back all but n bytes.
func (v *reservation) shrink(n int64) {
	if n < v.bytes {
		v.free.Release(v.bytes - n)
		v.bytes = n
	}
}

// read returns the whole body and what it holds of the budget, to be given back in any case. Memory is reserved as bytes
// arrive, so that a length that is merely announced costs nothing.
func (b bodyBudget) read(w http.ResponseWriter, r *http.Request) ([]byte, *reservation, error) {
	held := &reservation{free: b.free}
	// The server's own read timeout must outlast the handler; the body gets less. The deadline is lifted only at the
	// body's end: of a body that failed, the server still tries to read the rest. A writer that is not a connection has no
	// deadline; the error is ignored.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(BodyReadTimeout))
	size := int64(firstBodyBytes)
	if r.ContentLength >= 0 {
		size = min(size, r.ContentLength+1) // one more, to see the end
	}
	var body []byte
	for {
		if len(body) == cap(body) {
			more := max(size, held.bytes) // doubles
			if left := r.ContentLength + 1 - held.bytes; left > 0 {
				more = min(max(size, 3*held.bytes), left) // up to four times what has come, but no more than is announced
			}
			if !held.grow(more) {
				return nil, held, problem.New(problem.Overloaded, problem.Text{
					ZH: "同时接收的请求体过多，本请求未被处理。",
					EN: "Too many request bodies are being received; this one was not processed.",
				})
			}
			body = append(make([]byte, 0, held.bytes), body...)
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
			ZH: "请求体没有在 30 秒内收完。",
			EN: "The body did not arrive within 30 seconds.",
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
