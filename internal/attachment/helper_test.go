package attachment

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// png is the beginning of a picture; nothing looks further.
const png = "\x89PNG\r\n\x1a\n a picture"

// site is a server of files that a fetcher with its options may reach, and no other address of this machine.
type site struct {
	*httptest.Server

	port uint16
}

func newSite(t *testing.T, handler http.HandlerFunc) *site {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &site{server, portOf(t, server.URL)}
}

func portOf(t *testing.T, address string) uint16 {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(port)
}

// options let a fetcher reach the site on 127.0.0.1; 127.0.0.2 stays as private as every address of its kind.
func (s *site) options(t *testing.T) FetcherOptions {
	t.Helper()
	return FetcherOptions{
		Dir:   t.TempDir(),
		Guard: egress.New(egress.Options{Allow: []egress.Rule{{Network: netip.MustParsePrefix("127.0.0.1/32"), Port: s.port}}}),
	}
}

// serve answers with body and these headers (name, value, …).
func serve(body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		_, _ = w.Write([]byte(body))
	}
}

// serveStatus answers with a status and no body.
func serveStatus(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// fetch fetches path of the site and closes the file when the test ends.
func (s *site) fetch(t *testing.T, o FetcherOptions, path string) (*File, error) {
	t.Helper()
	file, err := NewFetcher(o).Fetch(t.Context(), "owner", s.URL+path)
	if err == nil {
		t.Cleanup(file.Close)
	}
	return file, err
}

// wantFailure fails the test unless err is a Failure of that reason, in both languages.
func wantFailure(t *testing.T, err error, reason problem.Text) {
	t.Helper()
	failure, ok := errors.AsType[*Failure](err)
	if !ok {
		t.Fatalf("err = %v, want a Failure: %s", err, reason.EN)
	}
	if failure.Reason != reason {
		t.Fatalf("reason = %q, want %q", failure.Reason.EN, reason.EN)
	}
	if reason.ZH == "" || reason.EN == "" {
		t.Fatal("a reason has lost one of its languages")
	}
}

// wantProblem fails the test unless err is that problem and says that no row was written.
func wantProblem(t *testing.T, err error, code problem.Code) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	p := problem.From(err)
	if p.Code != code {
		t.Fatalf("problem %s (%v), want %s", p.Code, err, code)
	}
	if p.Outcome != "" && p.Outcome != problem.NotWritten {
		t.Fatalf("outcome %s: a file is not a row", p.Outcome)
	}
}

// inProcess answers calls by the sandbox without a network, so that tests can run in a bubble with a clock of its own.
type inProcess struct{ sb *sandbox.Sandbox }

func (p inProcess) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if cause, _ := recover().(error); errors.Is(cause, http.ErrAbortHandler) {
			resp, err = nil, net.ErrClosed // the connection was cut
		}
	}()
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if req.Body == nil {
		req.Body = http.NoBody
	}
	defer req.Body.Close()
	recorder := httptest.NewRecorder()
	p.sb.ServeHTTP(recorder, req)
	return recorder.Result(), nil
}

const (
	testApp    = "cli_example"
	testSecret = "secretExample"
	testBase   = "bascnExample01"
	wikiBase   = "bascnExample02"
)

// bundle is a sandbox with a base, another one inside a wiki, and what calls it.
type bundle struct {
	sb       *sandbox.Sandbox
	client   *client.Client
	sent     *checksums
	uploader *Uploader
	people   *People
	app      feishu.App
}

func setup(t *testing.T) *bundle {
	t.Helper()
	sb, err := sandbox.New(sandbox.Options{})
	must(t, err)
	must(t, sb.AddApp(sandbox.AppSpec{ID: testApp, Secret: testSecret}))
	for token, node := range map[string]string{testBase: "", wikiBase: "wikcnExample"} {
		_, err = sb.AddBase(sandbox.BaseSpec{Token: token, WikiNode: node, Collaborators: []string{testApp}})
		must(t, err)
	}
	sent := &checksums{next: inProcess{sb}}
	client, err := client.New(client.Options{Keyring: newKeyring(t), BaseURL: "http://feishu.test", Transport: sent})
	must(t, err)
	b := &bundle{
		sb: sb, client: client, sent: sent, people: NewPeople(client, client.Digest),
		uploader: NewUploader(UploaderOptions{Media: client, Digest: client.Digest, AllowRetry: client.AllowRetry}),
		app:      feishu.App{ID: testApp, Secret: newSecret(testSecret)},
	}
	t.Cleanup(func() {
		b.uploader.Close()
		b.people.Close()
		client.Close()
		must(t, sb.Close())
	})
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// upload uploads data under name into the plain base.
func (b *bundle) upload(ctx context.Context, t *testing.T, name string, data []byte) (string, error) {
	t.Helper()
	file, err := FromBytes(name, "", data)
	must(t, err)
	defer file.Close()
	return b.uploader.Upload(ctx, b.app, testBase, file)
}

// fault lets the sandbox answer an endpoint with a code, count times (0: always).
func (b *bundle) fault(t *testing.T, endpoint string, code, count int) {
	t.Helper()
	_, err := b.sb.AddFault(sandbox.Fault{Endpoint: endpoint, Action: sandbox.ActionError, Code: code, Count: count})
	must(t, err)
}

func newSecret(value string) secret.Text { return secret.New(value) }

func newKeyring(t *testing.T) *secret.Keyring {
	t.Helper()
	keyring, err := secret.ParseKeyring(secret.GenerateKey())
	must(t, err)
	return keyring
}

// slow lets every upload take so long.
func (b *bundle) slow(t *testing.T, each time.Duration) {
	t.Helper()
	o := b.sb.Options()
	o.Write.PerCall = each
	must(t, b.sb.SetOptions(o))
}
