package record_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/record"
)

// reading is the reading tools in front of a sandbox.
type reading struct {
	box     *sandbox.Sandbox
	client  *client.Client
	service *record.Service
	apps    atomic.Int64
}

func setupReading(t testing.TB) *reading {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{RatesOff: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	client, err := client.New(client.Options{Keyring: ring, Transport: box.Transport(), BaseURL: "http://sandbox.test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	directory := directory.New(client, client.Digest)
	t.Cleanup(directory.Close)
	authenticator := tenant.NewAuthenticator(tenant.Passphrases{tenant.NewPassphrase("default", secret.New("open"))}, ring)
	t.Cleanup(authenticator.Close)
	return &reading{box: box, client: client, service: &record.Service{
		Access: &tool.Access{Authenticator: authenticator, Directory: directory, Digest: client.Digest},
		Tables: directory, Rows: client,
		Print: func(parts ...[]byte) [32]byte { return ring.MACBytes("test", parts...) },
	}}
}

// stock is one table of an app of its own, so that no other test's calls count against its rate.
type stock struct {
	*reading

	t       testing.TB
	app     string
	base    *sandbox.Base
	tableID string
}

func (r *reading) stock(t testing.TB, spec sandbox.BaseSpec, fields ...sandbox.FieldSpec) *stock {
	t.Helper()
	s := &stock{reading: r, t: t, app: fmt.Sprintf("cli_example%d", r.apps.Add(1))}
	if err := r.box.AddApp(sandbox.AppSpec{ID: s.app, Secret: "right"}); err != nil {
		t.Fatal(err)
	}
	var err error
	spec.Collaborators = []string{s.app}
	if s.base, err = r.box.AddBase(spec); err != nil {
		t.Fatal(err)
	}
	if s.tableID, err = s.base.AddTable("库存", fields...); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stock) add(rows ...map[string]any) []string {
	s.t.Helper()
	ids, err := s.base.AddRows(s.tableID, rows...)
	if err != nil {
		s.t.Fatal(err)
	}
	return ids
}

// call runs a tool on a body of options, given as JSON members.
func call[O any](s *stock, t tool.Tool, options string) (*O, *problem.Error) {
	s.t.Helper()
	connection := fmt.Sprintf(
		`{"passphrase":"open","app_id":%q,"app_secret":"right","app_token":%q,"table_id":%q`,
		s.app,
		s.base.Token(),
		s.tableID,
	)
	if options != "" {
		connection += ","
	}
	request, err := intake.Parse(t.Spec, intake.Input{Body: []byte(connection + options + "}"), ContentType: "application/json"})
	if err != nil {
		s.t.Fatalf("the test's body %s: %v", options, err)
	}
	answer, err := t.Call(s.t.Context(), request)
	if err != nil {
		return nil, problem.From(err)
	}
	out, ok := answer.Body.(*O)
	if !ok || answer.Status != tool.StatusOK {
		s.t.Fatalf("%s answers %d with a %T", t.Name, answer.Status, answer.Body)
	}
	return out, nil
}

func (s *stock) search(options string) (*record.Found, *problem.Error) {
	s.t.Helper()
	return call[record.Found](s, record.Search(s.service), options)
}

// found is the search that has to succeed.
func (s *stock) found(options string) *record.Found {
	s.t.Helper()
	found, err := s.search(options)
	if err != nil {
		s.t.Fatalf("search_records {%s}: %v", options, err)
	}
	return found
}

// column lists what the rows say for a column.
func column(t testing.TB, rows []json.RawMessage, name string) []any {
	t.Helper()
	values := make([]any, 0, len(rows))
	for _, row := range rows {
		var members map[string]any
		if err := json.Unmarshal(row, &members); err != nil {
			t.Fatalf("row %s: %v", row, err)
		}
		values = append(values, members[name])
	}
	return values
}

// calls counts the calls of an endpoint that the app has made.
func (s *stock) calls(endpoint string) int { return s.box.CallCount(endpoint, s.app) }

// rename changes a column's name behind the service's back.
func (s *stock) rename(from, to string) {
	s.t.Helper()
	ref := feishu.TableRef{App: feishu.App{ID: s.app, Secret: secret.New("right")}, AppToken: s.base.Token(), TableID: s.tableID}
	fields, err := s.client.ListFields(s.t.Context(), ref)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, field := range fields {
		if field.Name != from {
			continue
		}
		api, params, _ := feishu.Match("PUT", "/bitable/v1/apps/"+ref.AppToken+"/tables/"+ref.TableID+"/fields/"+field.ID)
		body := fmt.Sprintf(`{"field_name":%q,"type":%d}`, to, field.Type)
		if err := s.client.Do(s.t.Context(), ref.App, feishu.Call{API: api, Params: params, Body: []byte(body)}); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	s.t.Fatalf("no column %q", from)
}
