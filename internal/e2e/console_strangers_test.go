package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// What stands in a request's Authorization header neither signs in nor keeps a session of another passphrase.
func TestConsoleIgnoresAuthorization(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: contents})
	made := h.do(request{path: "/v1/connections", body: `{}`})
	var key struct {
		Key string `json:"connection_key"`
	}
	if err := json.Unmarshal([]byte(made.raw), &key); err != nil || key.Key == "" {
		t.Fatalf("%v %s", err, made.raw)
	}
	for _, bearer := range []string{key.Key, h.secrets.passphrase} {
		v := h.visitor()
		v.header.Set("Authorization", "Bearer "+bearer)
		v.post("/console/sign-in", "/console/sign-in", url.Values{"passphrase": {""}}).has(t, http.StatusForbidden, "Enter the passphrase")
		v.get("/console/requests").has(t, http.StatusOK, "Sign in to the console")
	}
	v := h.visitor()
	v.signIn()
	v.header.Set("Authorization", "Bearer something-else")
	v.get("/console/requests").has(t, http.StatusOK, "Requests")
}

// Strangers fill neither the memory with forms nor the store with contents.
func TestConsoleStrangers(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: contents})
	v := h.visitor()
	form := url.Values{"body": {strings.Repeat("x", 1<<20)}}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range []string{"/console/table/write", "/console/connect"} {
		got := v.do(http.MethodPost, path, form)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/console/sign-in" {
			t.Errorf("%s: %d %q", path, got.status, got.header.Get("Location"))
		}
	}
	v.do(http.MethodPost, "/console/sign-in", form).has(t, http.StatusBadRequest)
	row := `{"fields":{"标题":"` + strings.Repeat("y", 50_000) + `"}}`
	for range 20 {
		h.do(request{body: row, header: map[string]string{"Authorization": "Bearer wrong"}})
	}
	h.stop()
	files, err := filepath.Glob(strings.TrimPrefix(h.settings["ROWGATE_DATABASE_URL"], "sqlite:") + ".requests*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Size() > 200_000 {
			t.Errorf("%s holds what strangers sent: %v %v", file, info.Size(), err)
		}
	}
}

// A form of a replay that is sent twice at once writes once, and one that names another credential is not sent.
func TestConsoleReplayOnce(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: contents})
	v := h.visitor()
	v.signIn()
	v.connect(h.secrets.app)
	written := h.write(`{"fields":{"标题":"first"}}`)
	detail := "/console/requests/" + written.RequestID
	body := fmt.Sprintf(`{"app_token":%q,"table_id":%q,"records":[{"标题":"again"}]}`, baseName, h.table)
	seen := v.get(detail).text
	token, key := tokenField.FindStringSubmatch(seen), keyField.FindStringSubmatch(seen)
	if token == nil || key == nil {
		t.Fatal("the page has no form of a replay")
	}
	var clicks sync.WaitGroup
	for range 3 {
		clicks.Go(func() {
			v.do(http.MethodPost, detail+"/replay", url.Values{"form_token": {token[1]}, "key": {key[1]}, "body": {body}})
		})
	}
	clicks.Wait()
	if rows := h.rows(); len(rows) != 2 {
		t.Errorf("%d rows after one write and one replay", len(rows))
	}
	other := strings.Replace(body, "{", `{"app_id":"cli_other","app_secret":"other",`, 1)
	v.post(detail, detail+"/replay", url.Values{"body": {other}}).has(t, http.StatusBadRequest, "take app_id out")
	if rows := h.rows(); len(rows) != 2 {
		t.Errorf("%d rows after a replay that was refused", len(rows))
	}
}

// A request log that is damaged is renamed: it is no reason not to write rows.
func TestDamagedRequestLog(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: contents})
	h.write(`{"fields":{"标题":"before"}}`)
	h.stop()
	file := strings.TrimPrefix(h.settings["ROWGATE_DATABASE_URL"], "sqlite:") + ".requests"
	if err := os.WriteFile(file, []byte(strings.Repeat("noise", 4000)), 0o600); err != nil {
		t.Fatal(err)
	}
	h.open()
	after := h.write(`{"fields":{"标题":"after"}}`)
	v := h.visitor()
	v.signIn()
	v.get("/console/requests").has(t, http.StatusOK, after.RequestID)
	if aside, err := filepath.Glob(file + ".damaged-*"); err != nil || len(aside) == 0 {
		t.Errorf("the damaged file is gone: %v", err)
	}
}
