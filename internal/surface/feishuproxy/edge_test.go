package feishuproxy

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/surface/single"
)

// maxAllKeptBytes is what the tests' proxy keeps of bodies.
const maxAllKeptBytes = 16 << 20

// upstream is a Passthrough that says what a test tells it to.
type upstream struct {
	forward func(Call) (*Answer, error)
	err     error // of Issue and Health
}

func (u upstream) Forward(_ context.Context, c Call) (*Answer, error) {
	return u.forward(c)
}

func (u upstream) Issue(context.Context, []byte) (Token, error) {
	return Token{Msg: "ok"}, u.err
}

func (u upstream) Health(context.Context) (Health, error) {
	return Health{}, u.err
}

func serveProxy(t *testing.T, u upstream) *httptest.Server {
	t.Helper()
	router := chi.NewRouter()
	RouteProxy(router, httpd.Renderer{PublicURL: "https://rowgate.example.com", Logger: slog.New(slog.DiscardHandler)}, u, maxAllKeptBytes)
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	return server
}

// said is an answer whose body may still be on its way.
type said struct {
	status int
	header http.Header
	length int64
	body   io.Reader
}

func (s said) text() string {
	text, _ := io.ReadAll(s.body)
	return string(text)
}

func ask(t *testing.T, server *httptest.Server, method, path string, body io.Reader) said {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return said{response.StatusCode, response.Header, response.ContentLength, response.Body}
}

const proxied = "/open-apis/bitable/v1/apps/bascnExample/tables/tblExample/records"

// broken is a body that ends in an error after its text.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestProxyAnswers(t *testing.T) {
	t.Parallel()
	t.Run("come back with status, headers and length as they are", func(t *testing.T) {
		t.Parallel()
		server := serveProxy(t, upstream{forward: func(Call) (*Answer, error) {
			header := http.Header{"Content-Type": {"text/html"}, "X-Tt-Logid": {"log-1"}}
			return &Answer{Status: 502, Header: header, Body: io.NopCloser(strings.NewReader("<html>")), Length: 6}, nil
		}})
		got := ask(t, server, http.MethodGet, proxied, nil)
		body := got.text()
		if got.status != 502 || body != "<html>" || got.length != 6 || got.header.Get("X-Tt-Logid") != "log-1" ||
			got.header.Get("Content-Type") != "text/html" {
			t.Errorf("%d %v %s", got.status, got.header, body)
		}
	})
	t.Run("are passed on while they still arrive", func(t *testing.T) {
		t.Parallel()
		reader, writer := io.Pipe()
		server := serveProxy(t, upstream{forward: func(Call) (*Answer, error) {
			return &Answer{Status: 200, Body: reader, Length: -1}, nil
		}})
		first := make(chan error, 1)
		go func() {
			_, err := io.WriteString(writer, "first")
			first <- err
		}()
		got := ask(t, server, http.MethodGet, proxied, nil)
		part := make([]byte, len("first"))
		if _, err := io.ReadFull(got.body, part); err != nil || string(part) != "first" || <-first != nil {
			t.Fatalf("%s %v", part, err)
		}
		go func() { _ = errors.Join(writeAll(writer, "second"), writer.Close()) }()
		if rest, err := io.ReadAll(got.body); err != nil || string(rest) != "second" {
			t.Errorf("%s %v", rest, err)
		}
	})
	t.Run("that break off are cut off", func(t *testing.T) {
		t.Parallel()
		server := serveProxy(t, upstream{forward: func(Call) (*Answer, error) {
			return &Answer{Status: 200, Body: io.NopCloser(broken{strings.NewReader("half")}), Length: -1}, nil
		}})
		got := ask(t, server, http.MethodGet, proxied, nil)
		if body, err := io.ReadAll(got.body); err == nil {
			t.Errorf("the caller takes %q for the whole", body)
		}
	})
}

func writeAll(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

func TestProxyBodies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		body io.Reader
		kept bool
	}{
		{"of no length are none", nil, false},
		{"of known length are kept for a repeat", strings.NewReader(strings.Repeat("x", maxKeptBytes)), true},
		{"that are longer are passed on as they arrive", strings.NewReader(strings.Repeat("x", maxKeptBytes+1)), false},
		{"of unknown length too", struct{ io.Reader }{strings.NewReader("x")}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var seen Call
			var size int
			server := serveProxy(t, upstream{forward: func(c Call) (*Answer, error) {
				seen = c
				if c.Body != nil {
					text, err := io.ReadAll(c.Body)
					if err != nil {
						return nil, err
					}
					size = len(text)
				}
				return &Answer{Status: 200, Body: http.NoBody}, nil
			}})
			got := ask(t, server, http.MethodPost, proxied+"?a=%20&b", test.body)
			_, seekable := seen.Body.(io.Seeker)
			if got.status != 200 || seekable != test.kept || (test.body == nil) != (seen.Body == nil) ||
				seen.Length > 0 && int(seen.Length) != size {
				t.Errorf("%d: %d bytes of %d, seekable %v", got.status, size, seen.Length, seekable)
			}
			if seen.Method != http.MethodPost || seen.Path != strings.TrimPrefix(proxied, "/open-apis") || seen.RawQuery != "a=%20&b" {
				t.Errorf("%+v", seen)
			}
		})
	}
	t.Run("are passed on once too many are kept", func(t *testing.T) {
		t.Parallel()
		inside, goOn := make(chan bool), make(chan struct{})
		server := serveProxy(t, upstream{forward: func(c Call) (*Answer, error) {
			_, kept := c.Body.(io.Seeker)
			inside <- kept
			<-goOn
			return &Answer{Status: 200, Body: http.NoBody}, nil
		}})
		const all = maxAllKeptBytes / maxKeptBytes
		body := strings.Repeat("x", maxKeptBytes)
		ended := make(chan struct{})
		for n := range all + 1 {
			go func() {
				defer func() { ended <- struct{}{} }()
				ask(t, server, http.MethodPost, proxied, strings.NewReader(body)).text()
			}()
			if kept := <-inside; kept != (n < all) {
				t.Errorf("call %d: kept %v", n, kept)
			}
		}
		close(goOn)
		for range all + 1 {
			<-ended
		}
	})
}

func TestProxyRefusals(t *testing.T) {
	t.Parallel()
	bad := problem.New(problem.BadPassphrase, problem.Text{ZH: "不对", EN: "not right"})
	for _, test := range []struct {
		name   string
		err    error
		status int
		code   string // of a call
		token  string // code of the token endpoint
	}{
		{"without a token are 401", bad, 401, `{"code":99991661,`, `"code":10014`},
		{"with a wrong one are 403", &single.Wrong{Problem: bad}, 403, `{"code":99991668,`, `"code":10014`},
		{"after too many are 429", problem.New(problem.TooManyFailures, problem.Text{}), 429, `{"code":99991400,`, `"code":99991400`},
		{"of a surface that is off are 404", single.Off(), 404, `{"code":404,`, `"code":10014`},
		{"of a key for another table are 403", problem.New(problem.KeyScope, problem.Text{}), 403, `{"code":91403,`, `"code":10014`},
		{"of a body are 400", problem.New(problem.BadBody, problem.Text{}), 400, `{"code":99992402,`, `"code":10003`},
		{
			"of Feishu's keep its code", (&feishu.Error{Code: 1254290, Class: feishu.ClassConflict}).Problem(), 429, `{"code":1254290,`,
			`"code":10014`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := serveProxy(t, upstream{err: test.err, forward: func(Call) (*Answer, error) { return nil, test.err }})
			for path, kind := range map[string]string{proxied: feishuJSON, "/health": problem.MediaType} {
				got := ask(t, server, http.MethodGet, path, nil)
				if got.status != test.status || got.header.Get("Content-Type") != kind {
					t.Errorf("%s: %d %v", path, got.status, got.header)
				}
				if text := got.text(); path == proxied &&
					(!strings.HasPrefix(text, test.code+`"msg":"`) || !strings.Contains(text, `"error":{"type":`)) {
					t.Errorf("%s: %s", path, text)
				}
			}
			got := ask(t, server, http.MethodPost, pathToken, strings.NewReader("{}"))
			body := got.text()
			if got.status != http.StatusOK || !strings.Contains(body, test.token) ||
				!strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
				t.Errorf("token: %d %v %s", got.status, got.header, body)
			}
			if (got.header.Get("Retry-After") != "") != (test.status == 429) {
				t.Errorf("Retry-After: %q", got.header.Get("Retry-After"))
			}
		})
	}
}
