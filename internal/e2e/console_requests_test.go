package e2e_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// contents keeps what requests hold.
var contents = map[string]string{"ROWGATE_CONSOLE_CONTENTS": "true"}

func TestConsoleRequests(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: contents})
	v := h.visitor()
	v.signIn()
	v.get("/console/requests").has(t, http.StatusOK, "No requests yet")
	written := h.write(`{"fields":{"标题":"canary row","播放量":"1,200"}}`)
	refused := h.write(`{"fields":{"播放量":"many"}}`)
	unread := h.write(`{"fields":{"播放量":`)
	v.get("/console/requests").
		has(t, http.StatusOK, written.RequestID, refused.RequestID, unread.RequestID, "invalid_rows", "bad_body", h.table)
	v.get("/console/activity").has(t, http.StatusOK, "Requests a minute", "<rect", "bad_body", "Writes waiting or under way")
	t.Run("filters stand in the address", func(t *testing.T) {
		got := v.get("/console/requests?code=invalid_rows").text
		if !strings.Contains(got, refused.RequestID) || strings.Contains(got, written.RequestID) {
			t.Error("code=invalid_rows shows others, or not its own")
		}
		v.get("/console/requests?tool=get_job").has(t, http.StatusOK, "No request matches")
		if got := v.get("/console/requests?q=" + refused.RequestID); got.path != "/console/requests/"+refused.RequestID {
			t.Errorf("the search leads to %s", got.path)
		}
	})
	detail := "/console/requests/" + written.RequestID
	t.Run("without the credential there are no contents and no replay", func(t *testing.T) {
		got := v.get(detail)
		got.has(t, http.StatusOK, "number_text", "HTTP 200", "first connect a table with the credential")
		if strings.Contains(got.text, "canary row") || strings.Contains(got.text, "1,200") {
			t.Error("it shows a value")
		}
		v.post(detail, detail+"/replay", url.Values{"body": {`{"fields":{"标题":"x"}}`}})
		if rows := h.rows(); len(rows) != 1 {
			t.Errorf("it was replayed: %v", rows)
		}
	})
	t.Run("with it both are there, and a replay is a new request", func(t *testing.T) {
		v.connect(h.secrets.app)
		v.get(detail).has(t, http.StatusOK, "canary row", `"1,200"`, "--data-raw", `"created": 1`)
		v.post(detail, detail+"/replay", url.Values{"body": {"{"}}).has(t, http.StatusBadRequest, "not complete JSON")
		body, err := json.Marshal(map[string]any{
			"app_token": baseName, "table_id": h.table, "records": []any{map[string]any{"标题": "edited"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := v.post(detail, detail+"/replay", url.Values{"body": {string(body)}})
		got.has(t, http.StatusOK, "This is a replay with a new key", written.RequestID, "edited")
		if !strings.HasPrefix(got.path, "/console/requests/req_") || got.path == detail {
			t.Errorf("stands at %s", got.path)
		}
		if rows := h.rows(); len(rows) != 2 || rows[1]["标题"] != "edited" {
			t.Errorf("the table holds %v", rows)
		}
	})
	t.Run("no secret and no value is in a log or in clear in a file", func(t *testing.T) {
		h.stop()
		files, err := filepath.Glob(filepath.Dir(strings.TrimPrefix(h.settings["ROWGATE_DATABASE_URL"], "sqlite:")) + "/*")
		if err != nil || len(files) < 2 {
			t.Fatal(files, err)
		}
		for _, hidden := range append(h.secrets.all(), "canary row") {
			if strings.Contains(h.logs.String(), hidden) {
				t.Errorf("the log shows %q", hidden)
			}
			for _, file := range files {
				if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), hidden) {
					t.Errorf("%s shows %q (%v)", filepath.Base(file), hidden, err)
				}
			}
		}
		h.open()
		again := h.visitor()
		again.signIn()
		again.get("/console/requests").has(t, http.StatusOK, written.RequestID)
		again.connect(h.secrets.app)
		again.get(detail).has(t, http.StatusOK, "canary row")
	})
}

// A session sees the requests of its own passphrase; another passphrase's are not there, whatever credential the session has.
func TestConsoleIsolation(t *testing.T) {
	t.Parallel()
	const otherPassphrase = "another-passphrase"
	h := setup(t, options{settings: contents})
	h.stop()
	h.settings["ROWGATE_PASSPHRASE"] += ",other:" + otherPassphrase
	h.open()
	mine := h.write(`{"fields":{"标题":"mine"}}`)
	theirs := h.do(request{body: `{"fields":{"标题":"theirs"}}`, header: map[string]string{"Authorization": "Bearer " + otherPassphrase}})
	v := h.visitor()
	v.signIn()
	v.connect(h.secrets.app) // the same credential
	got := v.get("/console/requests")
	got.has(t, http.StatusOK, mine.RequestID)
	if strings.Contains(got.text, theirs.RequestID) {
		t.Error("another passphrase's request is listed")
	}
	v.get("/console/requests/"+theirs.RequestID).has(t, http.StatusNotFound, "belong to another passphrase")
	replay := v.post("/console/requests", "/console/requests/"+theirs.RequestID+"/replay", url.Values{"body": {"{}"}})
	replay.has(t, http.StatusNotFound)
	if len(h.rows()) != 2 {
		t.Error("another passphrase's request was replayed")
	}
	t.Run("a credential that is wrong opens nothing", func(t *testing.T) {
		stranger := h.visitor()
		stranger.signIn()
		stranger.connect(h.secrets.app + "x")
		if got := stranger.get("/console/requests/" + mine.RequestID); strings.Contains(got.text, `"mine"`) {
			t.Error("the contents are shown")
		}
	})
	t.Run("the other passphrase sees its own", func(t *testing.T) {
		other := h.visitor()
		other.post("/console/sign-in", "/console/sign-in", url.Values{"passphrase": {otherPassphrase}})
		other.get("/console/requests").has(t, http.StatusOK, theirs.RequestID)
	})
}

// Without ROWGATE_CONSOLE_CONTENTS nothing of a request is kept.
func TestConsoleWithoutContents(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	written := h.write(`{"fields":{"标题":"canary row"}}`)
	v := h.visitor()
	v.signIn()
	v.connect(h.secrets.app)
	got := v.get("/console/requests/" + written.RequestID)
	got.has(t, http.StatusOK, "Contents are not kept")
	if strings.Contains(got.text, "canary row") || strings.Contains(got.text, "/replay") {
		t.Error("contents are shown, or a replay is offered")
	}
}

// The stream counts what came since the page was made; the page decides what to do with it.
func TestConsoleLive(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	v := h.visitor()
	v.signIn()
	page := v.get("/console/requests")
	_, rest, found := strings.Cut(page.text, `data-live="`)
	if !found {
		t.Fatal("no stream is named")
	}
	path, _, _ := strings.Cut(rest, `"`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.app.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := v.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("%d %s", response.StatusCode, kind)
	}
	for range 3 {
		h.write(`{"fields":{"标题":"x"}}`)
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if lines.Text() == "data: 3" {
			break
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	h.stop() // ends the stream
	for lines.Scan() {
	}
}
