package feishuproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/sync/semaphore"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/surface/single"
)

// Bounds on the bodies of proxied requests. A buffered body can be sent again after a stale token; any other is streamed.
const (
	maxKeptBytes = 1 << 20  // bytes of one buffered body
	copyBytes    = 32 << 10 // bytes of an answer that are copied at a time

	// MaxUploadBytes bounds the body of upload_all: a file of client.MaxUploadAll and the form around it.
	MaxUploadBytes = client.MaxUploadAll + 64<<10
	fileStep       = 60 * time.Second // for a caller to take copyBytes of a file
)

// The paths of the proxy. Some SDKs end the token paths with a slash.
const (
	pathOpenAPIs = "/open-apis"
	pathToken    = pathOpenAPIs + "/auth/v3/tenant_access_token/internal"
	pathAppToken = pathOpenAPIs + "/auth/v3/app_access_token/internal"
	pathStatus   = "/health"
)

// ProxyWholeBodies returns the proxy's paths for httpd.Options.WholeBodies: those whose body is read before the handler runs.
func ProxyWholeBodies() []string {
	return []string{pathToken, pathToken + "/", pathAppToken, pathAppToken + "/"}
}

// ProxyBodyLimits returns the paths whose bodies may be larger than those of all others, in bytes, for httpd.Options.BodyLimits.
func ProxyBodyLimits() map[string]int64 {
	return map[string]int64{pathOpenAPIs + feishu.APIUploadAll.Path: MaxUploadBytes}
}

// Passthrough makes calls of Feishu's Open API for a caller. *Proxy implements it.
type Passthrough interface {
	Forward(ctx context.Context, call Call) (*Answer, error)
	Issue(ctx context.Context, body []byte) (Token, error)
	Health(ctx context.Context) (Health, error)
}

// RouteProxy adds the transparent proxy, the token endpoint that SDKs call first, and the health check to router.
// keptBytes bounds the bodies that are buffered at the same time; past it they are streamed.
func RouteProxy(router chi.Router, renderer httpd.Renderer, to Passthrough, keptBytes int64) {
	p := &passthrough{
		renderer: renderer, to: to, kept: semaphore.NewWeighted(keptBytes),
		buffers: sync.Pool{New: func() any { return new([copyBytes]byte) }},
	}
	for _, path := range []string{pathProxied, pathMedia, pathNode, pathPeople} {
		router.HandleFunc(path, p.forward)
	}
	for _, path := range ProxyWholeBodies() {
		router.Post(path, p.token)
	}
	router.Get(pathStatus, p.health)
}

type passthrough struct {
	renderer httpd.Renderer
	to       Passthrough
	kept     *semaphore.Weighted
	buffers  sync.Pool // of *[copyBytes]byte
}

// forward passes on one call and returns its answer.
func (p *passthrough) forward(w http.ResponseWriter, r *http.Request) {
	call := Call{
		Method: r.Method, Path: strings.TrimPrefix(httpd.RoutePath(r), pathOpenAPIs), RawQuery: r.URL.RawQuery,
		Header: r.Header, Length: r.ContentLength,
	}
	if r.ContentLength != 0 {
		call.Body = r.Body
	}
	if size := r.ContentLength; size > 0 && size <= maxKeptBytes && p.kept.TryAcquire(size) {
		defer p.kept.Release(size)
		body, err := readKept(w, r)
		if err != nil {
			w.Header().Set("Connection", "close")
			p.refuse(w, r, err)
			return
		}
		call.Body = bytes.NewReader(body)
	}
	answer, err := p.to.Forward(r.Context(), call)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	defer func() { _ = answer.Body.Close() }() // read to its end, or not needed any more
	maps.Copy(w.Header(), answer.Header)
	if answer.Length >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(answer.Length, 10))
	}
	w.WriteHeader(answer.Status)
	p.copy(w, answer)
}

// readKept reads a body of known length within httpd.BodyReadTimeout.
func readKept(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(httpd.BodyReadTimeout)) // only connections have deadlines
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, httpd.BodyError(err)
	}
	_ = control.SetReadDeadline(time.Time{})
	return body, nil
}

// copy streams the answer's body. If the answer ends early, copy aborts the connection, so that the caller does not take a part
// of it for the whole.
func (p *passthrough) copy(w http.ResponseWriter, answer *Answer) {
	buffer, _ := p.buffers.Get().(*[copyBytes]byte)
	defer p.buffers.Put(buffer)
	control := http.NewResponseController(w)
	for {
		n, err := answer.Body.Read(buffer[:])
		if n > 0 {
			if answer.File {
				_ = control.SetWriteDeadline(time.Now().Add(fileStep)) // the server's own is for answers that are not files
			}
			if _, err := w.Write(buffer[:n]); err != nil {
				return // the caller has disconnected
			}
			if answer.Length < 0 {
				_ = control.Flush()
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			panic(http.ErrAbortHandler)
		}
	}
}

// refuse answers with a problem: 401 without a token, 403 for a wrong one, and not to be repeated where a repeat may write twice.
func (p *passthrough) refuse(w http.ResponseWriter, r *http.Request, err error) {
	doc := p.renderer.Document(r.Context(), err)
	doc.Status = single.StatusOf(err, doc.Status)
	if isLost(err) {
		doc.Status, doc.Retryable, doc.RetryAfter = statusLost, false, 0
	}
	if !Dialect(w, r, doc) {
		httpd.WriteDocument(w, doc)
	}
}

// token answers an SDK's token call in Feishu's shape, errors included.
func (p *passthrough) token(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.refuse(w, r, httpd.BodyError(err))
		return
	}
	token, err := p.to.Issue(r.Context(), body)
	if err == nil {
		httpd.WriteJSON(w, http.StatusOK, token)
		return
	}
	doc := p.renderer.Document(r.Context(), err)
	httpd.SetProblemHeaders(w.Header(), doc)
	w.Header().Set("Content-Type", feishuJSON)
	httpd.WriteJSON(w, http.StatusOK, Refusal(r.Context(), err)) // as Feishu does: SDKs show code and msg of a 200 only
}

// health reports whether Feishu gives the caller's app a token.
func (p *passthrough) health(w http.ResponseWriter, r *http.Request) {
	health, err := p.to.Health(r.Context())
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	httpd.WriteJSON(w, http.StatusOK, health)
}
