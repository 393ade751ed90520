package attachment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testApp    = "cli_example"
	testSecret = "secretExample"
	testBase   = "bascnExample01"

	uploadAll = "media.upload_all"
	lookUp    = "contact.batch_get_id"
)

// inProcess answers calls by the sandbox without a network, so that tests can run in a bubble with a clock of its own.
type inProcess struct{ sb *sandbox.Sandbox }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	defer req.Body.Close()
	recorder := httptest.NewRecorder()
	p.sb.ServeHTTP(recorder, req)
	return recorder.Result(), nil
}

// web is the part of the internet that callers' addresses lead to: every address is a text of its own, but those that hang
// and those that fail.
type web struct {
	hangs []string
	fails []string

	mu      sync.Mutex
	fetched map[string]int
	running int
	most    int // fetches at one time
}

var errNotThere = &attachment.Failure{Reason: problem.Text{ZH: "没有这个文件。", EN: "There is no such file."}}

func (w *web) Fetch(ctx context.Context, _, address string) (*attachment.File, error) {
	w.mu.Lock()
	if w.fetched == nil {
		w.fetched = map[string]int{}
	}
	w.fetched[address]++
	w.running++
	w.most = max(w.most, w.running)
	w.mu.Unlock()
	defer func() { w.mu.Lock(); w.running--; w.mu.Unlock() }()
	switch {
	case slices.Contains(w.fails, address):
		return nil, errNotThere
	case slices.Contains(w.hangs, address):
		<-ctx.Done()
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, errNotThere
	}
	return attachment.FromBytes(address+".txt", "", []byte("what is at "+address))
}

func (w *web) fetches() (all, distinct int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.fetched {
		all += n
	}
	return all, len(w.fetched)
}

// bundle is a sandbox with a base, and a resolver for it.
type bundle struct {
	*Resolver

	sb     *sandbox.Sandbox
	client *client.Client
	web    *web
	target tool.Target
}

func setup(t *testing.T) *bundle {
	t.Helper()
	sb, err := sandbox.New(sandbox.Options{})
	must(t, err)
	must(t, sb.AddApp(sandbox.AppSpec{ID: testApp, Secret: testSecret}))
	_, err = sb.AddBase(sandbox.BaseSpec{Token: testBase, Collaborators: []string{testApp}})
	must(t, err)
	must(t, sb.AddPerson(sandbox.PersonSpec{OpenID: "ou_zhang", Email: "zhang@example.com", Mobile: "+8613012345678"}))
	keyring, err := secret.ParseKeyring(secret.GenerateKey())
	must(t, err)
	client, err := client.New(client.Options{Keyring: keyring, BaseURL: "http://feishu.test", Transport: inProcess{sb}})
	must(t, err)
	uploader := attachment.NewUploader(attachment.UploaderOptions{Media: client, Digest: client.Digest, AllowRetry: client.AllowRetry})
	people := attachment.NewPeople(client, client.Digest)
	app := feishu.App{ID: testApp, Secret: secret.New(testSecret)}
	b := &bundle{sb: sb, client: client, web: &web{}, target: tool.Target{
		TableRef: feishu.TableRef{App: app, AppToken: testBase, TableID: "tblExample"}, Tenant: client.Digest(app), UserIDType: "open_id",
	}}
	b.Resolver = &Resolver{Fetcher: b.web, Uploader: uploader, People: people}
	t.Cleanup(func() {
		uploader.Close()
		people.Close()
		client.Close()
		must(t, sb.Close())
	})
	return b
}

// plan coerces rows for a table with the columns 标题, 图 and 人.
func plan(t *testing.T, files []bitable.File, rows ...string) *bitable.Plan {
	t.Helper()
	schema := bitable.NewSchema([]feishu.Field{
		{ID: "fldA", Name: "标题", Type: feishu.TypeText, UIType: "Text", Primary: true},
		{ID: "fldB", Name: "图", Type: feishu.TypeAttachment, UIType: "Attachment"},
		{ID: "fldC", Name: "人", Type: feishu.TypeUser, UIType: "User"},
	})
	raw := make([]json.RawMessage, len(rows))
	for i, row := range rows {
		raw[i] = json.RawMessage(row)
	}
	p := schema.Coerce(raw, bitable.Options{
		TimeZone: time.UTC, EmptyValues: bitable.EmptySkip, UnknownFields: bitable.PolicyReject, UnknownOptions: bitable.PolicyCreate,
		UserIDType: "open_id", Files: files,
	})
	if p.ErrorCount() > 0 {
		t.Fatalf("the rows of the test are bad: %+v", p.Errors())
	}
	return p
}

func picture(url string) string { return fmt.Sprintf(`{"标题":"a","图":%q}`, url) }

// attached returns the file_tokens of a good row.
func attached(t *testing.T, row bitable.Row) []string {
	t.Helper()
	var fields struct {
		Files []struct {
			Token string `json:"file_token"`
		} `json:"图"`
	}
	must(t, json.Unmarshal(row.Fields, &fields))
	var tokens []string
	for _, file := range fields.Files {
		tokens = append(tokens, file.Token)
	}
	return tokens
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
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

func (b *bundle) fault(t *testing.T, endpoint string, code int) {
	t.Helper()
	_, err := b.sb.AddFault(sandbox.Fault{Endpoint: endpoint, Action: sandbox.ActionError, Code: code})
	must(t, err)
}

func (b *bundle) wantCalls(t *testing.T, endpoint string, want int) {
	t.Helper()
	if n := b.sb.CallCount(endpoint, ""); n != want {
		t.Errorf("%s was called %d times, want %d", endpoint, n, want)
	}
}
